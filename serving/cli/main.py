"""The `undertone` command: each sub-command is a module that registers itself."""

import argparse
import sys
from collections.abc import Sequence
from functools import partial

from serving.cli import analyze as analyze_command
from serving.cli import corpus as corpus_command
from serving.cli import demo
from serving.cli import labeled_set as labeled_set_command
from serving.cli import listen as listen_command
from serving.cli import serve as serve_command
from serving.cli import stream as stream_command
from serving.cli import text as text_command
from serving.cli.accounts import keys as keys_command
from serving.cli.accounts import usage as usage_command
from serving.cli.evaluation import compare as compare_command
from serving.cli.evaluation import evaluate as evaluate_command
from serving.cli.failures import ended, prepare_streams
from serving.cli.options.parser import Parser, exit_codes
from serving.cli.recorded import recordings as recordings_command
from serving.cli.recorded import replay as replay_command
from serving.cli.version import VersionAction
from serving.cli.views.names import printable

_CODES = {0: "all went well", 1: "something failed, or the reader of the output went away; standard error says what"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one sub-command and return its exit code, 130 after Ctrl-C.

    Raises:
        SystemExit: wrong arguments, or a release, a port or a list that cannot be used, in one line.
    """
    prepare_streams()
    try:
        return ended("undertone", partial(_run, arguments))
    except SystemExit as end:
        if isinstance(end.code, str):
            raise SystemExit(printable(end.code)) from None
        raise


def _run(arguments: Sequence[str] | None) -> int:
    parsed = _parser().parse_args(arguments)
    return ended(f"undertone {parsed.command}", lambda: int(parsed.run(parsed)))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="undertone",
        description="Hears speech and says how the speaker feels. `undertone COMMAND --help` tells more of each.",
        epilog=exit_codes(_CODES),
    )
    parser.add_argument("--version", action=VersionAction, help="show program and release, and exit")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND", dest="command", title="commands")
    serving, judging = (serve_command, keys_command, usage_command), (analyze_command, text_command)
    recorded, judged = (recordings_command, replay_command), (evaluate_command, compare_command)
    live = (stream_command, listen_command)
    for module in (*serving, *recorded, *live, *judging, *judged, labeled_set_command, corpus_command, demo):
        module.register(subparsers)
    return parser


if __name__ == "__main__":
    sys.exit(main())
