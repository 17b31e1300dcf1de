"""What asking for the words in a pause buys, and what it wastes: held-out clips, with and without it.

Protocol: all clips of the test actors, or a seeded choice, 1.5 s of silence after each, streamed in real time by 1
session and by 4 at once, each clip once, to two servers like that of benchmarks/utterance_latency.py that run side by
side, one with and one without speculation. The time counts from sending the frame with the last speech sample (the
last 32 ms within 30 dB of the clip's loudest) until the final is received; it holds the endpoint's silence of 500 ms.
A speculation is wasted if speech resumed.

    python benchmarks/speculation.py
    python benchmarks/speculation.py --clips 60     # a quarter of them, five minutes
"""

import argparse
import asyncio
import contextlib
import os
import random
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from spoken_track import Track, track
from utterance_latency import CHUNK_MS, add_server_arguments, listen_all, measured_server, spread

from training.params import load_params
from undertone.audio import RATE_HZ
from undertone.audio_file import read
from undertone.client.stream import Event

SESSIONS = (1, 4)
NEAR_MS = 700  # an utterance that ends so near to the end of a clip's speech is its last


def main() -> None:
    """Stream, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_server_arguments(parser)
    parser.add_argument("--clips", type=int, default=240)
    parser.add_argument("--ravdess", type=Path, default=Path("ravdess"))
    arguments = parser.parse_args()
    if arguments.clips < max(SESSIONS):
        parser.error(f"--clips {arguments.clips}: {max(SESSIONS)} sessions need a clip each")
    clips = held_out(arguments.ravdess, load_params()["split"]["test_actors"], arguments.clips)
    table = Table(title=f"{len(clips)} held-out clips, {os.cpu_count()} cores")
    logs = {switch: arguments.log.with_stem(f"{arguments.log.stem}-{switch}") for switch in ("off", "on")}
    for column in (
        "sessions",
        "speculation",
        "last speech to final, ms, p50 / p95",
        "finals",
        "sent",
        "used",
        "wasted",
    ):
        table.add_column(column, justify="right")
    with contextlib.ExitStack() as running:
        servers = [measured_server(arguments, "--speculation", switch, log=log) for switch, log in logs.items()]
        urls = [running.enter_context(server)[0].ws_url for server in servers]
        for sessions in SESSIONS:
            tracks = [track([read(clip) for clip in shuffled(clips)[start::sessions]]) for start in range(sessions)]
            print(f"{sessions} sessions: {max(len(own.samples) for own in tracks) / RATE_HZ:.0f} s", flush=True)
            heard = asyncio.run(on_all(tracks, urls))
            for switch, events in zip(logs, heard, strict=True):
                table.add_row(str(sessions), switch, *row(tracks, events))
    Console(width=120).print(table)
    print("load", ", ".join(f"{value:.1f}" for value in os.getloadavg()))


async def on_all(tracks: list[Track], urls: list[str]) -> list[list[list[Event]]]:
    """Stream all `tracks` to each of the servers at once; return what each of them said, by track."""
    return await asyncio.gather(*(listen_all(tracks, url) for url in urls))


def held_out(folder: Path, actors: list[int], count: int) -> list[Path]:
    """Return `count` clips of the test actors, chosen with a fixed seed."""
    clips = sorted(path for actor in actors for path in folder.glob(f"Actor_{actor:02d}/*.flac"))
    if not clips:
        raise SystemExit(f"no clips of actors {actors} under {folder}: run `dvc repro download`")
    return sorted(random.Random(0).sample(clips, min(count, len(clips))))


def shuffled(clips: list[Path]) -> list[Path]:
    """Return `clips` in a random order, always the same."""
    return random.Random(0).sample(clips, len(clips))


def row(tracks: list[Track], heard: list[list[Event]]) -> tuple[str, ...]:
    """Return the figures of one configuration."""
    waits = np.array([wait for pair in zip(tracks, heard, strict=True) for wait in waits_ms(*pair)])
    totals = [events[-1].message["totals"]["speculations"] for events in heard]
    counts = (str(sum(total[name] for total in totals)) for name in ("sent", "used", "wasted"))
    return spread(waits), str(len(waits)), *counts


def waits_ms(spoken: Track, events: list[Event]) -> list[float]:
    """Return, for each clip, the time from sending its last speech sample until its last final came."""
    ends_ms = np.array(spoken.speech_ends_ms)
    waits: dict[int, float] = {}
    for event in events:
        if event.type != "utterance.final" or event.received_ms is None:
            continue
        clip = int(np.abs(ends_ms - event.message["end_ms"]).argmin())
        if abs(ends_ms[clip] - event.message["end_ms"]) <= NEAR_MS:
            waits[clip] = event.received_ms - (np.ceil(ends_ms[clip] / CHUNK_MS) - 1) * CHUNK_MS
    return list(waits.values())


if __name__ == "__main__":
    main()
