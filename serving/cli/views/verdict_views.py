"""How `undertone analyze` shows finals: a table of rows for people, or JSON lines for programs."""

import json
from collections.abc import Sequence
from typing import Any, Protocol, TextIO

from rich.text import Text

from serving.cli.views.console import LineConsole, clock
from serving.cli.views.names import readable
from serving.cli.views.verdict_rows import label_text, print_below
from serving.sessions.wire import message_of
from undertone.stream.events import Final


class VerdictView(Protocol):
    """Something that shows the finals of one recording after the other."""

    def show(self, file: str, finals: Sequence[Final]) -> None:
        """Show what `file` came to."""


class JsonLines:
    """One JSON object a line: the message of a final without its timings, and `file`."""

    def __init__(self, output: TextIO) -> None:
        self._output = output

    def show(self, file: str, finals: Sequence[Final]) -> None:
        """Print a line for each final."""
        for final in finals:
            self._output.write(json.dumps({**untimed(final), "file": readable(file)}) + "\n")
        self._output.flush()


class Rows:
    """The name of the file, then for each utterance its times, its verdict and its words."""

    def __init__(self, output: TextIO) -> None:
        self._console = LineConsole(output)

    def show(self, file: str, finals: Sequence[Final]) -> None:
        """Print the rows of one file."""
        self._console.paragraph(self._console.text(file), style="bold")
        if not finals:
            self._console.line(Text(f"{'':>14}no speech was heard", "dim"))
        for final in finals:
            message = untimed(final)
            span = Text(f"{clock(final.start_ms):>9} to {clock(final.end_ms):<9} ")
            label = label_text(message["fused_sentiment"]["label"])
            self._console.line(span.append_text(label).append(f" {message['fused_score']:+.2f}"), style="bold")
            print_below(message, self._console)


def untimed(final: Final) -> dict[str, Any]:
    """Return the message of `final` without timings, which nobody took."""
    return {key: value for key, value in message_of(final).items() if key != "timings"}


def view_on(output: TextIO, as_json: bool) -> VerdictView:
    """Return the view that was asked for."""
    return JsonLines(output) if as_json else Rows(output)
