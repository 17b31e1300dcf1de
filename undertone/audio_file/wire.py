"""One stretch of sound becomes what the wire carries: mixed to one channel, resampled, int16."""

import numpy as np
import soxr
from numpy.typing import NDArray

from undertone.audio_file.channels import Mixer
from undertone.audio_file.sound import Block, Sound, kind_of

SAMPLE_RATE_HZ = 16_000

Samples = NDArray[np.int16]


class WireForm:
    """Takes the blocks of a stretch of one rate and one number of channels."""

    def __init__(self, first: Sound) -> None:
        self._kind = kind_of(first)
        self._mixer = Mixer(first.rate_hz)
        self._resampler = soxr.ResampleStream(first.rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32")

    def takes(self, sound: Sound) -> bool:
        """Whether `sound` is of the same stretch."""
        return kind_of(sound) == self._kind

    def take(self, block: Block) -> Samples:
        """Return what is ready after the next block (frames, channels)."""
        return _int16(self._resampler.resample_chunk(self._mixer.mixed(block)))

    def end(self) -> Samples:
        """Return the rest."""
        return _int16(self._resampler.resample_chunk(np.zeros(0, np.float32), last=True))


def _int16(block: Block) -> Samples:
    return np.minimum(np.rint(np.clip(block, -1, 1) * 32768), 32767).astype(np.int16)
