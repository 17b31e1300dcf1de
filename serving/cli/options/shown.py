"""The option `--json`: events as a table for people, or as one JSON object a line."""

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line starts without loading rich
    from serving.cli.views.view import View


def add_shown(parser: argparse.ArgumentParser) -> None:
    """Add the option to `parser`."""
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of the table")


def chosen_view(arguments: argparse.Namespace) -> "View":
    """Return what shows events on standard output as `arguments` ask."""
    from serving.cli.views.live_table import LiveTable
    from serving.cli.views.view import JsonLines

    return JsonLines(sys.stdout) if arguments.json else LiveTable(sys.stdout)
