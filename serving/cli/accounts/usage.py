"""`undertone usage`: what each key used, by day and key, as a table, CSV or JSON lines."""

import argparse
import csv
import json
import os
import re
import sys
from pathlib import Path

from serving.cli.options.parser import Parser, exit_codes

Row = list[str | int | float]
VARIABLE = "UNDERTONE_USAGE"
_DEFAULT = "usage.sqlite"
_CODES = {0: "done", 1: "there is no such file of usage"}
_FORMS = ("table", "csv", "json")
_BY = ("both", "day", "key")


def register(subparsers: "argparse._SubParsersAction[Parser]") -> None:
    """Add the sub-command."""
    about = "Shows what a server with --usage FILE counted; it may run meanwhile. Days are those of UTC."
    what = "show what each key used"
    parser = subparsers.add_parser("usage", help=what, description=about, epilog=exit_codes(_CODES))
    default = Path(os.environ.get(VARIABLE) or _DEFAULT)
    parser.add_argument(
        "--usage", type=Path, default=default, metavar="FILE", help=f"(default: {VARIABLE}, or {_DEFAULT})"
    )
    parser.add_argument("--by", choices=_BY, default="both", help="sum over the other (default: %(default)s)")
    parser.add_argument("--format", choices=_FORMS, default="table", help="(default: %(default)s)")
    parser.add_argument("--key", metavar="NAME", help="of this key only; anonymous: of nobody's")
    parser.add_argument("--since", type=_day, metavar="DAY", help="such as 2026-01-31, included")
    parser.add_argument("--until", type=_day, metavar="DAY", help="included")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Show what was asked for; 1 in one line where the file cannot be read."""
    from dataclasses import astuple

    from serving.guard.usage.store import COLUMNS, UsageError, totals

    try:
        found = totals(arguments.usage, arguments.by, arguments.key, arguments.since, arguments.until)
    except UsageError as refused:
        raise SystemExit(f"undertone usage: {refused}") from None
    shown = [index for index, name in enumerate(("day", "key")) if arguments.by in (name, "both")]
    head = [*(("day", "key")[index] for index in shown), *COLUMNS]
    rows: list[list[str | int | float]] = [
        [*(place[index] for index in shown), *_rounded(astuple(use))] for place, use in found
    ]
    _show(arguments.format, head, rows)
    return 0


def _show(form: str, head: list[str], rows: list[Row]) -> None:
    from serving.cli.accounts.tables import show

    if form == "table":
        show(head, rows)
    elif form == "csv":
        csv.writer(sys.stdout, lineterminator="\n").writerows([head, *rows])
    else:
        sys.stdout.writelines(f"{json.dumps(dict(zip(head, row, strict=True)))}\n" for row in rows)


def _rounded(amounts: tuple[float, ...]) -> Row:
    return [round(amount, 3) if isinstance(amount, float) else amount for amount in amounts]


def _day(text: str) -> str:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise argparse.ArgumentTypeError(f"{text}: a day is such as 2026-01-31")
    return text
