"""Opus in Ogg or WebM, as browsers and telephones record it, decoded while it comes.

FFmpeg reads a container when it likes and waits where nothing is there, so it has a thread of its own for each stream.
The two hand over to each other and never work at the same time: what is taken gives the same samples whatever its
pieces, and nothing is decoded ahead of who asks, however much sound a few bytes may hold.
"""

import queue
import threading
from collections.abc import Iterator

import av
import numpy as np
from av.error import FFmpegError, InvalidDataError

from undertone.audio import Samples
from undertone.audio_file.pyav import block_of
from undertone.audio_file.sound import Block
from undertone.encodings.decoders import Decoder, DecodingError, OnTheWire
from undertone.encodings.forms import Encoding

MOST_SILENT_BYTES = 1 << 20  # without any sound: no stream has so much between two sounds
_CONTAINERS = {"ogg_opus": ("ogg", "Ogg", b"OggS"), "webm_opus": ("matroska", "WebM", b"\x1a\x45\xdf\xa3")}
_OPTIONS = {"analyzeduration": "0", "probesize": "32", "protocol_whitelist": "none"}
_BUFFER_BYTES = 4096
_LOOK_S = 0.2
_LEAST_GAP_S = 0.5  # an encoder that is silent between words (DTX) leaves 0.4 s at most


class _Closed(Exception):
    """Nobody wants the rest."""


class Opus(Decoder):
    """One stream, decoded in a thread that begins with its first bytes."""

    def __init__(self, encoding: Encoding, channels: int) -> None:
        self._format, self._name, self._magic = _CONTAINERS[encoding]
        self._channels = channels
        self._wire: OnTheWire | None = None
        self._begun, self._unheard_bytes = b"", 0
        self._pipe: _Pipe | None = None

    def take(self, data: bytes) -> Iterator[Samples]:
        """See `Decoder`."""
        if self._pipe is None:
            self._begun += data
            if not self._is_recognised():
                return
            data, self._pipe = self._begun, _Pipe(self._format, self._name)
        self._unheard_bytes += len(data)
        yield from self._on_the_wire(self._pipe.blocks_of(data))
        if self._unheard_bytes > MOST_SILENT_BYTES:
            raise DecodingError(f"{self._unheard_bytes} bytes of {self._name} without any sound")

    def end(self) -> Iterator[Samples]:
        """See `Decoder`."""
        if self._pipe:
            yield from self._on_the_wire(self._pipe.blocks_of(b""))
        if self._wire:
            yield self._wire.end()

    def close(self) -> None:
        """See `Decoder`."""
        if self._pipe:
            self._pipe.close()

    @property
    def lost_s(self) -> float:
        """See `Decoder`."""
        return self._pipe.lost_s if self._pipe else 0.0

    def _is_recognised(self) -> bool:
        known = min(len(self._begun), len(self._magic))
        if self._begun[:known] != self._magic[:known]:
            raise DecodingError(f"this is no {self._name}: it begins with {self._begun[:4].hex(' ')}")
        return known == len(self._magic)

    def _on_the_wire(self, blocks: Iterator[tuple[int, Block]]) -> Iterator[Samples]:
        for rate_hz, block in blocks:
            self._unheard_bytes = 0
            self._wire = self._wire or OnTheWire(rate_hz, self._channels, block)
            yield self._wire.take(block)


class _Pipe:
    """FFmpeg in its thread: reads what is handed to it, hands back blocks, None when it wants more or is done."""

    def __init__(self, container: str, name: str) -> None:
        self._format, self._name = container, name
        self._fed: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._made: queue.Queue[tuple[int, Block] | DecodingError | None] = queue.Queue(maxsize=1)
        self._held: list[Block] = []
        self._rate_hz, self._unread = 0, b""
        self._is_fed = self._is_ended = self._is_closed = False
        self.lost_s = 0.0
        self._thread = threading.Thread(target=self._work, name="opus", daemon=True)
        self._thread.start()

    def blocks_of(self, data: bytes) -> Iterator[tuple[int, Block]]:
        """Yield the rate and the blocks (frames, channels) that `data` brings about; b"" is the end."""
        if self._is_ended:
            if data:
                raise DecodingError(f"more bytes came after the end of the {self._name} stream")
            return
        self._fed.put(data)
        while made := self._made.get():
            if isinstance(made, DecodingError):
                self._is_ended = True
                raise made
            yield made

    def close(self) -> None:
        """Let the thread end."""
        self._is_closed = True
        self._fed.put(b"")

    # The rest runs in the thread.

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes as FFmpeg wants them, b"" at the end; wait where none are there."""
        if not (self._unread or self._is_ended):
            self._flush()
            if self._is_fed:
                self._hand(None)
            self._unread, self._is_fed = self._fed.get(), True
            self._is_ended = not self._unread
        piece, self._unread = self._unread[:size], self._unread[size:]
        return piece

    def _work(self) -> None:
        last: DecodingError | None = None
        try:
            with av.open(self, "r", format=self._format, options=_OPTIONS, buffer_size=_BUFFER_BYTES) as container:
                self._decode(container)
        except _Closed:
            return
        except DecodingError as wrong:
            last = wrong
        except (FFmpegError, ValueError) as error:
            last = DecodingError(f"the {self._name} cannot be decoded: {getattr(error, 'strerror', error)}")
        self._is_ended = True
        try:
            self._flush()
            self._hand(last)
        except _Closed:
            return

    def _decode(self, container: av.container.InputContainer) -> None:
        stream = next(iter(container.streams.audio), None)
        found = stream.codec_context.name if stream and stream.codec_context else "no sound"
        if stream is None or "opus" not in found:
            raise DecodingError(f"the {self._name} holds {found}, not Opus")
        expected_s = None
        for packet in container.demux(stream):
            expected_s = self._followed(packet, expected_s)
            try:
                frames = packet.decode()
            except InvalidDataError:  # a packet that was harmed on its way costs itself
                continue
            for frame in frames:
                self._hold(frame.sample_rate, block_of(frame))

    def _followed(self, packet: av.Packet, expected_s: float | None) -> float | None:
        """Count what is missing before `packet`, by its time; return when the next one is to begin."""
        if packet.pts is None or packet.time_base is None:
            return expected_s
        begins_s, lasts_s = (float(ticks * packet.time_base) for ticks in (packet.pts, packet.duration or 0))
        missing_s = 0.0 if expected_s is None else begins_s - expected_s
        self.lost_s += missing_s if missing_s > _LEAST_GAP_S else 0.0
        return begins_s + lasts_s

    def _hold(self, rate_hz: int, block: Block) -> None:
        self._rate_hz = rate_hz
        self._held.append(block)
        if sum(map(len, self._held)) >= rate_hz:
            self._flush()

    def _flush(self) -> None:
        if self._held:
            block, self._held = np.concatenate(self._held), []
            self._hand((self._rate_hz, block))

    def _hand(self, item: tuple[int, Block] | DecodingError | None) -> None:
        while not self._is_closed:
            try:
                self._made.put(item, timeout=_LOOK_S)
            except queue.Full:
                continue
            return
        raise _Closed
