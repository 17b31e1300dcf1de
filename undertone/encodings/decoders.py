"""One decoder for each encoding, behind one seam: bytes in as they come, samples at 16 kHz out.

decoder = decoder_for("pcm_mulaw", channels=1)
for samples in decoder.take(data):      # (n, channels) int16, at most about a second each
    ...
for samples in decoder.end():
    ...
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np

from undertone.audio import RATE_HZ, Samples
from undertone.audio_file.sound import Block, Sound
from undertone.audio_file.wire import WireForm
from undertone.encodings.forms import Encoding


class DecodingError(ValueError):
    """What came is not what was announced, or is broken; the message says so to the client."""


class Decoder(ABC):
    """Of one stream; not for several threads at once."""

    @property
    def lost_s(self) -> float:
        """How many seconds are missing in the midst of what came so far."""
        return 0.0

    @abstractmethod
    def take(self, data: bytes) -> Iterator[Samples]:
        """Yield what `data`, whole units, brings about: (n, channels) int16 at 16 kHz.

        Raises:
            DecodingError: it cannot be decoded, and nothing after it.
        """

    def end(self) -> Iterator[Samples]:
        """Yield the rest; raises `DecodingError` likewise."""
        yield from ()

    def close(self) -> None:  # noqa: B027  # most hold nothing
        """Let go of everything; harmless a second time."""


class Pcm(Decoder):
    """What needs no decoding: channels side by side."""

    def __init__(self, channels: int) -> None:
        self._channels = channels

    def take(self, data: bytes) -> Iterator[Samples]:
        """See `Decoder`."""
        samples = np.frombuffer(data, "<i2").astype(np.int16, copy=False).reshape(-1, self._channels)
        for start in range(0, len(samples), RATE_HZ):
            yield samples[start : start + RATE_HZ]


class OnTheWire:
    """Blocks at any rate become (n, channels) at 16 kHz: mixed where one channel is wanted, else each by itself."""

    def __init__(self, rate_hz: int, channels: int, first: Block) -> None:
        if channels > 1 and first.shape[1] != channels:
            raise DecodingError(f"the audio has {first.shape[1]} channel, the session has channels {channels}")
        self._parts = [slice(None)] if channels == 1 else [slice(one, one + 1) for one in range(channels)]
        self._forms = [WireForm(Sound(rate_hz, first[:, part])) for part in self._parts]

    def take(self, block: Block) -> Samples:
        """Return what is ready after the next block (frames, channels) in [-1, 1]."""
        ready = [form.take(block[:, part]) for form, part in zip(self._forms, self._parts, strict=True)]
        return np.stack(ready, axis=1)

    def end(self) -> Samples:
        """Return the rest."""
        return np.stack([form.end() for form in self._forms], axis=1)


def decoder_for(encoding: Encoding, channels: int = 1) -> Decoder:
    """Return a decoder of a stream in `encoding` to so many channels."""
    if encoding == "pcm_s16le":
        return Pcm(channels)
    if encoding in ("pcm_mulaw", "pcm_alaw"):
        from undertone.encodings.telephone import Telephone  # PyAV is a second of every start

        return Telephone(encoding, channels)
    from undertone.encodings.opus import Opus

    return Opus(encoding, channels)
