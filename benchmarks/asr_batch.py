"""CPU time of one utterance when several are heard at once, and whether they are heard the same: tiny.en.

Protocol: held-out clips cut to their speech, one thread, in batches of 1, 2, 4 and 8 that take turns, so that a busy
machine slows all of them; the least CPU time of the rounds counts. CPU time, not the clock: other work on the
machine does not count, but what it does to the caches does.

    python benchmarks/asr_batch.py
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from speculation import held_out
from spoken_track import voiced

from serving.threads import add_up_alone
from training.params import load_params
from undertone.audio_file import read
from undertone.words.engines.recogniser import AsrSettings, Recogniser, Sound, Transcript, load_recogniser
from undertone.words.sentiment import load_text_model

SIZES = (1, 2, 4, 8)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="tiny.en", help="hub name or folder of a CTranslate2 Whisper")
    parser.add_argument("--release", type=Path, default=Path("models/promoted"))
    parser.add_argument("--ravdess", type=Path, default=Path("ravdess"))
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    add_up_alone()
    clips = held_out(arguments.ravdess, load_params()["split"]["test_actors"], arguments.clips)
    sounds = [Sound(voiced(read(clip))) for clip in clips]
    recogniser = load_recogniser(AsrSettings(model=arguments.model))
    spent_s: dict[int, float] = dict.fromkeys(SIZES, np.inf)
    heard: dict[int, list[Transcript]] = {}
    for _ in range(arguments.rounds):
        for size in SIZES:
            seconds, heard[size] = in_batches(recogniser, sounds, size)
            spent_s[size] = min(spent_s[size], seconds)
    report(spent_s, heard, len(sounds))
    text, words = load_text_model(arguments.release), [transcript.text for transcript in heard[1]]
    began_s = time.process_time()
    for said in words:
        text.probabilities(said)
    print(f"the text model takes {1000 * (time.process_time() - began_s) / len(words):.1f} ms for each")


def in_batches(recogniser: Recogniser, sounds: Sequence[Sound], size: int) -> tuple[float, list[Transcript]]:
    """Return the CPU seconds for all of `sounds`, `size` at once, and what was heard."""
    began_s, heard = time.process_time(), []
    for start in range(0, len(sounds), size):
        heard += recogniser.transcribe_all(sounds[start : start + size])
    return time.process_time() - began_s, heard


def report(spent_s: dict[int, float], heard: dict[int, list[Transcript]], count: int) -> None:
    """Print the time of an utterance at each size, and how many are heard otherwise than alone."""
    table = Table("at once", "CPU ms of an utterance", "of that alone", "heard otherwise", title=f"{count} clips")
    for size in SIZES:
        other = sum(one != alone for one, alone in zip(heard[size], heard[1], strict=True))
        table.add_row(str(size), f"{1000 * spent_s[size] / count:.0f}", f"{spent_s[size] / spent_s[1]:.2f}", str(other))
    Console().print(table)


if __name__ == "__main__":
    main()
