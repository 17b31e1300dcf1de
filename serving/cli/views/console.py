"""A console for rows that are cut at its width, never wrapped, in a terminal or in a plain log."""

import os
from io import TextIOWrapper
from typing import TextIO

from rich.console import Console
from rich.text import Text

_LOG_WIDTH = 100  # of a file or pipe, unless COLUMNS says otherwise


class LineConsole:
    """Prints one row after the other; `plain` where the output can show ASCII only, `corner` and `dot` follow it."""

    def __init__(self, output: TextIO) -> None:
        if isinstance(output, TextIOWrapper):
            output.reconfigure(errors="replace")  # words and file names in a terminal that cannot show them
        self._console = Console(file=output, highlight=False, markup=False, emoji=False, soft_wrap=False)
        if not self._console.is_terminal and not os.environ.get("COLUMNS"):
            self._console.width = _LOG_WIDTH
        self.width, self.plain = self._console.width, self._console.options.ascii_only
        self.corner, self.dot = ("`-", "|") if self.plain else ("└", "·")

    def line(self, text: Text, style: str | None = None) -> None:
        """Print `text` as one row, cut with an ellipsis."""
        text.rstrip()
        self._console.print(text, style=style, no_wrap=True, overflow="ellipsis", crop=True)

    def paragraph(self, text: Text, style: str | None = None) -> None:
        """Print `text` in as many rows as it takes."""
        self._console.print(text, style=style)


def clock(audio_ms: float) -> str:
    """Return a time of the audio: `clock(83_450)` is "1:23.450"."""
    minutes, rest_ms = divmod(round(audio_ms), 60_000)
    return f"{minutes}:{rest_ms // 1000:02}.{rest_ms % 1000:03}"
