"""Where the streams of a file begin and end: `cat a.mp3 b.mp3` is one file of two streams.

A stream ends where another one announces itself by its mark (marks.py). Ogg pages are walked instead (ogg.py), since
what they carry may hold such marks; WebM ends at its own mark only, and tags are no marks within chunks.
"""

from collections.abc import Iterator

from undertone.audio_file.containers import marks, ogg
from undertone.audio_file.containers.window import Window

MOST_PARTS = 1000  # a file of marks alone must not keep us busy
_MOST_TAGS = 16


def parts(whole: Window) -> Iterator[Window]:
    """Yield the streams of the file `whole` in order; a file that is none of ours is one."""
    start, count = 0, 1
    while start < whole.size or count == 1:
        start = _after_tags(whole, start)
        end = whole.size if count == MOST_PARTS else _end(whole, start)
        if start < end or count == 1:
            yield whole.part(start, end)
        start, count = end, count + 1


def _after_tags(whole: Window, start: int) -> int:
    for _ in range(_MOST_TAGS):
        if not marks.ID3.match(tag := whole.at(start, 10)):
            break
        size = sum(byte << shift for byte, shift in zip(tag[6:], (21, 14, 7, 0), strict=True))
        start = min(whole.size, start + 10 + size + 10 * bool(tag[5] & 0x10))
    return start


def _end(whole: Window, start: int) -> int:
    begins = whole.at(start, marks.LONGEST_BYTES)
    if begins.startswith(b"OggS"):
        return ogg.end_of(whole, start)
    if marks.WEBM.match(begins):
        return marks.following(whole, start + 8, marks.WEBM)
    return marks.following(whole, start + 8, marks.CONTAINER if marks.CHUNKED.match(begins) else marks.ANY)
