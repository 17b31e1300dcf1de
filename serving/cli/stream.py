"""`undertone stream`: sends audio files to a server, one session each, and shows what comes back."""

import argparse
import asyncio
import math
import os
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the command line starts without loading the audio and network libraries
    from serving.cli.views.view import View
    from undertone.client.summary import Summary
    from undertone.client.timing import Event, Pace

_MAX_CHUNK_MS = 32_000  # under the 1 MiB of one frame


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "stream",
        help="stream audio files to a server and show what it hears",
        description="Streams each file through a session of its own, in the order given, and shows the events live.",
        epilog="The summary counts the first mood from the sample at which speech starts, and a final from the sample "
        "at which it ends. What was done to a file is said on stderr. Exit code 0: every file was heard to its end, if "
        "need be with a mended header or level, and its session closed in order; 1: one was not, or ends early, or is "
        "damaged.",
    )
    parser.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="any audio file that libsndfile or PyAV reads"
    )
    parser.add_argument("--url", default="ws://127.0.0.1:8000/ws/analyze", help="the server (default: %(default)s)")
    parser.add_argument("--speed", type=speed, default=1.0, help="times real time, or max (default: 1)")
    parser.add_argument("--chunk-ms", type=chunk_ms, default=32, help="length of a frame (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of the table")
    session = parser.add_argument_group("settings of the session (default: the server's)")
    session.add_argument("--endpoint-silence-ms", type=int, help="silence that ends an utterance")
    session.add_argument("--max-utterance-ms", type=int, help="longest utterance")
    session.add_argument("--mood-interval-ms", type=int, help="time between two moods")
    session.add_argument("--partials", action=argparse.BooleanOptionalAction, help="send words while they are spoken")
    session.add_argument("--alpha", type=alpha, help="weight of the words, 0 to 1, or adaptive")
    session.add_argument("--language", help="spoken language, such as en")
    session.add_argument("--redact-text", action=argparse.BooleanOptionalAction, help="finals without the words")
    parser.set_defaults(run=run)


def speed(text: str) -> float:
    """Read --speed: a number above 0, or max."""
    value = math.inf if text == "max" else float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text}: must be max or a number above 0")
    return value


def chunk_ms(text: str) -> int:
    """Read --chunk-ms."""
    if not 1 <= int(text) <= _MAX_CHUNK_MS:
        raise argparse.ArgumentTypeError(f"{text}: must lie between 1 and {_MAX_CHUNK_MS}")
    return int(text)


def alpha(text: str) -> float | str:
    """Read --alpha: a number, or adaptive."""
    return text if text == "adaptive" else float(text)


def chosen_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what the command line says for `session.update`.

    Raises:
        SystemExit: a value that every server refuses.
    """
    from undertone.stream.settings import SessionSettings, SettingError

    given = {name: getattr(arguments, name) for name in SessionSettings.model_fields}
    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        SessionSettings().updated(chosen)
    except SettingError as error:
        raise SystemExit(f"undertone stream: {error}") from None
    return chosen


def run(arguments: argparse.Namespace) -> int:
    """Stream the files; return 0 only if all went well, 130 after Ctrl-C."""
    settings = chosen_settings(arguments)

    from serving.cli.views.live_table import LiveTable
    from serving.cli.views.view import JsonLines, View
    from undertone.client.timing import Pace

    view: View = JsonLines(sys.stdout) if arguments.json else LiveTable(sys.stdout)
    pace = Pace(arguments.chunk_ms, arguments.speed)
    try:
        summaries = asyncio.run(stream_files(arguments.files, view, arguments.url, pace, settings))
    except KeyboardInterrupt:
        _complain("stopped")
        return 130
    except BrokenPipeError:  # the reader of our output went away; Python must not complain at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0 if all_well(summaries, arguments.files) else 1


def all_well(summaries: Sequence["Summary"], files: Sequence[Path]) -> bool:
    """Tell whether each of `files` was streamed and its session closed in order."""
    return len(summaries) == len(files) and all(summary.ok for summary in summaries)


async def stream_files(
    files: Sequence[Path], view: "View", url: str, pace: "Pace", settings: Mapping[str, Any] | None = None
) -> list["Summary"]:
    """Stream `files` in order, each through its own session; what goes wrong is told on stderr, and the next goes on.

    Returns a summary for each file; fewer where the server could not be reached, which ends the run.
    """
    from undertone.audio_file import AudioFileError
    from undertone.client.connection import ServerUnreachableError, StreamError
    from undertone.client.stream import stream
    from undertone.client.summary import Summary

    summaries: list[Summary] = []
    for file in files:
        summary = Summary(str(file))
        try:
            await _stream_file(file, summary, view, partial(stream, url=url, pace=pace, settings=settings))
        except ServerUnreachableError as error:
            _complain(str(error))
            break
        except (AudioFileError, StreamError) as error:
            summary.failure = str(error)
            _complain(summary.failure if isinstance(error, AudioFileError) else f"{file}: {error}")
        summaries.append(summary)
    return summaries


async def _stream_file(
    file: Path, summary: "Summary", view: "View", talk: "Callable[..., AsyncGenerator[Event, None]]"
) -> None:
    from undertone.audio_file import Note, blocks
    from undertone.client.connection import explain

    notes: list[Note] = []
    audio = blocks(file, notes)
    first = next(audio)  # a file that cannot be read costs no session
    view.begin(summary.file)
    async with aclosing(talk(summary.counted(chain([first], audio)))) as events:
        async for event in events:
            summary.add(event)
            view.event(summary.file, event)
            if event.type == "error" and not event.message.get("fatal"):
                _complain(f"{file}: {explain(event.message)}")
    view.end(summary)
    for note in notes:
        _complain(f"{file}: {note.message}")
    summary.failure = next((note.message for note in notes if note.is_loss), None)


def _complain(message: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(f"undertone stream: {message}\n")
    sys.stderr.flush()
