"""`undertone analyze`: the utterances of recordings and their verdicts, without a server.

Nothing of LitServe is imported here: it runs where only the library is installed.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.cli.release_option import add_release

if TYPE_CHECKING:  # the command line starts without loading models and audio libraries
    from serving.cli.views.verdict_views import VerdictView
    from undertone.audio import Samples
    from undertone.release import Release

WELL, SOME_FAILED, USAGE, STOPPED = 0, 1, 2, 130


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "analyze",
        help="say how the speakers of recordings feel, without a server",
        description="Hears each recording and says of every utterance what a server says in its final. Folders are "
        "searched for audio files; what is hidden is left out.",
        epilog="Exit code 0: every recording was heard; 1: some could not be read (each is named on standard error, "
        "the others are heard); 2: wrong arguments, or no release.",
    )
    parser.add_argument("places", type=Path, nargs="+", metavar="FILE|FOLDER", help="what libsndfile reads")
    add_release(parser)
    parser.add_argument("--no-words", dest="words", action="store_false", help="judge by the voice alone")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, a final as on the wire")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Hear the recordings; return the exit code."""
    try:
        return analyze(arguments)
    except KeyboardInterrupt:
        complain("stopped")
        return STOPPED
    except BrokenPipeError:  # the reader of our output went away; Python must not complain at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SOME_FAILED


def analyze(arguments: argparse.Namespace) -> int:
    """Hear the recordings one after the other and show what each came to."""
    from serving.cli.views.verdict_views import view_on
    from undertone import offline
    from undertone.manifest import ReleaseError
    from undertone.release import open_release

    try:
        release = open_release(arguments.release)
    except ReleaseError as refused:
        complain(f"cannot use {arguments.release}: {refused}")
        return USAGE
    found = {place: offline.audio_files(place) for place in arguments.places}
    empty = [place for place, files in found.items() if not files]
    for place in empty:
        complain(f"{place}: no audio files in this folder")
    files = [file for inside in found.values() for file in inside]
    failed = heard(release, files, arguments.words, view_on(sys.stdout, arguments.json))
    return SOME_FAILED if failed or empty else WELL


def heard(release: "Release", files: Sequence[Path], words: bool, view: "VerdictView") -> int:
    """Show the finals of each of `files`; name those that cannot be read, and return how many they are."""
    from undertone import offline
    from undertone.audio_file import AudioFileError, Note, blocks

    failed = 0
    with progress_over(files) as progress:
        for file in files:
            stream = release.stream(words=words, **offline.UNHEARD)
            notes: list[Note] = []
            try:
                finals = list(offline.finals(stream, counted(blocks(file, notes), progress)))
            except AudioFileError as broken:
                failed += 1
                complain(str(broken))
                continue
            view.show(str(file), finals)
            for note in notes:
                complain(f"{file}: {note.message}")
            failed += any(note.is_loss for note in notes)
    return failed


def counted(pieces: "Iterator[Samples]", progress: Any) -> "Iterator[Samples]":
    """Pass `pieces` of 16 kHz on and move the bar by their seconds, once they are heard."""
    from undertone.audio import RATE_HZ

    for piece in pieces:
        yield piece
        if progress is not None:
            progress.advance(progress.task_ids[0], len(piece) / RATE_HZ)


def progress_over(files: Sequence[Path]) -> AbstractContextManager[Any]:
    """Return a bar over the seconds of `files` on standard error; where that is no terminal, nothing (None)."""
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from undertone.audio_file import duration_s

    columns = (TextColumn("{task.completed:.0f}/{task.total:.0f} s"), BarColumn(), TimeRemainingColumn())
    progress = Progress(*columns, console=Console(stderr=True), transient=True)
    progress.add_task("heard", total=sum(map(duration_s, files)))
    return progress


def complain(message: str) -> None:
    """Tell on standard error, after what was shown before."""
    sys.stdout.flush()
    sys.stderr.write(f"undertone analyze: {message}\n")
    sys.stderr.flush()
