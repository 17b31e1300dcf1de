"""What one utterance costs: the time from its endpoint to its final, and what the recogniser takes of it.

Protocol: a server of its own with the promoted release and tiny.en as it is served. Utterances of 3 s, cut from the
spoken clips of data/samples, 1.5 s of silence between, one session in real time. The first utterance warms up and does
not count. "Final after the endpoint" is `total_latency_ms`: from the endpoint decision until the final is sent. Memory
is the peak of the sum of PSS over the processes of the server.

    python benchmarks/utterance_latency.py
"""

import argparse
import asyncio
import contextlib
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table
from spoken_track import Track, cut, track

from serving.cli.demo_server import DemoServer
from undertone.audio import RATE_HZ
from undertone.client.stream import Event, Pace, stream

CHUNK_MS = 32
UTTERANCE_S = 3.0


def main() -> None:
    """Measure every configuration and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_server_arguments(parser)
    parser.add_argument("--samples", type=Path, default=Path("data/samples"))
    parser.add_argument("--utterances", type=int, default=40)
    arguments = parser.parse_args()
    spoken = track(cut(arguments.samples, arguments.utterances + 1, UTTERANCE_S))
    runs = {}
    for window, speculation in (("adaptive", "off"), ("adaptive", "on"), ("full", "off")):
        print(f"window {window}, speculation {speculation}: {len(spoken.samples) / RATE_HZ:.0f} s of audio", flush=True)
        options = ("--asr-window", window, "--speculation", speculation)
        with measured_server(arguments, *options) as (server, memory):
            (heard,) = asyncio.run(listen_all([spoken], server.ws_url))
        runs[window, speculation] = Run(finals(heard)[1:], memory)
    report(runs)


@dataclass(frozen=True)
class Memory:
    """The largest sum of PSS so far, in bytes."""

    peaks: list[int] = field(default_factory=lambda: [0])

    def watch(self, pid: int, over: threading.Event) -> None:
        """Look at the process `pid` and its children until `over`."""
        while not over.wait(0.5):
            with contextlib.suppress(psutil.Error):
                root = psutil.Process(pid)
                family = [root, *root.children(recursive=True)]
                self.peaks.append(sum(process.memory_full_info().pss for process in family))


@dataclass(frozen=True)
class Run:
    """The finals of one configuration, without the first, and the memory of its server."""

    finals: list[dict[str, Any]]
    memory: Memory

    def timing(self, name: str) -> np.ndarray:
        """Return one timing of every final that has it, in ms."""
        values = [final["timings"][name] for final in self.finals]
        return np.array([value for value in values if value is not None], dtype=float)


def add_server_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says which server is measured."""
    parser.add_argument("--release", type=Path, default=Path("models/promoted"))
    parser.add_argument("--model", default="tiny.en", help="hub name or folder of a CTranslate2 Whisper")
    parser.add_argument("--log", type=Path, default=Path("logs/benchmark-server.log"))


@contextlib.contextmanager
def measured_server(
    arguments: argparse.Namespace, *options: str, log: Path | None = None
) -> Iterator[tuple[DemoServer, Memory]]:
    """Run the server and watch its memory; `log` instead of `arguments.log`."""
    memory, over = Memory(), threading.Event()
    with DemoServer(arguments.release, log or arguments.log, ("--asr-model", arguments.model, *options)) as server:
        server.wait_until_ready()
        watch = threading.Thread(target=memory.watch, args=(server.pid, over))
        watch.start()
        try:
            yield server, memory
        finally:
            over.set()
            watch.join()


async def listen_all(tracks: Sequence[Track], url: str) -> list[list[Event]]:
    """Stream all `tracks` at once, each through a session of its own in real time; return the events of each."""
    return await asyncio.gather(*(listen(spoken, url) for spoken in tracks))


async def listen(spoken: Track, url: str) -> list[Event]:
    """Stream `spoken` through a session of its own in real time; return its events."""
    async with contextlib.aclosing(stream([spoken.samples], url=url, pace=Pace(chunk_ms=CHUNK_MS))) as events:
        return [event async for event in events]


def finals(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Return the messages that are finals."""
    return [event.message for event in events if event.type == "utterance.final"]


def report(runs: dict[tuple[str, str], Run]) -> None:
    """Print the figures of each run, and the two windows against each other."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    table = Table(title=f"utterances of {UTTERANCE_S:g} s, one session, {os.cpu_count()} cores, load {load}")
    table.add_column("figure", no_wrap=True)
    for window, switch in runs:
        table.add_column(f"window {window}, speculation {switch}", justify="right")
    for name, figure in FIGURES.items():
        table.add_row(name, *(figure(run) for run in runs.values()))
    Console(width=130).print(table)
    adaptive, full = (np.median(runs[window, "off"].timing("asr_latency_ms")) for window in ("adaptive", "full"))
    print(f"recogniser, adaptive window against full, medians: {adaptive / full:.2f}x")


def spread(values: np.ndarray) -> str:
    """Return median and 95th percentile: `spread(np.array([1.0, 3.0]))` is "2.0 / 2.9"."""
    return f"{np.median(values):.1f} / {np.percentile(values, 95):.1f}" if len(values) else "-"


def _rest(run: Run) -> str:
    if any(final["timings"]["speculation_lead_ms"] is not None for final in run.finals):
        return "-"  # the recogniser began before the clock of the total did
    return spread(run.timing("total_latency_ms") - run.timing("asr_latency_ms"))


def _rtf(run: Run) -> str:
    spoken_ms = sum(final["end_ms"] - final["start_ms"] for final in run.finals)
    return f"{run.timing('asr_latency_ms').sum() / spoken_ms:.3f}"


FIGURES = {
    "final after the endpoint decision, ms, p50 / p95": lambda run: spread(run.timing("total_latency_ms")),
    "recogniser, ms, p50 / p95": lambda run: spread(run.timing("asr_latency_ms")),
    "everything but the recogniser, ms, p50 / p95": _rest,
    "text model, ms, p50 / p95": lambda run: spread(run.timing("text_latency_ms")),
    "queue and back, ms, p50 / p95": lambda run: spread(run.timing("queue_latency_ms")),
    "voice, whole utterance, ms, p50 / p95": lambda run: spread(run.timing("acoustic_latency_ms")),
    "real-time factor of the recogniser": _rtf,
    "peak memory of the server, MB": lambda run: f"{max(run.memory.peaks) / 1e6:.0f}",
    "finals, fused": lambda run: f"{len(run.finals)}, {sum(final['mode'] == 'fused' for final in run.finals)}",
}

if __name__ == "__main__":
    main()
