"""Streams held-out clips through a running server in real time and prints what a user waits for.

Protocol: clips of actors 21-24 (seeded choice), one session at a time, 32 ms frames sent by the clock. The energy
envelope of a clip is its 32 ms frames within `vad.energy_floor_db` of the loudest one. CPU is that of the API process,
per session, as a share of one core; start the server first with `make serve`.

    python benchmarks/streaming.py --clips 24
"""

import argparse
import asyncio
import contextlib
import random
import time
from pathlib import Path

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from training.features.trim import energy_bounds
from training.params import load_params
from undertone.audio_file import read
from undertone.client.stream import Event, Pace, stream


def main() -> None:
    """Stream, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="ws://127.0.0.1:8000/ws/analyze")
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--ravdess", type=Path, default=Path("ravdess"))
    arguments = parser.parse_args()
    params = load_params()
    clips = held_out(arguments.ravdess, params["split"]["test_actors"], arguments.clips)
    server = api_process(int(arguments.url.split(":")[2].split("/")[0]))
    rows, cpu_s, wall_s = [], cpu_time_s(server), time.monotonic()
    for clip in clips:
        rows.append(asyncio.run(measure(clip, arguments.url, params["vad"])))
    share = (cpu_time_s(server) - cpu_s) / (time.monotonic() - wall_s)
    report(rows, share)


def held_out(folder: Path, actors: list[int], count: int) -> list[Path]:
    """Return `count` clips of the test actors, chosen with a fixed seed."""
    clips = sorted(path for actor in actors for path in folder.glob(f"Actor_{actor:02d}/*.flac"))
    if not clips:
        raise SystemExit(f"no clips of actors {actors} under {folder}: run `dvc repro download`")
    return sorted(random.Random(0).sample(clips, min(count, len(clips))))


def api_process(port: int) -> psutil.Process:
    """Return the process that answers on `port` and holds the most CPU time of those that listen."""
    owners = {c.pid for c in psutil.net_connections("tcp") if c.status == "LISTEN" and c.laddr.port == port}
    processes = [psutil.Process(pid) for pid in owners if pid]
    family = {p.pid: p for process in processes for p in [process, *process.children(recursive=True)]}
    if not family:
        raise SystemExit(f"nothing listens on port {port}: start the server with `make serve`")
    return max(family.values(), key=cpu_time_s)


def cpu_time_s(process: psutil.Process) -> float:
    """Return user and system seconds of `process`."""
    times = process.cpu_times()
    return float(times.user + times.system)


async def measure(clip: Path, url: str, vad: dict[str, float]) -> dict[str, float | None]:
    """Return latencies (ms) and boundary errors (ms) of one clip."""
    samples = read(clip)
    async with contextlib.aclosing(stream([samples], url=url, pace=Pace(chunk_ms=32, speed=1.0))) as events:
        heard = [event async for event in events]
    kinds: dict[str, Event] = {}
    for event in heard:
        kinds.setdefault(event.message["type"], event)
    if "mood" not in kinds:
        return {"first_mood": None, "final": None, "start": None, "end": None}
    onset, offset = (edge / 16 for edge in energy_bounds(samples, vad["energy_floor_db"], pad_samples=0))
    start_ms = kinds["speech.started"].message["speech_start_ms"]
    ended = [event.message["end_ms"] for event in heard if event.message["type"] == "speech.ended"][-1]
    received_ms = kinds["mood"].received_ms
    assert received_ms is not None
    return {
        "first_mood": received_ms - start_ms,
        "final": kinds["utterance.final"].message["timings"]["total_latency_ms"],
        "start": start_ms - onset,
        "end": min(ended - vad["pad_ms"], len(samples) / 16) - offset,
    }


def report(rows: list[dict[str, float | None]], share: float) -> None:
    """Print median and 95th percentile of each figure."""
    table = Table(title=f"{len(rows)} held-out clips in real time")
    for column in ("figure", "p50", "p95", "n"):
        table.add_column(column, justify="left" if column == "figure" else "right")
    names = {
        "first_mood": "first mood after speech start, wall clock (ms)",
        "final": "final after the endpoint decision (ms)",
        "start": "utterance start minus energy onset (ms)",
        "end": "utterance end minus energy offset (ms)",
    }
    for key, name in names.items():
        values = np.array([row[key] for row in rows if row[key] is not None], dtype=float)
        table.add_row(name, f"{np.median(values):.0f}", f"{np.percentile(values, 95):.0f}", str(len(values)))
    unheard = sum(row["first_mood"] is None for row in rows)
    table.add_row("clips in which no speech was heard", str(unheard), "", str(len(rows)))
    table.add_row("CPU of one session, share of one core", f"{share:.1%}", "", "")
    Console().print(table)


if __name__ == "__main__":
    main()
