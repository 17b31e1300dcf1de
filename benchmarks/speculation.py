"""What asking for the words in a pause buys, and what it wastes: held-out clips, with and without it.

Protocol: clips of the test actors (seeded choice), 1.5 s of silence after each, streamed in real time at 1 and at 4
sessions at once (each with the clips in an order of its own), to the server of benchmarks/utterance_latency.py. The
time counts from sending the frame with the last speech sample (the last 32 ms within 30 dB of the clip's loudest) until
the final is received; it holds the endpoint's silence of 500 ms. A speculation is wasted if speech resumed.

    python benchmarks/random_whisper.py build/random_whisper
    python benchmarks/speculation.py --model build/random_whisper
"""

import argparse
import asyncio
import os
import random
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from spoken_track import Track, track
from utterance_latency import CHUNK_MS, add_server_arguments, listen_all, measured_server, spread

from serving.audio_file import read
from serving.stream_client import Event
from training.params import load_params

SESSIONS = (1, 4)
NEAR_MS = 700  # an utterance that ends so near to the end of a clip's speech is its last


def main() -> None:
    """Stream, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_server_arguments(parser)
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--ravdess", type=Path, default=Path("ravdess"))
    arguments = parser.parse_args()
    clips = held_out(arguments.ravdess, load_params()["split"]["test_actors"], arguments.clips)
    table = Table(title=f"{len(clips)} held-out clips, {os.cpu_count()} cores")
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
    for switch in ("off", "on"):
        with measured_server(arguments, "--speculation", switch) as (server, _):
            for sessions in SESSIONS:
                tracks = [track([read(clip) for clip in shuffled(clips, seed)]) for seed in range(sessions)]
                print(f"speculation {switch}, {sessions} sessions: {len(tracks[0].samples) / 16_000:.0f} s", flush=True)
                heard = asyncio.run(listen_all(tracks, server.ws_url))
                table.add_row(str(sessions), switch, *row(tracks, heard))
    Console(width=120).print(table)
    print("load", ", ".join(f"{value:.1f}" for value in os.getloadavg()))


def held_out(folder: Path, actors: list[int], count: int) -> list[Path]:
    """Return `count` clips of the test actors, chosen with a fixed seed."""
    clips = sorted(path for actor in actors for path in folder.glob(f"Actor_{actor:02d}/*.flac"))
    if not clips:
        raise SystemExit(f"no clips of actors {actors} under {folder}: run `dvc repro download`")
    return sorted(random.Random(0).sample(clips, min(count, len(clips))))


def shuffled(clips: list[Path], seed: int) -> list[Path]:
    """Return `clips` in an order of their own for `seed`."""
    return random.Random(seed).sample(clips, len(clips))


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
