"""What decoders give: a stretch of sound with its rate, and the seam that both decoders stand behind."""

from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from undertone.audio_file.errors import StreamBrokenError

BLOCK_S = 1
BLOCK_VALUES = 1 << 22  # of all channels: a block of a strange file must not fill the memory

Block = NDArray[np.float32]


class Sound(NamedTuple):
    """A block (frames, channels) in [-1, 1]; rate and channels may change from one to the next.

    `gap` says why something before it could not be decoded.
    """

    rate_hz: int
    block: Block
    gap: str | None = None


class Stream(Protocol):
    """One stream of a file, opened.

    `claimed_s` is the length that its header claims, None where it claims none; `is_mended` says that its header was
    wrong about the length and had to be mended; `is_float` that its samples are floats as they were written.
    """

    claimed_s: float | None
    is_mended: bool
    is_float: bool

    def sounds(self) -> Iterator[Sound]:
        """Yield the stream; raises `StreamBrokenError` at the end of one that is not whole."""

    def close(self) -> None:
        """Let go of the decoder."""


def in_blocks(sounds: Iterator[Sound]) -> Iterator[Sound]:
    """Join short `sounds` to blocks of about a second, also those before an exception."""
    held: list[Sound] = []
    frames = 0
    try:
        for sound in sounds:
            if held and (sound.gap or kind_of(held[0]) != kind_of(sound) or frames >= _full(held[0])):
                yield _joined(held)
                held, frames = [], 0
            held.append(sound)
            frames += len(sound.block)
    except StreamBrokenError:
        if held:
            yield _joined(held)
        raise
    if held:
        yield _joined(held)


def all_there(sounds: Iterator[Sound]) -> Iterator[Sound]:
    """Yield `sounds`; that they end too early is no error here."""
    with suppress(StreamBrokenError):
        yield from sounds


def without_first(frames: int, sounds: Iterator[Sound]) -> Iterator[Sound]:
    """Yield `sounds` without their first `frames`."""
    for sound in sounds:
        if len(sound.block) > frames:
            yield sound._replace(block=sound.block[frames:])
        frames = max(0, frames - len(sound.block))


def kind_of(sound: Sound) -> tuple[int, int]:
    """Return its rate in Hz and its number of channels: sounds of one kind may be joined."""
    return sound.rate_hz, sound.block.shape[1]


def _full(sound: Sound) -> int:
    return min(BLOCK_S * sound.rate_hz, BLOCK_VALUES // sound.block.shape[1])


def _joined(sounds: list[Sound]) -> Sound:
    return sounds[0]._replace(block=np.concatenate([sound.block for sound in sounds]))
