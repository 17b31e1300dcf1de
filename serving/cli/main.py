"""The `undertone` command: each sub-command is a module that registers itself."""

import argparse
import sys
from collections.abc import Sequence

from serving.cli import analyze as analyze_command
from serving.cli import demo
from serving.cli import labeled_set as labeled_set_command
from serving.cli import serve as serve_command
from serving.cli import stream as stream_command
from serving.cli import text as text_command
from serving.cli.late_parser import LateParser
from serving.cli.version import VersionAction


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one sub-command and return its exit code, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="undertone", description="Hears speech and says how the speaker feels.")
    parser.add_argument("--version", action=VersionAction, help="show program and release, and exit")
    subparsers = parser.add_subparsers(required=True, metavar="command", parser_class=LateParser)
    for module in (serve_command, stream_command, analyze_command, text_command, labeled_set_command, demo):
        module.register(subparsers)
    parsed = parser.parse_args(arguments)
    try:
        return int(parsed.run(parsed))
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
