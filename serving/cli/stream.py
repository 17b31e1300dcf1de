"""`undertone stream`: sends recordings to a server, one session each, and shows what comes back."""

import argparse
import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from serving.cli.failures import FAILED, WELL, complain
from serving.cli.options.parser import exit_codes
from serving.cli.options.session import add_sending, add_server, add_session, chosen_settings
from serving.cli.options.shown import add_shown, chosen_view
from serving.cli.recordings import Recording, recordings

if TYPE_CHECKING:  # the command line starts without loading the audio and network libraries
    from serving.cli.views.view import View
    from undertone.client.patience import Patience
    from undertone.client.summary import Summary
    from undertone.client.timing import Event

    Talk = Callable[..., AsyncGenerator[Event, None]]  # of blocks, as `undertone.client.stream.stream`

_CODES = {
    WELL: "every recording was heard to its end, if need be with a mended header or level, and its session closed in "
    "order",
    FAILED: "one was not, or ends early or is damaged, or no server answers; standard error says what",
}
_complain = partial(complain, "undertone stream")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "stream",
        help="stream recordings to a server and show what it hears",
        description="Streams each recording through a session of its own, in the order given, and shows the events "
        "live. Folders are searched for audio files; what is hidden is left out.",
        epilog="The summary counts the first mood from the sample at which speech starts, and a final from the sample "
        "at which it ends. What was done to a recording is said on standard error.\n\n" + exit_codes(_CODES),
    )
    files_help = "what libsndfile or PyAV reads; - is a recording on standard input, of a format with a header"
    parser.add_argument("places", type=Path, nargs="+", metavar="FILE|FOLDER", help=files_help)
    add_server(parser)
    add_sending(parser)
    add_shown(parser)
    add_session(parser)
    parser.set_defaults(run=run, parser=parser)


def run(arguments: argparse.Namespace) -> int:
    """Stream the recordings; return 0 only if all went well."""
    from undertone.stream.settings import SettingError

    try:
        settings = chosen_settings(arguments)
    except SettingError as refused:
        arguments.parser.error(str(refused))

    from undertone.client.stream import stream
    from undertone.client.timing import Pace

    server = {"url": arguments.url, "api_key": arguments.api_key}
    talk = partial(stream, **server, pace=Pace(arguments.chunk_ms, arguments.speed), settings=settings)
    found, nothing = recordings(arguments.places, _complain)
    summaries = asyncio.run(stream_recordings(found, chosen_view(arguments), talk, arguments.wait))
    return FAILED if nothing or not all_well(summaries, len(found)) else WELL


def all_well(summaries: Sequence["Summary"], count: int) -> bool:
    """Tell whether each of `count` recordings was streamed and its session closed in order."""
    return len(summaries) == count and all(summary.ok for summary in summaries)


async def stream_recordings(
    found: Sequence[Recording], view: "View", talk: "Talk", wait_s: float = 0.0
) -> list["Summary"]:
    """Stream `found` in order, each through its own session; what goes wrong is told on stderr, and the next goes on.

    A server that refuses a session and says when to come again is waited for, up to `wait_s` for each recording.
    Returns a summary for each recording; fewer where the server could not be reached, which ends the run.
    """
    from undertone.audio_file import AudioFileError
    from undertone.client.connection import ServerUnreachableError, StreamError
    from undertone.client.summary import Summary

    summaries: list[Summary] = []
    for recording in found:
        summary = Summary(recording.name)
        try:
            summary = await _stream_patiently(recording, view, talk, wait_s)
        except ServerUnreachableError as error:
            _complain(str(error))
            break
        except (AudioFileError, StreamError) as error:
            summary.failure = str(error)
            _complain(summary.failure if isinstance(error, AudioFileError) else f"{recording.name}: {error}")
        summaries.append(summary)
    return summaries


class _ComeAgainError(Exception):
    """The server had no room; `delay_s` is for how long to wait."""

    def __init__(self, told: str, delay_s: float) -> None:
        super().__init__(f"{told}; waiting {delay_s:.3g} s")
        self.delay_s = delay_s


async def _stream_patiently(recording: Recording, view: "View", talk: "Talk", wait_s: float) -> "Summary":
    from undertone.client.patience import Patience

    patience = Patience(wait_s)
    while True:
        try:
            return await _stream(recording, view, talk, patience)
        except _ComeAgainError as later:
            _complain(f"{recording.name}: {later}")
            delay_s = later.delay_s
        await asyncio.sleep(delay_s)


async def _stream(recording: Recording, view: "View", talk: "Talk", patience: "Patience") -> "Summary":
    from undertone.audio_file import Note
    from undertone.client.connection import explain
    from undertone.client.summary import Summary

    summary, notes, begun = Summary(recording.name), list[Note](), False
    audio = recording.blocks(notes)
    first = next(audio)  # a recording that cannot be read costs no session
    async with aclosing(talk(summary.counted(chain([first], audio)))) as events:
        async for event in _admitted(events, patience):
            if not begun:
                view.begin(summary.file)
            begun = True
            summary.add(event)
            view.event(summary.file, event)
            if event.type == "error" and not event.message.get("fatal"):
                _complain(f"{summary.file}: {explain(event.message)}")
    view.end(summary)
    for note in notes:
        _complain(f"{summary.file}: {note.message}")
    summary.failure = next((note.message for note in notes if note.is_loss), None)
    return summary


async def _admitted(events: "AsyncGenerator[Event, None]", patience: "Patience") -> "AsyncGenerator[Event, None]":
    """Pass `events` on; raise instead of the first one where it is a refusal that is worth coming again for."""
    from undertone.client.connection import explain

    is_first = True
    async for event in events:
        if is_first and event.type == "error" and event.message.get("fatal"):
            delay_s = patience.delay_s(event.message.get("retry_after_s"))
            if delay_s is not None:
                raise _ComeAgainError(explain(event.message), delay_s)
        is_first = False
        yield event
