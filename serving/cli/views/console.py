"""A console for rows that fit its width, cut or wrapped behind a start that is repeated as blanks, or in a log."""

import os
from collections.abc import Sequence
from io import TextIOWrapper
from typing import TextIO

from rich.console import Console
from rich.text import Text

from serving.cli.views.names import printable

_LOG_WIDTH = 100  # of a file or pipe, unless COLUMNS says otherwise
_LEAST_WIDTH = 20  # of what is wrapped, however narrow the terminal


class LineConsole:
    """Prints one row after the other; `plain` where the output can show ASCII only, `corner` and `dot` follow it."""

    def __init__(self, output: TextIO) -> None:
        if isinstance(output, TextIOWrapper):
            output.reconfigure(errors="backslashreplace")
        self._console = _Pipe(file=output, highlight=False, markup=False, emoji=False, soft_wrap=False)
        if not self._console.is_terminal and not os.environ.get("COLUMNS"):
            self._console.width = _LOG_WIDTH
        self.width, self.plain = self._console.width, self._console.options.ascii_only
        self.corner, self.dot = ("`-", "|") if self.plain else ("└", "·")

    def text(self, foreign: str, style: str = "") -> Text:
        """Return words or names of others as this output can show them, what it cannot show escaped."""
        encoding = self._console.encoding
        return Text(printable(foreign).encode(encoding, "backslashreplace").decode(encoding), style)

    def line(self, text: Text, style: str | None = None) -> None:
        """Print `text` as one row, cut with an ellipsis."""
        text.rstrip()
        self._console.print(text, style=style, no_wrap=True, overflow="ellipsis", crop=True)

    def paragraph(self, text: Text, style: str | None = None, start: str = "") -> None:
        """Print all of `text` behind `start`, in as many rows as it takes."""
        for row in text.wrap(self._console, self._room(start)):
            self._row(start, row, style)
            start = " " * len(start)

    def parts(self, start: str, parts: Sequence[Text]) -> None:
        """Print `parts` behind `start` with dots between them, a new row where one does not fit, none of them cut."""
        between = f" {self.dot} "
        rows = [Text()]
        for part in parts:
            if rows[-1] and rows[-1].cell_len + len(between) + part.cell_len > self._room(start):
                rows.append(Text())
            rows[-1].append(between if rows[-1] else "").append_text(part)
        for row in rows:
            self._row(start, row, None)
            start = " " * len(start)

    def _row(self, start: str, row: Text, style: str | None) -> None:
        row.rstrip()
        self._console.print(Text(start).append_text(row), style=style, no_wrap=True, overflow="ignore", crop=False)

    def _room(self, start: str) -> int:
        return max(_LEAST_WIDTH, self.width - len(start))


class _Pipe(Console):
    """Leaves it to the command what happens when the reader of its output goes away."""

    def on_broken_pipe(self) -> None:
        raise  # called where a BrokenPipeError is handled


def clock(audio_ms: float) -> str:
    """Return a time of the audio: `clock(83_450)` is "1:23.450"."""
    minutes, rest_ms = divmod(round(audio_ms), 60_000)
    return f"{minutes}:{rest_ms // 1000:02}.{rest_ms % 1000:03}"
