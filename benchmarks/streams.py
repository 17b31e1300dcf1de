"""How many people one server hears at once: paced sessions of held-out speech, and where the CPU time goes.

Protocol: a server of its own with the promoted release and tiny.en; sessions in another process, in real time, each
with a seeded track of clips of the test actors, cut to their speech (about 2 s), one every 4 s, the sessions spread
evenly over those 4 s. "Last speech to final" counts from when the frame with the last speech sample was due to be sent
until the final is received (it holds the endpoint's silence of 500 ms), "first mood" from the start of the speech. CPU
seconds per second are of the processes by what they do; the load generator is one of them and takes its share of the
machine. "API process, ms" is its CPU time for a second of one session: it tells two versions apart on a busy machine
too.

    python benchmarks/streams.py --sessions 24 32 40 --seconds 40
    python benchmarks/streams.py --sessions 32 -- --asr-workers 2 --partial-workers 0
"""

import argparse
import asyncio
import multiprocessing
import os
import random
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table
from speculation import held_out, waits_ms
from spoken_track import Track, track, voiced
from streaming import api_process, cpu_time_s
from utterance_latency import finals, listen, spread

from serving.cli.demo_server import DemoServer
from training.params import load_params
from undertone.audio import RATE_HZ
from undertone.audio_file import read
from undertone.client.stream import Event

EVERY_S = 4.0
KINDS = ("API process", "words workers", "partial workers", "load generator", "rest")


@dataclass(frozen=True)
class Load:
    """What all sessions heard, and the CPU seconds per second of each kind of process."""

    tracks: list[Track]
    events: list[list[Event]]
    cpu: dict[str, float]
    lasted_s: float

    @property
    def api_ms(self) -> float:
        """CPU milliseconds of the API process for a second of one session."""
        heard_s = sum(len(track.samples) for track in self.tracks) / RATE_HZ
        return 1000 * self.cpu["API process"] * self.lasted_s / heard_s


def main() -> None:
    """Measure each number of sessions and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path, default=Path("models/promoted"))
    parser.add_argument("--ravdess", type=Path, default=Path("ravdess"))
    parser.add_argument("--log", type=Path, default=Path("logs/benchmark-server.log"))
    parser.add_argument("--sessions", type=int, nargs="+", default=[24, 32, 40])
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("options", nargs="*", help="of the server, after --")
    arguments = parser.parse_args()
    clips = held_out(arguments.ravdess, load_params()["split"]["test_actors"], 240)
    table = Table(title=f"{arguments.seconds:g} s, {os.cpu_count()} cores")
    for column in ("sessions", "finals", "fused", "last speech to final, ms, p50 / p95", "first mood, ms, p50 / p95"):
        table.add_column(column, justify="right")
    for kind in KINDS:
        table.add_column(f"CPU, {kind}", justify="right")
    table.add_column("API process, ms", justify="right")
    for sessions in arguments.sessions:
        load = measured(arguments, tracks(clips, sessions, arguments.seconds))
        table.add_row(str(sessions), *row(load))
        print(
            f"{sessions} sessions: without words {reasons(load) or 'none'}; speculations {speculations(load)}",
            flush=True,
        )
    Console(width=160).print(table)
    print("load", ", ".join(f"{value:.1f}" for value in os.getloadavg()))


def tracks(clips: Sequence[Path], sessions: int, seconds: float) -> list[Track]:
    """Return a track for each session: clips in an order of its own, always the same."""
    speech = {clip: voiced(read(clip)) for clip in clips}
    count = max(1, round(seconds / EVERY_S))
    chosen = (random.Random(number).choices(list(clips), k=count) for number in range(sessions))
    return [track([speech[clip] for clip in own], int(1000 * EVERY_S)) for own in chosen]


def measured(arguments: argparse.Namespace, spoken: list[Track]) -> Load:
    """Run a server, and the sessions in another process."""
    options = ("--max-sessions", str(len(spoken)), *arguments.options)
    spawn = multiprocessing.get_context("spawn")
    with DemoServer(arguments.release, arguments.log, options) as server, ProcessPoolExecutor(1, spawn) as generator:
        server.wait_until_ready(600)
        generator.submit(time.process_time).result()
        before, began_s = cpu_by_kind(server), time.monotonic()
        events, own_s = generator.submit(generate, spoken, server.ws_url).result()
        lasted_s, after = time.monotonic() - began_s, cpu_by_kind(server)
    cpu = {kind: (after[kind] - before[kind]) / lasted_s for kind in KINDS}
    return Load(spoken, events, {**cpu, "load generator": own_s / lasted_s}, lasted_s)


def generate(spoken: list[Track], url: str) -> tuple[list[list[Event]], float]:
    """Stream all tracks; return the events of each and the CPU seconds that it took here."""
    began_s = time.process_time()
    return asyncio.run(_all(spoken, url)), time.process_time() - began_s


async def _all(spoken: list[Track], url: str) -> list[list[Event]]:
    async def one(number: int) -> list[Event]:
        await asyncio.sleep(EVERY_S * number / len(spoken))
        return await listen(spoken[number], url)

    return await asyncio.gather(*map(one, range(len(spoken))))


def cpu_by_kind(server: DemoServer) -> dict[str, float]:
    """Return the CPU seconds so far of the server's processes; those for partials are the ones that yield."""
    api, spent_s = api_process(server.port), defaultdict[str, float](float)
    for process in [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]:
        worker = any("spawn_main" in word for word in process.cmdline())
        kind = "API process" if process == api else "rest"
        if worker:
            kind = "partial workers" if process.nice() > psutil.Process(server.pid).nice() else "words workers"
        spent_s[kind] += cpu_time_s(process)
    return spent_s


def row(load: Load) -> tuple[str, ...]:
    """Return the figures of one load."""
    modes = Counter(final["mode"] for events in load.events for final in finals(events))
    waits = [wait for pair in zip(load.tracks, load.events, strict=True) for wait in waits_ms(*pair)]
    moods = [delay for events in load.events for delay in first_moods_ms(events)]
    fused = f"{modes['fused'] / max(1, modes.total()):.1%}"
    cpu = (f"{load.cpu[kind]:.2f}" for kind in KINDS)
    return str(modes.total()), fused, spread(np.array(waits)), spread(np.array(moods)), *cpu, f"{load.api_ms:.1f}"


def first_moods_ms(events: Sequence[Event]) -> list[float]:
    """Return, for each utterance, the time from the start of its speech until its first mood came."""
    starts = {event.message["utterance_id"]: event.message for event in events if event.type == "speech.started"}
    delays: dict[int, float] = {}
    for event in events:
        if event.type == "mood" and event.received_ms is not None:
            number = event.message["utterance_id"]
            delays.setdefault(number, event.received_ms - starts[number]["speech_start_ms"])
    return list(delays.values())


def reasons(load: Load) -> dict[str, int]:
    """Return how many finals have no words for which reason."""
    return dict(Counter(final["reason"] for events in load.events for final in finals(events) if final["reason"]))


def speculations(load: Load) -> dict[str, int]:
    """Return what `session.closed` counts, over all sessions."""
    totals = [events[-1].message["totals"]["speculations"] for events in load.events]
    return {name: sum(total[name] for total in totals) for name in ("sent", "used", "wasted")}


if __name__ == "__main__":
    main()
