"""Shows the events of streams as rows that appear as they arrive, in a terminal or in a plain log.

Rows are cut at the width of the console, never wrapped. Nothing here knows of sockets or files.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from rich.text import Text

from serving.cli.views.console import LineConsole, clock
from serving.cli.views.verdict_rows import STYLES, verdict_rows
from undertone.client.summary import Summary
from undertone.client.timing import Event, Message
from undertone.labels import LABELS

_FIXED_WIDTH = 78  # of all columns but the bar
_GRID = ("speech.started", "speech.ended", "mood", "utterance.provisional", "utterance.final")
_SHORT = {"transcript.partial": "partial", "utterance.provisional": "provisional"}


class LiveTable:
    """Rows of time, utterance, event, audio sentiment, its three probabilities as a bar and in percent, and latency."""

    def __init__(self, output: TextIO) -> None:
        self._console = LineConsole(output)
        self._glyphs = dict(zip(LABELS, "-.+" if self._console.plain else "▒░█", strict=True))
        self._bar_width = max(4, min(24, self._console.width - _FIXED_WIDTH))
        self._headed = False

    def begin(self, file: str) -> None:
        """Print the header, the first time, and the name of the file."""
        if not self._headed:
            self._headed = True
            legend = Text(" ").join(Text(f"{self._glyphs[label]} {label}", STYLES[label]) for label in LABELS)
            self._console.line(
                Text("bar: ").append_text(legend).append("   time: of the audio   latency: since it was sent")
            )
            self._console.line(
                self._row(
                    "time", "#", "event", Text("voice"), Text(" " * self._bar_width), "neg neu pos", "latency", ""
                ),
                style="bold",
            )
        self._console.line(Text(file), style="bold cyan")

    def event(self, file: str, event: Event) -> None:
        """Print a row; under a final, others with the verdict and the words."""
        message = event.message
        if event.type in _GRID:
            self._console.line(self._grid_row(event))
        else:
            self._console.line(self._free_row(event))
        if "fused_sentiment" in message:
            for row in verdict_rows(message, self._console.corner, self._console.dot):
                self._console.line(row)

    def end(self, summary: Summary) -> None:
        """Print the summary."""
        line = f": {summary.line()}"
        name = Text(Path(summary.file).name)
        name.truncate(max(12, self._console.width - len(line)), overflow="ellipsis")
        self._console.paragraph(name.append(line), style="bold")

    def _grid_row(self, event: Event) -> Text:
        message = event.message
        sentiment = message.get("audio_sentiment") or {}
        probabilities = [float(sentiment.get("probabilities", {}).get(label, 0)) for label in LABELS]
        return self._row(
            clock(message["end_ms" if "end_ms" in message else "start_ms"]),
            str(message.get("utterance_id", "")),
            _SHORT.get(event.type, event.type),
            self._label(sentiment.get("label", "")),
            self._bar(probabilities),
            " ".join(f"{100 * value:3.0f}" for value in probabilities) if sentiment else "",
            "" if event.client_latency_ms is None else f"{event.client_latency_ms:.0f} ms",
            str(message.get("cause", "")),
        )

    def _row(
        self, time: str, utterance: str, event: str, label: Text, bar: Text, percent: str, latency: str, note: str
    ) -> Text:
        start = f"{time:>9} {utterance:>3} {event:<15}  "
        label.truncate(8, pad=True)
        return Text.assemble(start, label, "  ", bar, f" {percent:<11} {latency:>9}  {note}")

    def _free_row(self, event: Event) -> Text:
        start = f"{'':>9} {event.message.get('utterance_id', ''):>3} {_SHORT.get(event.type, event.type):<15}  "
        return Text(start).append(_note(event.message), "red" if event.type == "error" else "dim")

    def _label(self, label: str) -> Text:
        return Text(label, STYLES.get(label, ""))

    def _bar(self, probabilities: Sequence[float]) -> Text:
        cells = bar_cells(probabilities, self._bar_width)
        bar = Text()
        for label, count in zip(LABELS, cells, strict=True):
            bar.append(self._glyphs[label] * count, STYLES[label])
        return bar.append(" " * (self._bar_width - sum(cells)))


def bar_cells(probabilities: Sequence[float], width: int) -> list[int]:
    """Share `width` cells out by largest remainder: `bar_cells([0.5, 0.3, 0.2], 4)` is [2, 1, 1]; all 0 give none."""
    total = sum(probabilities)
    if total <= 0:
        return [0] * len(probabilities)
    exact = [width * value / total for value in probabilities]
    cells = [int(value) for value in exact]
    by_remainder = sorted(range(len(cells)), key=lambda index: cells[index] - exact[index])
    for index in by_remainder[: width - sum(cells)]:
        cells[index] += 1
    return cells


def _note(message: Message) -> str:
    if message["type"] == "error":
        return f"{message.get('code')}: {message.get('message')}"
    if message["type"] == "session.created":
        asr = message.get("asr") or {}
        words = " ".join(str(asr[key]) for key in ("engine", "model") if asr.get(key))
        return f"release {(message.get('release') or {}).get('version', '?')}, words: {words or '?'}"
    if message["type"] == "session.updated":
        return " ".join(f"{name}={value}" for name, value in (message.get("settings") or {}).items())
    return str(message.get("text") or message.get("reason") or "")
