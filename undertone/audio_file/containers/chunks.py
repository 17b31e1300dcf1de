"""The sizes in the headers of PCM files: WAV, RF64, AIFF, Wave64, CAF and AU, and what to do where they are wrong.

A recorder writes the size of its samples when it ends. One that crashed, or that wrote into a pipe, left a 0, a size
of long ago or a placeholder there; a file that was cut off has fewer samples than the size says.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from undertone.audio_file.containers.window import Window

_MOST_CHUNKS = 10_000
_PLACEHOLDER = 0x7FFF_0000  # sizes that programs write which do not know better: sox, arecord, ffmpeg
_STALE_BYTES = 4096  # less than this behind the samples is no audio


class _Form(NamedTuple):
    head: int
    id_bytes: int
    size_bytes: int
    order: Literal["little", "big"]
    samples: bytes
    samples_head: int = 0  # of the bytes that the size counts, those before the samples
    own: int = 0  # bytes of id and size, where the size counts them too
    align: int = 2


_FORMS = {
    b"RIFF": _Form(12, 4, 4, "little", b"data"),
    b"RIFX": _Form(12, 4, 4, "big", b"data"),
    b"RF64": _Form(12, 4, 4, "little", b"data"),
    b"FORM": _Form(12, 4, 4, "big", b"SSND", samples_head=8),
    b"riff": _Form(40, 16, 8, "little", b"data", own=24, align=8),
    b"caff": _Form(8, 4, 8, "big", b"data", align=1),
    b".snd": _Form(4, 4, 4, "big", b"", align=1),
}


@dataclass
class Header:
    """What is wrong with a header: what to put in place of its bytes, and whether the file ends too early."""

    patches: dict[int, bytes]
    is_cut: bool = False


class _Chunk(NamedTuple):
    id: bytes
    size_at: int
    size: int
    start: int


def mended(window: Window) -> Header:
    """Return the header of `window` that tells the truth about its samples; other files are left as they are."""
    form = _FORMS.get(window.at(0, 4))
    if form is None:
        return Header({})
    if form.samples == b"":
        return _mended_au(window)
    long_size: _Chunk | None = None
    for chunk in _chunks(window, form, form.head):
        if chunk.id == b"ds64":
            long_size = _Chunk(b"data", chunk.start + 8, _number(window, chunk.start + 8, 8, "little"), 0)
        if chunk.id[:4] == form.samples:
            if long_size and chunk.size == 0xFFFF_FFFF:
                found = _Chunk(chunk.id, long_size.size_at, long_size.size, chunk.start)
                return _judged(window, form._replace(size_bytes=8), found)
            return _judged(window, form, chunk)
    return Header({})


def _chunks(window: Window, form: _Form, start: int) -> Iterator[_Chunk]:
    for _ in range(_MOST_CHUNKS):
        name = window.at(start, form.id_bytes)
        size_at = start + form.id_bytes
        if len(window.at(start, form.id_bytes + form.size_bytes)) < form.id_bytes + form.size_bytes:
            return
        size = max(0, _number(window, size_at, form.size_bytes, form.order) - form.own)
        yield _Chunk(name, size_at, size, size_at + form.size_bytes)
        start = size_at + form.size_bytes + size + -size % form.align


def _number(window: Window, position: int, size: int, order: Literal["little", "big"]) -> int:
    return int.from_bytes(window.at(position, size), order)


def _judged(window: Window, form: _Form, chunk: _Chunk) -> Header:
    there = window.size - chunk.start
    size = min(there + form.own, (1 << 8 * form.size_bytes) - 1)
    patches = {chunk.size_at: size.to_bytes(form.size_bytes, form.order)}
    if chunk.size > there:
        unknown = chunk.size >= _PLACEHOLDER and (form.size_bytes == 4 or chunk.size >= 1 << 62)
        return Header(patches, is_cut=not unknown)
    if there - chunk.size > form.samples_head and _goes_on(window, form, chunk):
        return Header(patches)
    return Header({})


def _goes_on(window: Window, form: _Form, chunk: _Chunk) -> bool:
    """Whether samples follow behind the size: what follows is no chunks, and more than a few bytes of something."""
    end = chunk.start + chunk.size
    rest = window.size - end
    nothing_yet = chunk.size <= form.samples_head
    if any(_are_chunks(window, form, start) for start in {end, end + -chunk.size % form.align}):
        return False
    return nothing_yet or (rest >= _STALE_BYTES and any(window.at(end, _STALE_BYTES)))


def _are_chunks(window: Window, form: _Form, start: int) -> bool:
    end = start
    for chunk in _chunks(window, form, start):
        if not all(32 <= byte < 127 for byte in chunk.id[:4]):
            return False
        end = chunk.start + chunk.size
    return start < end <= window.size + 1 and window.size - end < form.id_bytes + form.size_bytes


def _mended_au(window: Window) -> Header:
    start, size = _number(window, 4, 4, "big"), _number(window, 8, 4, "big")
    there = window.size - start
    if size == 0 < there:
        return Header({8: b"\xff\xff\xff\xff"})
    return Header({}, is_cut=there < size < _PLACEHOLDER)
