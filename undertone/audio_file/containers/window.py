"""A stretch of a file that looks like a file of its own, with some of its bytes replaced; what decoders are given."""

import io
import os
from collections.abc import Mapping
from typing import IO


class Window(io.RawIOBase):
    """The bytes [start, end) of `file`, which must be seekable; reads of several windows may alternate.

    `patches` maps positions within the window to the bytes that stand there instead.
    """

    def __init__(self, file: IO[bytes], start: int, end: int, patches: Mapping[int, bytes] | None = None) -> None:
        super().__init__()
        self._file, self._start, self._end = file, start, end
        self._patches = dict(patches or {})
        self._position = 0

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return self._end - self._start

    def part(self, start: int, end: int) -> "Window":
        """Return the bytes [start, end) of this window, without its patches."""
        return Window(self._file, self._start + start, self._start + end)

    def patched(self, patches: Mapping[int, bytes]) -> "Window":
        """Return the same stretch with `patches`."""
        return Window(self._file, self._start, self._end, patches)

    def at(self, position: int, size: int) -> bytes:
        """Return up to `size` bytes from `position` on, fewer at the end."""
        position = min(position, self.size)
        self._file.seek(self._start + position)
        data = bytearray(self._file.read(min(size, self.size - position)))
        for place, content in self._patches.items():
            first, last = max(place, position), min(place + len(content), position + len(data))
            if first < last:
                data[first - position : last - position] = content[first - place : last - place]
        return bytes(data)

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to `offset` from the start, the position or the end of the window."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        """Return the position in the window."""
        return self._position

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]  # WriteableBuffer is not importable
        """Fill `buffer` from the position on; 0 at the end."""
        data = self.at(self._position, len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
