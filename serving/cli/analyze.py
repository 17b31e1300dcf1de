"""`undertone analyze`: the utterances of recordings and their verdicts, without a server.

Nothing of LitServe is imported here: it runs where only the library is installed.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.cli.failures import FAILED, WELL, complain
from serving.cli.options.parser import USAGE, exit_codes
from serving.cli.options.release import add_release
from serving.cli.recordings import Recording, recordings

if TYPE_CHECKING:  # the command line starts without loading models and audio libraries
    from serving.cli.views.verdict_views import VerdictView
    from undertone.audio import Samples
    from undertone.release import Release

_CODES = {
    WELL: "every recording was heard",
    FAILED: "one could not be read, ends early or is damaged; it is named on standard error, the others are heard",
    USAGE: "wrong arguments, or no release",
}
_complain = partial(complain, "undertone analyze")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "analyze",
        help="say how the speakers of recordings feel, without a server",
        description="Hears each recording and says of every utterance what a server says in its final. Folders are "
        "searched for audio files; what is hidden is left out.",
        epilog=exit_codes(_CODES),
    )
    places_help = "what libsndfile or PyAV reads; - is a recording on standard input"
    parser.add_argument("places", type=Path, nargs="+", metavar="FILE|FOLDER", help=places_help)
    add_release(parser)
    parser.add_argument("--no-words", dest="words", action="store_false", help="judge by the voice alone")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, a final as on the wire")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Hear the recordings one after the other and show what each came to; return the exit code."""
    from serving.cli.views.verdict_views import view_on
    from undertone.manifest import ReleaseError
    from undertone.release import open_release

    try:
        release = open_release(arguments.release)
    except ReleaseError as refused:
        _complain(f"cannot use {arguments.release}: {refused}")
        return USAGE
    found, nothing = recordings(arguments.places, _complain)
    failed = heard(release, found, arguments.words, view_on(sys.stdout, arguments.json))
    return FAILED if failed or nothing else WELL


def heard(release: "Release", found: Sequence[Recording], words: bool, view: "VerdictView") -> int:
    """Show the finals of each recording; name those that cannot be read, and return how many they are."""
    from undertone import offline
    from undertone.audio_file import AudioFileError, Note

    failed = 0
    with progress_over(found) as progress:
        for recording in found:
            stream = release.stream(words=words, **offline.UNHEARD)
            notes: list[Note] = []
            try:
                finals = list(offline.finals(stream, counted(recording.blocks(notes), progress)))
            except AudioFileError as broken:
                failed += 1
                _complain(str(broken))
                continue
            view.show(recording.name, finals)
            for note in notes:
                _complain(f"{recording.name}: {note.message}")
            failed += any(note.is_loss for note in notes)
    return failed


def counted(pieces: "Iterator[Samples]", progress: Any) -> "Iterator[Samples]":
    """Pass `pieces` of 16 kHz on and move the bar by their seconds, once they are heard."""
    from undertone.audio import RATE_HZ

    for piece in pieces:
        yield piece
        if progress is not None:
            progress.advance(progress.task_ids[0], len(piece) / RATE_HZ)


def progress_over(found: Sequence[Recording]) -> AbstractContextManager[Any]:
    """Return a bar over the seconds of `found` on standard error; where that is no terminal, nothing (None)."""
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.completed:.0f}/{task.total:.0f} s"), BarColumn(), TimeRemainingColumn())
    progress = Progress(*columns, console=Console(stderr=True), transient=True)
    progress.add_task("heard", total=sum(recording.duration_s() for recording in found))
    return progress
