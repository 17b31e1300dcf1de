"""What uploads cost whoever speaks: the wait of live sessions for their finals, with recordings uploaded and without.

Protocol: a server of its own with the promoted release and tiny.en; paced sessions of held-out speech, a clip of about
2 s every 4 s, in another process; in every second round recordings of a minute are uploaded to /predict as well, so
many at once, each followed by the next. The rounds alternate, so that a machine that is busy with something else
is so for both. The wait is from when the frame with the last speech sample was due to be sent until the final came;
the ratio is of medians over all rounds of a kind. A server that lets uploads wait as it should has one below 1.1.

    python benchmarks/uploads.py --sessions 8 --uploads 2 --rounds 6
"""

import argparse
import asyncio
import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import soundfile
from rich.console import Console
from rich.table import Table
from speculation import held_out, waits_ms
from spoken_track import Track, track, voiced
from utterance_latency import finals, listen, spread

from serving.cli.demo_server import DemoServer
from training.params import load_params
from undertone.audio import RATE_HZ
from undertone.audio_file import read
from undertone.client.stream import Event

EVERY_S = 4.0
MINUTE_CLIPS = 15


def main() -> None:
    """Measure both kinds of rounds, print them and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path, default=Path("models/promoted"))
    parser.add_argument("--ravdess", type=Path, default=Path("ravdess"))
    parser.add_argument("--log", type=Path, default=Path("logs/benchmark-server.log"))
    parser.add_argument("--sessions", type=int, default=8)
    parser.add_argument("--uploads", type=int, default=2, help="at once")
    parser.add_argument("--rounds", type=int, default=6, help="half of them with uploads")
    parser.add_argument("--seconds", type=float, default=16.0, help="of each round")
    parser.add_argument("options", nargs="*", help="of the server, after --")
    arguments = parser.parse_args()
    clips = held_out(arguments.ravdess, load_params()["split"]["test_actors"], 240)
    spoken = [voiced(read(clip)) for clip in clips]
    per_round = round(arguments.seconds / EVERY_S)
    live = [track(spoken[n : n + per_round], int(1000 * EVERY_S)) for n in range(arguments.sessions)]
    minute = as_wav(track(spoken[-MINUTE_CLIPS:], int(1000 * EVERY_S)))
    report(arguments, live, *measured(arguments, live, minute))


def measured(
    arguments: argparse.Namespace, live: list[Track], minute: bytes
) -> tuple[dict[bool, list[list[Event]]], float]:
    """Return the events of the sessions of all rounds, by whether there were uploads, and the seconds uploaded."""
    heard: dict[bool, list[list[Event]]] = {False: [], True: []}
    uploaded_s = 0.0
    spawn = multiprocessing.get_context("spawn")
    options = ("--max-sessions", str(len(live)), "--max-uploads", str(arguments.uploads), *arguments.options)
    with DemoServer(arguments.release, arguments.log, options) as server, ProcessPoolExecutor(1, spawn) as generator:
        server.wait_until_ready(600)
        generator.submit(generate, live[:1], server.ws_url).result()  # warm
        for number in range(arguments.rounds):
            with_uploads = number % 2 == 1
            with uploading(server, minute, arguments.uploads if with_uploads else 0) as done:
                heard[with_uploads] += generator.submit(generate, live, server.ws_url).result()
            uploaded_s += sum(done)
    return heard, uploaded_s


def as_wav(spoken: Track) -> bytes:
    """Return the samples of `spoken` as a file."""
    file = BytesIO()
    soundfile.write(file, spoken.samples, RATE_HZ, format="WAV")
    return file.getvalue()


@contextmanager
def uploading(server: DemoServer, recording: bytes, at_once: int) -> Iterator[list[float]]:
    """Upload `recording` again and again inside, `at_once`; yields the seconds of sound of each that was answered."""
    over, done = threading.Event(), list[float]()

    def one_after_the_other() -> None:
        while not over.is_set():
            answer = httpx.post(f"{server.url}/predict", content=recording, timeout=600)
            answer.raise_for_status()
            done.append(len(recording) / 2 / RATE_HZ)

    with ThreadPoolExecutor(max(1, at_once)) as pool:
        running = [pool.submit(one_after_the_other) for _ in range(at_once)]
        try:
            yield done
        finally:
            over.set()
            for one in running:
                one.result()


def generate(live: list[Track], url: str) -> list[list[Event]]:
    """Stream all tracks in real time, the sessions spread evenly; return the events of each."""

    async def one(number: int) -> list[Event]:
        await asyncio.sleep(EVERY_S * number / len(live))
        return await listen(live[number], url)

    async def together() -> list[list[Event]]:
        return await asyncio.gather(*map(one, range(len(live))))

    return asyncio.run(together())


def report(
    arguments: argparse.Namespace, live: list[Track], heard: dict[bool, list[list[Event]]], uploaded_s: float
) -> None:
    """Print the waits of both kinds and their ratio."""
    table = Table(title=f"{arguments.sessions} sessions, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for column in ("uploads at once", "finals", "without words", "last speech to final, ms, p50 / p95"):
        table.add_column(column, justify="right")
    waits = {}
    for with_uploads, events in heard.items():
        pairs = zip(live * (len(events) // len(live)), events, strict=True)
        waits[with_uploads] = np.array([wait for pair in pairs for wait in waits_ms(*pair)])
        told = [final for one in events for final in finals(one)]
        lacking = sum(final["mode"] != "fused" for final in told)
        at_once = arguments.uploads if with_uploads else 0
        table.add_row(str(at_once), str(len(told)), str(lacking), spread(waits[with_uploads]))
    Console(width=120).print(table)
    p50, p95 = (np.percentile(waits[True], p) / np.percentile(waits[False], p) for p in (50, 95))
    speed = uploaded_s / (arguments.rounds // 2 * arguments.seconds)
    print(f"with uploads / without: p50 {p50:.2f}, p95 {p95:.2f}; uploads at {speed:.1f} times real time", flush=True)


if __name__ == "__main__":
    main()
