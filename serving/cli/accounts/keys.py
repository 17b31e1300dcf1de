"""`undertone keys`: makes API keys, lists and revokes them; a running server learns of it within a second."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.cli.options.parser import Parser, exit_codes

if TYPE_CHECKING:  # the command line starts without pydantic
    from serving.guard.credentials.keys import Key

VARIABLE = "UNDERTONE_KEYS"
_DEFAULT = "keys.json"
_CODES = {0: "done", 1: "the file cannot be used, or there is no such key"}
_QUOTA = {
    "sessions": (int, "N", "sessions at once"),
    "audio_minutes_per_day": (float, "MINUTES", "audio in a day, UTC"),
    "connections_per_minute": (int, "N", "sessions and uploads begun in a minute"),
    "uploads_per_day": (int, "N", "uploads in a day"),
    "upload_mb_per_day": (float, "MB", "MB of uploads in a day"),
}


def register(subparsers: "argparse._SubParsersAction[Parser]") -> None:
    """Add the sub-command."""
    what = "make, list and revoke API keys"
    about = "The file holds salted hashes: a key is shown once, when it is made. Give it to `undertone serve --keys`."
    parser = subparsers.add_parser("keys", help=what, description=about, epilog=exit_codes(_CODES))
    actions = parser.add_subparsers(required=True, metavar="ACTION", dest="action")
    added = _action(actions, "add", "make a key and print it", _add)
    added.add_argument("name", metavar="NAME", help="whose it is; stands in usage and log")
    for name, (kind, metavar, about) in _QUOTA.items():
        flag = f"--{name.replace('_', '-')}"
        added.add_argument(flag, type=kind, metavar=metavar, help=f"{about} (default: as the server says)")
    listed = _action(actions, "list", "list the keys", _list)
    listed.add_argument("--json", action="store_true", help="one JSON object a line instead of the table")
    revoked = _action(actions, "revoke", "take a key out of service, and end what it has open", _revoke)
    revoked.add_argument("which", metavar="NAME|ID", help="of the key")


def _action(actions: Any, name: str, what: str, act: Callable[[argparse.Namespace], None]) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=what, description=f"{what.capitalize()}.")
    default = Path(os.environ.get(VARIABLE) or _DEFAULT)
    parser.add_argument(
        "--keys", type=Path, default=default, metavar="FILE", help=f"(default: {VARIABLE}, or {_DEFAULT})"
    )
    parser.set_defaults(run=run, parser=parser, act=act)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked; 1 in one line where the file cannot be used or there is no such key."""
    try:
        arguments.act(arguments)
    except ValueError as refused:  # KeyFileError is one
        raise SystemExit(f"undertone keys: {refused}") from None
    return 0


def _add(arguments: argparse.Namespace) -> None:
    from pydantic import ValidationError

    from serving.guard.credentials import key_file
    from serving.guard.grant import Quota

    try:
        quota = Quota(**{name: getattr(arguments, name) for name in _QUOTA})
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        arguments.parser.error(f"--{str(fault['loc'][0]).replace('_', '-')}: {fault['msg']}")
    sys.stdout.write(f"{key_file.add(arguments.keys, arguments.name, quota)}\n")


def _revoke(arguments: argparse.Namespace) -> None:
    from serving.guard.credentials import key_file

    key = key_file.revoke(arguments.keys, arguments.which)
    sys.stdout.write(f"revoked {key.name} ({key.id})\n")


def _list(arguments: argparse.Namespace) -> None:
    from serving.guard.credentials import key_file

    keys = key_file.load(arguments.keys)
    if arguments.json:
        sys.stdout.writelines(f"{json.dumps(_shown(key))}\n" for key in keys)
        return
    from serving.cli.accounts.tables import show

    quotas = (", ".join(f"{name}={value:g}" for name, value in key.quota.given().items()) for key in keys)
    rows = [[key.id, key.name, key.created, key.revoked or "", quota] for key, quota in zip(keys, quotas, strict=True)]
    show(("id", "name", "created", "revoked", "quota"), rows)


def _shown(key: "Key") -> dict[str, Any]:
    return key.model_dump(exclude={"salt", "digest"}, exclude_none=True)
