"""What a client sends as audio, in the encoding of its session, as the 16-bit samples that a session hears."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

from serving.service import Service
from undertone.audio import RATE_HZ, Samples
from undertone.encodings.decoders import Decoder, decoder_for
from undertone.encodings.forms import Encoding, Form, form_of
from undertone.stream.settings import SessionSettings


class AudioInput:
    """Of one session, its channels side by side; `form` is how its bytes are counted, known better once some of them
    were decoded.
    """

    def __init__(self, service: Service) -> None:
        self._threads = service.live_threads
        self._encoding: Encoding = "pcm_s16le"
        self._channels = 1
        self._decoder: Decoder | None = None
        self._taken_bytes = self._decoded_samples = 0
        self.form = Form()

    def configure(self, settings: SessionSettings) -> None:
        """Take what comes next as `settings` say; only before the first of it."""
        self._encoding, self._channels = settings.encoding, settings.channels
        self.form = form_of(self._encoding, self._channels)

    @property
    def notes(self) -> list[dict[str, Any]]:
        """What is missing of what came, as `notes` of `session.closed`."""
        lost_s = self._decoder.lost_s if self._decoder else 0.0
        told = {"code": "damaged", "message": f"{lost_s:.1f} s of the stream are missing in between"}
        return [told] if lost_s else []

    @property
    def is_begun(self) -> bool:
        """Whether anything came."""
        return self._taken_bytes > 0

    async def samples(self, data: bytes) -> AsyncIterator[bytes]:
        """Yield what `data`, whole units, brings about, int16 little-endian, a second at most where it was decoded.

        Raises:
            undertone.encodings.decoders.DecodingError: it cannot be decoded, and nothing after it.
        """
        self._taken_bytes += len(data)
        if self._encoding == "pcm_s16le":
            yield data
            return
        if self._decoder is None:
            made = await self._threads.run(decoder_for, self._encoding, self._channels)
            self._decoder = made
        decoder = self._decoder
        assert decoder is not None
        async for piece in self._each(decoder.take(data)):
            yield piece
        if self.form.is_packed and self._decoded_samples >= RATE_HZ:
            self.form = replace(self.form, bytes_per_s=self._taken_bytes * RATE_HZ / self._decoded_samples)

    async def rest(self) -> AsyncIterator[bytes]:
        """Yield what the decoder still has: there is no more."""
        if self._decoder:
            async for piece in self._each(self._decoder.end()):
                yield piece

    def close(self) -> None:
        """Let go of the decoder."""
        if self._decoder:
            self._decoder.close()

    async def _each(self, made: Iterator[Samples]) -> AsyncIterator[bytes]:
        while (samples := await self._threads.run(next, made, None)) is not None:
            self._decoded_samples += len(samples)
            if len(samples):
                yield samples.astype("<i2").tobytes()
