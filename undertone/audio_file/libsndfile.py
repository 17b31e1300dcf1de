"""Streams that libsndfile decodes: PCM in all its containers, FLAC, Ogg; not MP3, whose length it only estimates."""

from collections.abc import Iterator

import soundfile

from undertone.audio_file.containers import chunks, ogg
from undertone.audio_file.containers.window import Window
from undertone.audio_file.errors import NotAudioError, StreamBrokenError
from undertone.audio_file.sound import BLOCK_S, BLOCK_VALUES, Sound

_UNKNOWN_FRAMES = (1 << 63) - 1  # what libsndfile says of a FLAC that was streamed into its file
_FLOATS = ("FLOAT", "DOUBLE")


class SndfileStream:
    """One stream; `claimed_s` is what its header says, None where that is nothing."""

    def __init__(self, window: Window) -> None:
        """Open the stream.

        Raises:
            NotAudioError: libsndfile does not know it, or only its MP3 decoder does.
        """
        self._header = chunks.mended(window)
        self._window = window.patched(self._header.patches)
        self._file = _opened(self._window)
        self._lacks_pages = self._window.at(0, 4) == b"OggS" and not ogg.is_whole(self._window)
        self._known = self._file.frames != _UNKNOWN_FRAMES and not self._lacks_pages
        self.is_mended = bool(self._header.patches) and not self._header.is_cut
        self.is_float = self._file.subtype in _FLOATS
        self.claimed_s = self._file.frames / self._file.samplerate if self._known else None

    def sounds(self) -> Iterator[Sound]:
        """Yield the stream in order.

        Raises:
            StreamBrokenError: it ends too early.
        """
        frames = min(BLOCK_S * self._file.samplerate, BLOCK_VALUES // self._file.channels)
        heard = 0
        try:
            while len(block := self._file.read(frames, dtype="float32", always_2d=True)):
                heard += len(block)
                yield Sound(self._file.samplerate, block)
        except soundfile.LibsndfileError as error:
            raise StreamBrokenError(error.error_string, lost=True) from None
        if self._header.is_cut:
            raise StreamBrokenError("the file is shorter than it says")
        if self._lacks_pages:
            raise StreamBrokenError("its last page is missing", lost=True)
        if self._known and heard < self._file.frames:
            raise StreamBrokenError("the decoder found fewer samples than the header says", lost=True)

    def close(self) -> None:
        """Let go of libsndfile's memory."""
        self._file.close()


def _opened(window: Window) -> soundfile.SoundFile:
    window.seek(0)
    try:
        file = soundfile.SoundFile(window, mode="r")
    except soundfile.LibsndfileError as error:
        raise NotAudioError(error.error_string) from None
    if file.format in ("MP3", "MPEG") or file.subtype.startswith("MPEG"):
        file.close()
        raise NotAudioError("MP3")
    return file
