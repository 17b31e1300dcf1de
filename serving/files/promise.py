"""What the first bytes of an upload say of its length, so that one that is too long is refused before it has come.

A header may be wrong (undertone/audio_file/containers/chunks.py), so it is believed only of an upload that is large
enough for so much sound; every other is counted when it is there.
"""

import asyncio
import re
from contextlib import closing
from pathlib import PurePath
from tempfile import TemporaryFile

from serving.settings import ServerLimits
from undertone.audio_file import AudioFileError
from undertone.audio_file.containers.window import Window
from undertone.audio_file.opening import opened

HEAD_BYTES = 65_536
LEAST_BYTES_PER_S = 250  # 2 kbit/s: no codec gets by with less
_NAME_CHARACTERS = 80
_AS_LARGE_AS_ANY = 1 << 32
_TELL_ANYWAY = (b"RIFF", b"fLaC")  # others tell a length by their size, which may not be known
_TELLS_AT_ITS_END = b"OggS"
_OF_A_FORM = re.compile(rb'filename="([^"\r\n]*)"[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n')


class Promise:
    """The length that the head of one upload promises; of `size` bytes, 0 where the client does not say so."""

    def __init__(self, size: int, limits: ServerLimits, is_form: bool) -> None:
        self._size, self._limits, self._is_form = size, limits, is_form
        self._head: bytes | None = b""
        self._claimed_s, self._name = 0.0, "the upload"

    async def broken(self, piece: bytes, taken: int) -> str | None:
        """Return why the recording is not taken, as far as is known once `taken` bytes came, `piece` the last."""
        if self._head is not None:
            self._head += piece
            if len(self._head) < HEAD_BYTES:
                return None
            head, self._head = self._without_form(self._head), None
            self._claimed_s = await asyncio.to_thread(claimed_s, head, self._size)
        most_s = self._limits.max_file_s
        if self._claimed_s <= most_s or max(self._size, taken) < LEAST_BYTES_PER_S * most_s:
            return None
        return f"{self._name}: it says that it lasts {self._claimed_s:.0f} s; {most_s:g} s are allowed"

    def _without_form(self, head: bytes) -> bytes:
        if not self._is_form:
            return head
        if not (found := _OF_A_FORM.search(head)):
            return b""
        self._name = file_name(found[1].decode("utf-8", "replace"))
        return head[found.end() :]


def file_name(sent: str | None) -> str:
    """Return how a recording is called in messages, of the name that came with it, if any."""
    return PurePath(sent or "").name[:_NAME_CHARACTERS] or "the upload"


def claimed_s(head: bytes, size: int) -> float:
    """Return the seconds of sound that the first bytes of a recording promise, 0 where they promise none.

    It has `size` bytes, 0 where that is not known; for a thread.
    """
    if head.startswith(_TELLS_AT_ITS_END) or not (size or head.startswith(_TELL_ANYWAY)):
        return 0.0
    with TemporaryFile() as file:
        file.write(head)
        file.truncate(size or _AS_LARGE_AS_ANY)  # a hole, as long as what is still to come
        return _claimed_s(Window(file, 0, size or _AS_LARGE_AS_ANY))


def _claimed_s(window: Window) -> float:
    try:
        stream = opened(window)
    except AudioFileError:
        return 0.0
    with closing(stream):
        return 0.0 if stream.is_mended else stream.claimed_s or 0.0
