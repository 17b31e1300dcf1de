"""Recordings without a server: the audio files of folders, and the finals of one of them.

undertone/release.py opens the release that they are heard with; `undertone analyze` is this on the command line.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from undertone.audio import Samples
from undertone.stream.analysis import Stream
from undertone.stream.events import Final

_SUFFIXES = "3gp aac aif aifc aiff amr au caf flac m4a mka mkv mov mp3 mp4 oga ogg opus rf64 snd w64 wav wave webm"
SUFFIXES = frozenset(f".{suffix}" for suffix in _SUFFIXES.split())
UNHEARD = {"mood_interval_ms": 2000}  # nobody hears the moods


def audio_files(place: Path) -> list[Path]:
    """Return the audio files under a folder, by their suffix, sorted, what is hidden left out; of a file itself."""
    if not place.is_dir():
        return [place]
    inside = (path for path in sorted(place.rglob("*")) if path.suffix.lower() in SUFFIXES and path.is_file())
    return [path for path in inside if not any(part.startswith(".") for part in path.relative_to(place).parts)]


def finals(stream: Stream, pieces: Iterable[Samples]) -> Iterator[Final]:
    """Feed `pieces` to `stream`, finish it, and yield each final as it is known."""
    for piece in pieces:
        yield from (event for event in stream.feed(piece) if isinstance(event, Final))
    yield from (event for event in stream.finish() if isinstance(event, Final))
