"""Why an audio file cannot be read.

AudioFileError             the message names the file and says what is wrong with it
├── NotAudioError          nobody here knows what it is
├── EmptyAudioError        it holds no samples
├── DamagedAudioError      nothing of it can be decoded, or it holds samples that are not finite numbers
└── AudioTooLongError      it goes on for longer than the reader allows
StreamBrokenError          inside this room: a stream cannot be read on; what precedes was yielded
"""


class AudioFileError(ValueError):
    """An audio file cannot be read; the message names it and says why, `code` is for programs."""

    code = "unreadable_audio"


class NotAudioError(AudioFileError):
    """It is no audio, or of a kind that neither libsndfile nor PyAV can read."""

    code = "not_audio"


class EmptyAudioError(AudioFileError):
    """It is audio without a sample."""

    code = "empty_audio"


class DamagedAudioError(AudioFileError):
    """Nothing of it can be decoded, or it holds samples that are not finite numbers."""

    code = "damaged_audio"


class AudioTooLongError(AudioFileError):
    """It is longer than `max_s`."""

    code = "audio_too_long"


class StreamBrokenError(Exception):
    """A stream ends before its end, for the reason in the message; all that this decoder could read was yielded.

    `lost` True: the decoder lost its way in what is there; another one may find it again.
    """

    def __init__(self, reason: str, lost: bool = False) -> None:
        super().__init__(reason)
        self.lost = lost
