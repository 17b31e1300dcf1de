"""What hearing costs: Silero and the speech gate per 32 ms frame, a session (gate, moods) per second of speech.

Protocol: the promoted release, one thread, spoken clips of data/samples; each figure is the median of the rounds of one
run.

    python benchmarks/frame_cost.py
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from undertone.audio import FRAME_SAMPLES, RATE_HZ, to_float
from undertone.audio_file import read
from undertone.gate.ears import Ear
from undertone.gate.listener import MAX_UTTERANCE_MS, Listener
from undertone.release import open_release
from undertone.stream.session import Session

ROUNDS = 20


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path, default=Path("models/promoted"))
    parser.add_argument("--samples", type=Path, default=Path("data/samples"))
    arguments = parser.parse_args()
    release = open_release(arguments.release)
    speech = np.concatenate([read(path) for path in sorted(arguments.samples.glob("*.flac"))])
    frames = speech[: len(speech) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    silero, vad = Ear(release.silero), release.manifest.vad
    listener = Listener(release.silero, vad, vad.endpoint_silence_ms, MAX_UTTERANCE_MS)
    sounds = to_float(frames)
    second, duration_s = speech[:RATE_HZ], len(speech) / RATE_HZ
    rows = {
        "Silero, per 32 ms frame (ms)": seconds(lambda: [silero.hear(f) for f in sounds]) / len(frames),
        "the speech gate, per 32 ms frame (ms)": seconds(lambda: hear_all(listener, frames)) / len(frames),
        "acoustic model, 1 s window (ms)": seconds(lambda: [release.acoustic.probabilities(second)]),
        "session, per second of speech (ms)": seconds(lambda: Session(release).feed(speech.tobytes())) / duration_s,
    }
    table = Table("figure", "median", title=f"{duration_s:.0f} s of speech, {ROUNDS} rounds")
    for name, value in rows.items():
        table.add_row(name, f"{1000 * value:.3f}")
    share = rows["session, per second of speech (ms)"]
    table.add_row("session, share of one core in real time", f"{share:.2%}")
    Console().print(table)


def hear_all(listener: Listener, frames: NDArray[np.int16]) -> None:
    """Let `listener` hear `frames` (n, 512) as a stream of their own."""
    for index, frame in enumerate(frames):
        listener.hear(frame, index * FRAME_SAMPLES)
    listener.end_now(len(frames) * FRAME_SAMPLES, "finish")


def seconds(function: Callable[[], object]) -> float:
    """Return the median duration of `function` over the rounds, after one to warm up."""
    durations = []
    for _ in range(ROUNDS + 1):
        began_s = time.perf_counter()
        function()
        durations.append(time.perf_counter() - began_s)
    return float(np.median(durations[1:]))


if __name__ == "__main__":
    main()
