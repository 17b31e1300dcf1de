"""One stretch of sound becomes what the wire carries: mixed to one channel, resampled, int16."""

import numpy as np
import soxr

from undertone.audio import RATE_HZ, Samples, to_int16
from undertone.audio_file.channels import Mixer
from undertone.audio_file.sound import Block, Sound, kind_of


class WireForm:
    """Takes the blocks of a stretch of one rate and one number of channels."""

    def __init__(self, first: Sound) -> None:
        self._kind = kind_of(first)
        self._mixer = Mixer(first.rate_hz)
        self._resampler = soxr.ResampleStream(first.rate_hz, RATE_HZ, 1, dtype="float32")

    def takes(self, sound: Sound) -> bool:
        """Whether `sound` is of the same stretch."""
        return kind_of(sound) == self._kind

    def take(self, block: Block) -> Samples:
        """Return what is ready after the next block (frames, channels)."""
        return to_int16(self._resampler.resample_chunk(self._mixer.mixed(block)))

    def end(self) -> Samples:
        """Return the rest."""
        return to_int16(self._resampler.resample_chunk(np.zeros(0, np.float32), last=True))
