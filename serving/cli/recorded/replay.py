"""`undertone replay`: hears recorded sessions again and tells whether they come to the same, to the bit."""

import argparse
import json
import sys
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.cli.failures import FAILED, WELL, complain
from serving.cli.options.parser import USAGE, Parser, exit_codes
from serving.cli.options.release import add_release

if TYPE_CHECKING:  # the command line starts without loading models
    from undertone.recorded.recording import Found, Recording
    from undertone.recorded.store import Store
    from undertone.release import Release

_CODES = {
    WELL: "all of them told the same again",
    FAILED: "one told something else, cannot be read, or was heard with another release or recogniser",
    USAGE: "wrong arguments, no store or no release",
}
_MOST_SHOWN = 5
_complain = partial(complain, "undertone replay")


class _OtherModelsError(Exception):
    """A session was heard with other models than there are here."""


def register(subparsers: "argparse._SubParsersAction[Parser]") -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "replay",
        help="hear recorded sessions again and compare",
        description="Hears each session of a store of recordings again, with the release and the recogniser that it "
        "was heard with, and compares what it tells: to the bit, but for latencies, partials and provisional verdicts, "
        "which clocks decide. Another kind of processor may round otherwise.",
        epilog=exit_codes(_CODES),
    )
    parser.add_argument("record", metavar="DIR|URL", help="the store, as `undertone serve --record` has it")
    parser.add_argument("--session", action="append", metavar="ID", help="this one only; may be given again")
    add_release(parser)
    parser.add_argument("--asr-model", metavar="FOLDER", help="where the model is, if it was a folder elsewhere")
    any_help = "with whatever release and recogniser there are, to see what they change"
    parser.add_argument("--any-models", action="store_true", help=any_help)
    parser.add_argument("--json", action="store_true", help="one JSON object a line, with every difference")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Hear one session after the other and show what each came to; return the exit code."""
    from undertone.manifest import ReleaseError
    from undertone.recorded.recording import recordings_in
    from undertone.recorded.store import Store, StoreError

    try:
        store = Store(arguments.record)
        chosen = [one for one in recordings_in(store) if one.session in (arguments.session or [one.session])]
        if missing := set(arguments.session or ()) - {one.session for one in chosen}:
            _complain(f"{store.url} has no session {', '.join(sorted(missing))}")
            return USAGE
        opened = cache(partial(_opened, arguments.release))
        same = [_replayed(one, store, opened, arguments) for one in chosen]
    except (StoreError, ReleaseError) as refused:
        _complain(str(refused))
        return USAGE
    if not same:
        _complain(f"{store.url} has no recordings")
    return WELL if all(same) and same else FAILED


def _replayed(
    found: "Found", store: "Store", opened: "Callable[[str | None], Release]", arguments: argparse.Namespace
) -> bool:
    from undertone.recorded.recording import RecordingError

    if found.recording is None:
        _complain(str(found.fault))
        return False
    try:
        release = _models_of(found.recording, opened, arguments)
        found_different = _differences(found.recording, store, release)
    except (RecordingError, _OtherModelsError) as error:
        _complain(str(error))
        return False
    _show(found.recording, found_different, arguments.json)
    return not found_different


def _models_of(
    recording: "Recording", opened: "Callable[[str | None], Release]", arguments: argparse.Namespace
) -> "Release":
    """Return the release with the recogniser of `recording`; raises `_OtherModelsError` where they are others."""
    from undertone.manifest import MANIFEST_NAME, describe

    asr = recording.head["recogniser"]
    if asr and arguments.asr_model:
        asr = {**asr, "model": arguments.asr_model}
    release = opened(json.dumps(asr) if asr else None)
    told, here = recording.head["release"], describe(arguments.release / MANIFEST_NAME).sha256
    if told["manifest_sha256"] != here and not arguments.any_models:
        what = f"was heard with release {told['version']} ({told['manifest_sha256'][:12]})"
        raise _OtherModelsError(f"{recording.session} {what}, {arguments.release} is another: see --release")
    if recording.head["asr"]["engine"] != "none":
        _check_recogniser(recording, release.reader.description, arguments.any_models)
    return release


def _check_recogniser(recording: "Recording", here: dict[str, Any], any_models: bool) -> None:
    told = recording.head["asr"]
    if any_models or all(told.get(name) == here.get(name) for name in ("engine", "sha256")):
        return
    names = [f"{one['engine']} {one.get('model')} ({str(one.get('sha256'))[:12]})" for one in (told, here)]
    raise _OtherModelsError(f"{recording.session}: words came from {names[0]}, here there is {names[1]}")


def _differences(recording: "Recording", store: "Store", release: "Release") -> list[str]:
    from serving.cli.recorded.comparison import differences
    from serving.sessions.wire import message_of
    from undertone.recorded.recording import stream_of
    from undertone.recorded.replay import Replay

    events = Replay(release, recording).events(stream_of(store, recording))
    return differences(recording.messages, map(message_of, events), recording.is_whole)


def _show(recording: "Recording", different: list[str], as_json: bool) -> None:
    if as_json:
        told = {"session": recording.session, "same": not different, "differences": different}
        sys.stdout.write(f"{json.dumps({**told, 'messages': len(recording.messages), 'state': recording.state})}\n")
        return
    about = f"{recording.utterances} utterances, {len(recording.messages)} messages, {recording.state}"
    verdict = f"{len(different)} differences" if different else "the same to the bit"
    sys.stdout.write(f"{recording.session}  {verdict}  ({about})\n")
    sys.stdout.writelines(f"  {line}\n" for line in different[:_MOST_SHOWN])
    if len(different) > _MOST_SHOWN:
        sys.stdout.write(f"  ... and {len(different) - _MOST_SHOWN} more, see --json\n")


def _opened(folder: Path, asr: str | None) -> "Release":
    from undertone.release import open_release
    from undertone.words.settings import AsrSettings

    return open_release(folder, AsrSettings(**json.loads(asr)) if asr else None)
