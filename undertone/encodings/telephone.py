"""G.711, the bytes of a telephone line: mu-law and A-law, 8 kHz, one byte for each sample of each channel."""

from collections.abc import Iterator

import numpy as np
from av import AudioCodecContext, Packet

from undertone.audio import Samples
from undertone.audio_file.pyav import block_of
from undertone.audio_file.sound import Block
from undertone.encodings.decoders import Decoder, OnTheWire
from undertone.encodings.forms import TELEPHONE_HZ, Encoding


class Telephone(Decoder):
    """Any byte is a sample, so that nothing of it is ever wrong."""

    def __init__(self, encoding: Encoding, channels: int) -> None:
        context = AudioCodecContext.create(encoding, "r")
        assert isinstance(context, AudioCodecContext)
        self._context, self._channels = context, channels
        self._context.sample_rate, self._context.layout = TELEPHONE_HZ, "mono"  # channels lie side by side: our matter
        self._wire = OnTheWire(TELEPHONE_HZ, channels, np.zeros((1, channels), np.float32))

    def take(self, data: bytes) -> Iterator[Samples]:
        """See `Decoder`."""
        second = TELEPHONE_HZ * self._channels
        for start in range(0, len(data), second):
            yield self._wire.take(self._decoded(data[start : start + second]))

    def end(self) -> Iterator[Samples]:
        """See `Decoder`."""
        yield self._wire.end()

    def _decoded(self, data: bytes) -> Block:
        return np.concatenate([block_of(frame) for frame in self._context.decode(Packet(data))]).reshape(
            -1, self._channels
        )
