"""Which decoder opens a stream: libsndfile where it knows it, PyAV for the rest, loaded only then."""

from undertone.audio_file.containers import mpeg, ogg
from undertone.audio_file.containers.window import Window
from undertone.audio_file.errors import DamagedAudioError, NotAudioError
from undertone.audio_file.libsndfile import SndfileStream
from undertone.audio_file.sound import Stream


def opened(window: Window) -> Stream:
    """Return the stream in `window`, opened by libsndfile, or by PyAV where that does not know it.

    Raises:
        NotAudioError: neither does.
        DamagedAudioError: it is known and nothing of it can be decoded.
    """
    try:
        if mpeg.frame_bytes(window.at(0, 4)):
            raise NotAudioError("MPEG")
        return SndfileStream(window)
    except NotAudioError as error:
        from undertone.audio_file.pyav import PyavStream

        try:
            return PyavStream(window)
        except NotAudioError as other:
            if window.at(0, 4) == b"OggS" and not ogg.is_whole(window):
                raise DamagedAudioError("cut off before its first sound") from None
            raise NotAudioError(f"not audio that libsndfile can read ({error}), nor PyAV ({other})") from None
