"""Shows the events of streams as rows that appear as they arrive, in a terminal or in a plain log.

Rows of figures have one width and are made to fit; other rows are wrapped. Nothing here knows of sockets or files.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from rich.text import Text

from serving.cli.views.bar import Bar
from serving.cli.views.console import LineConsole, clock
from serving.cli.views.verdict_rows import label_text, print_below, score_of
from undertone.client.summary import Summary
from undertone.client.timing import Event, Message
from undertone.labels import LABELS

_GRID = ("speech.started", "speech.ended", "mood", "utterance.provisional", "utterance.final")
_SHORT = {"transcript.partial": "partial", "utterance.provisional": "provisional"}
_FIXED, _SCORE, _PERCENT, _LATENCY = 39, 6, 12, 10  # columns of what stands left of the bar, and right of it
_LEAST_CELLS, _GOOD_CELLS, _MOST_CELLS = 4, 9, 32  # percents and latency go where they leave no good bar


class LiveTable:
    """Rows of time, utterance, event, label, its probabilities as a bar, score and percent, and latency.

    Moods show the voice, a final and a provisional their verdict, with words and voice in the rows below.
    """

    def __init__(self, output: TextIO) -> None:
        self._console = LineConsole(output)
        room = self._console.width - _FIXED - _SCORE - _GOOD_CELLS
        self._has_percent, self._has_latency = room >= _PERCENT + _LATENCY, room >= _LATENCY
        room += _GOOD_CELLS - _PERCENT * self._has_percent - _LATENCY * self._has_latency
        self._bar = Bar(max(_LEAST_CELLS, min(_MOST_CELLS, room)), self._console.plain)
        self._headed = False

    def begin(self, file: str) -> None:
        """Print the header, the first time, and the name of the file."""
        if not self._headed:
            self._headed = True
            self._console.parts("", [self._bar.legend(), Text("score: positive - negative")])
            latency = [Text("latency: since it was sent")] if self._has_latency else []
            self._console.parts("", [Text("time: of the audio"), *latency])
            head = self._row(["time", "#", "event"], Text("label"), ["score", "neg neu pos", "latency"])
            self._console.line(head, style="bold")
        self._console.paragraph(self._console.text(file), style="bold")

    def event(self, file: str, event: Event) -> None:
        """Print a row; under a verdict, others with how it came about and the words."""
        message = event.message
        if event.type in _GRID:
            self._console.line(self._grid_row(event), "bold" if event.type == "utterance.final" else None)
        else:
            self._free_row(event)
        if "fused_sentiment" in message:
            print_below(message, self._console)

    def end(self, summary: Summary) -> None:
        """Print the summary."""
        name = self._console.text(Path(summary.file).name)
        self._console.paragraph(name.append(f": {summary.line()}"), style="bold")

    def _grid_row(self, event: Event) -> Text:
        message = event.message
        sentiment = message.get("fused_sentiment") or message.get("audio_sentiment") or {}
        probabilities = sentiment.get("probabilities", {})
        latency = "" if event.client_latency_ms is None else f"{event.client_latency_ms:.0f} ms"
        body = Text(str(message.get("cause", "")))
        if probabilities:
            body = label_text(sentiment["label"])
            body.truncate(8, pad=True)
            body.append(" ").append_text(self._bar.of(probabilities))
        start = [clock(message["end_ms" if "end_ms" in message else "start_ms"]), *_named(event)]
        return self._row(start, body, [*_figures(message, probabilities), latency])

    def _row(self, start: Sequence[str], body: Text, figures: Sequence[str]) -> Text:
        time, utterance, event = start
        score, percent, latency = figures
        body.truncate(9 + self._bar.width, pad=True)
        row = Text(f"{time:>9} {utterance:>3} {event:<15} ").append_text(body).append(f" {score:>5}")
        row.append(f" {percent:<11}" if self._has_percent else "")
        return row.append(f" {latency:>9}" if self._has_latency else "")

    def _free_row(self, event: Event) -> None:
        utterance, kind = _named(event)
        note = self._console.text(_note(event.message), "red" if event.type == "error" else "")
        if event.type == "transcript.partial":  # one of many, the next one says more
            self._console.line(Text(f"{'':>9} {utterance:>3} {kind:<15} ").append_text(note))
        else:
            self._console.paragraph(note, start=f"{'':>9} {utterance:>3} {kind:<15} ")


def _named(event: Event) -> tuple[str, str]:
    return str(event.message.get("utterance_id", "")), _SHORT.get(event.type, event.type)


def _figures(message: Message, probabilities: Mapping[str, float]) -> tuple[str, str]:
    """Return score and percents, nothing of an event without probabilities."""
    if not probabilities:
        return "", ""
    score = message.get("fused_score", score_of(dict(probabilities)))
    return f"{score:+.2f}", " ".join(f"{100 * probabilities[label]:3.0f}" for label in LABELS)


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
