"""How streams are shown: what a view must offer, and the plainest one, JSON lines. The table is in live_table.py."""

import json
from typing import Protocol, TextIO

from serving.cli.views.names import readable
from undertone.client.summary import Summary
from undertone.client.timing import Event


class View(Protocol):
    """Something that shows streams: `begin`, then its events, then `end`, for each file in turn."""

    def begin(self, file: str) -> None:
        """A session for `file` is about to start."""

    def event(self, file: str, event: Event) -> None:
        """An event arrived."""

    def end(self, summary: Summary) -> None:
        """The session is over."""


class JsonLines:
    """One JSON object a line: the event as received with `file`, `received_ms` and, if known, `client_latency_ms`."""

    def __init__(self, output: TextIO) -> None:
        self._output = output

    def begin(self, file: str) -> None:
        """Print nothing."""

    def event(self, file: str, event: Event) -> None:
        """Print one line."""
        line = {**event.message, "file": readable(file), "received_ms": event.received_ms}
        if event.client_latency_ms is not None:
            line["client_latency_ms"] = event.client_latency_ms
        self._output.write(json.dumps(line) + "\n")
        self._output.flush()

    def end(self, summary: Summary) -> None:
        """Print nothing."""
