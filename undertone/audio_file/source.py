"""Where audio comes from, as a program names it: a file, or samples in memory with their rate."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertone.audio import Samples
from undertone.audio_file.arrays import from_array
from undertone.audio_file.reading import blocks


def blocks_of(source: str | Path | NDArray[Any], rate_hz: int | None = None) -> Iterator[Samples]:
    """Return a file, or samples at `rate_hz`, in pieces of about a second, (samples,) int16 at 16 kHz.

    Raises:
        ValueError: samples without a rate, or a file with one.
        undertone.audio_file.AudioFileError: as the pieces are taken, see there.
    """
    if isinstance(source, np.ndarray):
        if rate_hz is None:
            raise ValueError("samples need their rate_hz")
        return from_array(source, rate_hz)
    if rate_hz is not None:
        raise ValueError("rate_hz is for samples; a file has its own")
    return blocks(Path(source))
