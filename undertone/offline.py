"""Recordings without a server: the audio files of folders, and the finals of one of them.

undertone/release.py opens the release that they are heard with; `undertone analyze` is this on the command line.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from undertone.audio import Samples
from undertone.corpora.recording import files_in
from undertone.stream.analysis import Stream
from undertone.stream.events import Final

_SUFFIXES = "3gp aac aif aifc aiff amr au caf flac m4a mka mkv mov mp3 mp4 oga ogg opus rf64 snd w64 wav wave webm"
SUFFIXES = frozenset(f".{suffix}" for suffix in _SUFFIXES.split())
UNHEARD = {"mood_interval_ms": 2000}  # nobody hears the moods


def audio_files(place: Path) -> list[Path]:
    """Return the audio files under a folder, by their suffix, sorted, what is hidden left out; of a file itself."""
    return files_in(place, SUFFIXES) if place.is_dir() else [place]


def finals(stream: Stream, pieces: Iterable[Samples]) -> Iterator[Final]:
    """Feed `pieces` to `stream`, finish it, and yield each final as it is known."""
    for piece in pieces:
        yield from (event for event in stream.feed(piece) if isinstance(event, Final))
    yield from (event for event in stream.finish() if isinstance(event, Final))
