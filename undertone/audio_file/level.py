"""Float samples that are no fractions of full scale: recordings whose numbers are those of integers.

>>> scale_of(Levels(peak=0.9, nonzero=1000, beyond=0))
1.0
>>> scale_of(Levels(peak=12000.0, nonzero=1000, beyond=990))
32768.0
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_INTEGER_PEAK = 8.0  # 18 dB over full scale: no mix is as hot as that
_SCALES = (32_768.0, 8_388_608.0, 2_147_483_648.0)


@dataclass
class Levels:
    """Of a whole recording: the largest absolute sample, how many are not 0, and how many are beyond full scale."""

    peak: float = 0.0
    nonzero: int = 0
    beyond: int = 0


def levels_of(blocks: Iterable[NDArray[np.float32]]) -> Levels:
    """Measure `blocks`; samples that are no finite numbers are passed over."""
    levels = Levels()
    for block in blocks:
        sizes = np.abs(block[np.isfinite(block)])
        levels.peak = max(levels.peak, float(sizes.max(initial=0)))
        levels.nonzero += int(np.count_nonzero(sizes))
        levels.beyond += int(np.count_nonzero(sizes > 1))
    return levels


def scale_of(levels: Levels) -> float:
    """Return what full scale is: 1, or that of 16, 24 or 32 bit integers where most samples are beyond 1.

    A few samples beyond it, however large, are faults and not a scale.
    """
    if levels.peak <= _INTEGER_PEAK or levels.beyond < levels.nonzero / 2:
        return 1.0
    return next((scale for scale in _SCALES if levels.peak <= scale), _SCALES[-1])
