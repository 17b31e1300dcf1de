"""Any recording as 16 kHz mono int16, the only form of audio on the wire; what had to be done to it is said in notes.

read(path), blocks(path)     a file, whole or in pieces
decoded(source, name, ...)   the same of an open file descriptor
from_array(samples, rate_hz) the same of samples in memory
blocks_of(source, rate_hz)   the same of either
Note                         what was done to a recording, or what is missing from it

A file is one stream or several that were joined (containers/parts.py); each is read by libsndfile or, where that does
not know it, by PyAV, whose libraries are loaded only then. Nothing here hears speech or knows of sessions.
"""

from undertone.audio_file.arrays import from_array
from undertone.audio_file.errors import (
    AudioFileError,
    AudioTooLongError,
    DamagedAudioError,
    EmptyAudioError,
    NotAudioError,
)
from undertone.audio_file.notes import AudioFileWarning, Note
from undertone.audio_file.reading import blocks, decoded, duration_s, read
from undertone.audio_file.source import blocks_of

__all__ = [
    "AudioFileError",
    "AudioFileWarning",
    "AudioTooLongError",
    "DamagedAudioError",
    "EmptyAudioError",
    "NotAudioError",
    "Note",
    "blocks",
    "blocks_of",
    "decoded",
    "duration_s",
    "from_array",
    "read",
]
