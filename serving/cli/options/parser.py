"""The parser of the command and its sub-commands: refusals of one line, help in paragraphs, arguments learned late."""

import argparse
import re
import textwrap
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from serving.cli.views.names import printable

USAGE, STOPPED = 2, 130
_EACH_COMMAND = {USAGE: "wrong arguments", STOPPED: "stopped by Ctrl-C"}


class Paragraphs(argparse.HelpFormatter):
    """Fills each line of a description or epilog by itself; what hangs behind "  0    " stays behind it."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        filled = (self._fill_line(line, width, indent) for line in text.splitlines())
        return "\n".join(filled)

    def _fill_line(self, line: str, width: int, indent: str) -> str:
        start = re.match(r" +\S+ {2,}|", line)
        hang = indent + " " * (start.end() if start else 0)
        return textwrap.fill(line, width, initial_indent=indent, subsequent_indent=hang, break_on_hyphens=False)


class Parser(argparse.ArgumentParser):
    """Refuses in one line; calls `fill` with itself before it reads anything, for arguments that take long to load."""

    fill: Callable[[argparse.ArgumentParser], None] | None = None

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"formatter_class": Paragraphs, **options})

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Read `args` as any parser does."""
        fill, self.fill = self.fill, None
        if fill:
            fill(self)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """End with exit code 2 and one line that says what is wrong and where help is."""
        self.exit(USAGE, f"{self.prog}: error: {printable(message)} (see {self.prog} --help)\n")


def exit_codes(own: Mapping[int, str]) -> str:
    """Return the part of a help text that says what each exit code means.

    `own` stands beside, or in the place of, those of every command; one without a meaning is left out.
    """
    lines = [f"  {code:<4} {meaning}" for code, meaning in sorted({**_EACH_COMMAND, **own}.items()) if meaning]
    return "\n".join(["exit codes:", *lines])
