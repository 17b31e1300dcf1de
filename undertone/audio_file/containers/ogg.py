"""The pages of an Ogg file: where a chained stream ends, and whether its end was ever written (RFC 3533)."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from undertone.audio_file.containers import marks
from undertone.audio_file.containers.window import Window

_MOST_PAGES = 1 << 18
_MOST_LOSSES = 64  # a file of broken headers must not keep us busy
_FIRST, _LAST = 0x02, 0x04  # flags of a page


class Page(NamedTuple):
    """One page, [start, end) in bytes; `flags` as in its header."""

    start: int
    end: int
    flags: int


def pages(window: Window, start: int = 0) -> Iterator[Page]:
    """Yield the pages from `start` on; the last may be the beginning of something else that follows, as a first page.

    Where no page follows a page, its header is not believed: its rest was cut off, or something stands between.
    """
    losses = 0
    for _ in range(_MOST_PAGES):
        header = window.at(start, 27 + 255)
        if not header.startswith(b"OggS"):
            if start < window.size:
                yield Page(start, start, _FIRST)
            return
        lacing = header[27 : 27 + header[26]] if len(header) > 26 else b""
        end = start + 27 + len(lacing) + sum(lacing)
        yield Page(start, end, header[5] if len(header) > 5 else 0)
        if end != window.size and window.at(end, 4) != b"OggS":
            losses += 1
            end = marks.following(window, start + 4, marks.ANY_OR_PAGE)
        if losses > _MOST_LOSSES:
            return
        start = end


def end_of(window: Window, start: int) -> int:
    """Return where the stream that begins at `start` ends: where pages of a new one begin, or the file ends."""
    begun = False
    for page in pages(window, start):
        if begun and page.flags & _FIRST:
            return page.start
        begun = begun or not page.flags & _FIRST
    return window.size


def is_whole(window: Window) -> bool:
    """Whether the last page is there to its last byte and says that it is the last."""
    last = next(iter(deque(pages(window), maxlen=1)), None)
    return last is not None and last.end <= window.size and bool(last.flags & _LAST)
