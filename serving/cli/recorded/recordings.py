"""`undertone recordings`: lists the sessions that a server recorded, and deletes them so that nothing is left."""

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from serving.cli.options.parser import Parser, exit_codes

if TYPE_CHECKING:  # the command line starts without numpy and fsspec
    from undertone.recorded.recording import Found
    from undertone.recorded.store import Store

VARIABLE = "UNDERTONE_RECORD"
_CODES = {0: "done", 1: "the store cannot be used, or has no such session"}
_AGE = re.compile(r"(\d+(?:\.\d+)?)d")


def register(subparsers: "argparse._SubParsersAction[Parser]") -> None:
    """Add the sub-command."""
    what = "list and delete recorded sessions"
    about = "The store is what `undertone serve --record` was given; a server may run meanwhile."
    parser = subparsers.add_parser("recordings", help=what, description=about, epilog=exit_codes(_CODES))
    actions = parser.add_subparsers(required=True, metavar="ACTION", dest="action")
    listed = _action(actions, "list", "list the recordings", _list)
    listed.add_argument("--json", action="store_true", help="one JSON object a line instead of the table")
    deleted = _action(actions, "delete", "delete recordings; all that is asked for must hold", _delete)
    for action in (listed, deleted):
        action.add_argument("--session", metavar="ID", help="this one")
        action.add_argument("--speaker", metavar="NAME", help="those of this speaker")
        before_help = "that began earlier: 2026-01-31 (UTC), a time such as 2026-01-31T12:00:00+01:00, or 30d ago"
        action.add_argument("--before", type=moment, metavar="WHEN", help=before_help)
    deleted.add_argument("--dry-run", action="store_true", help="say what would be deleted")


def _action(
    actions: Any, name: str, what: str, act: Callable[["Store", argparse.Namespace], None]
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=what, description=f"{what.capitalize()}.")
    default = os.environ.get(VARIABLE)
    parser.add_argument("--record", default=default, metavar="DIR|URL", help=f"the store (default: {VARIABLE})")
    parser.set_defaults(run=run, parser=parser, act=act)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked; 1 in one line where the store cannot be used or there is no such session."""
    from undertone.recorded.store import Store, StoreError

    if not arguments.record:
        arguments.parser.error(f"where are they? --record DIR|URL, or {VARIABLE}")
    try:
        store = Store(arguments.record)
        store.check()
        arguments.act(store, arguments)
    except StoreError as refused:
        raise SystemExit(f"undertone recordings: {refused}") from None
    return 0


def moment(text: str) -> datetime:
    """Read --before: a day or a time, UTC where it does not say, or how many days ago."""
    if age := _AGE.fullmatch(text):
        return datetime.now(UTC) - timedelta(days=float(age[1]))
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: such as 2026-01-31, 2026-01-31T12:00:00+01:00 or 30d") from None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _list(store: "Store", arguments: argparse.Namespace) -> None:
    from serving.cli.accounts.tables import show

    rows = [_row(found) for found in _chosen(store, arguments)]
    if arguments.json:
        sys.stdout.writelines(f"{json.dumps(row)}\n" for row in rows)
    elif rows:
        show(list(rows[0]), [["" if value is None else value for value in row.values()] for row in rows])


def _delete(store: "Store", arguments: argparse.Namespace) -> None:
    if not (arguments.session or arguments.speaker or arguments.before):
        arguments.parser.error("which ones? --session, --speaker or --before")
    found = list(_chosen(store, arguments))
    if arguments.session and not found:
        raise SystemExit(f"undertone recordings: {store.url} has no such session")
    if not found:
        sys.stderr.write(f"undertone recordings: {store.url} has none of those\n")
    for one in found:
        if not arguments.dry_run:
            store.delete(one.session)
        sys.stdout.write(f"{'would delete' if arguments.dry_run else 'deleted'} {one.session}\n")


def _chosen(store: "Store", arguments: argparse.Namespace) -> Iterator["Found"]:
    from undertone.recorded.recording import recordings_in

    for found in recordings_in(store):
        if arguments.session not in (None, found.session):
            continue
        if arguments.speaker and (not found.recording or found.recording.head.get("speaker") != arguments.speaker):
            continue
        if arguments.before and not found.began < arguments.before:
            continue
        yield found


def _row(found: "Found") -> dict[str, Any]:
    row: dict[str, Any] = {"session": found.session, "began": found.began.isoformat(timespec="seconds")}
    recording = found.recording
    if recording is None:
        fault = {"kind": None, "speaker": None, "seconds": None, "utterances": None, "version": None}
        return {**row, **fault, "mb": found.bytes / 1e6, "state": f"damaged: {found.fault}"}
    return {
        **row,
        "kind": recording.head["kind"],
        "speaker": recording.head["speaker"],
        "seconds": recording.heard_s,
        "utterances": recording.utterances,
        "version": recording.head["release"]["version"],
        "mb": found.bytes / 1e6,
        "state": recording.state,
    }
