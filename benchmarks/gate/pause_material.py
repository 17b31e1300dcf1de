"""Spoken tracks whose sentences, and the pauses inside them, are at known places.

`pauses.txt` has a sentence a line, a pause where it says `|`: behind a comma, a conjunction, a preposition or an
article. Its parts are spoken one by one, by hibari-tts and by espeak-ng, and joined with 0.25 to 0.8 s of near-silence;
between two sentences are 1.0 to 2.0 s. RAVDESS clips are sentences of one part.
"""

import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.sounds.speaking import PUBLISHED, Speaker
from undertone.audio import RATE_HZ, Samples
from undertone.audio_file import read

SENTENCES = Path(__file__).parent / "pauses.txt"
CHOSEN = 60  # the first lines: the words and probabilities of undertone/stream/meaning.py were chosen on them
INSIDE_S, BETWEEN_S = (0.25, 0.8), (1.0, 2.0)
QUIET, FRAME, FLOOR_DB, NOISE = 200, 160, 30, 3.0  # of 32768; 10 ms; below the loudest; of 32768, standard deviation

Say = Callable[[str, int], Samples]


@dataclass(frozen=True)
class Track:
    """Samples (n,) int16 at 16 kHz, and first and last speech sample of each sentence."""

    samples: Samples
    sentences: tuple[tuple[int, int], ...]


def lines(half: str) -> list[tuple[str, ...]]:
    """Return the parts of each sentence of a half, "chosen" or "report"."""
    every = [tuple(part.strip() for part in line.split("|")) for line in SENTENCES.read_text("utf-8").splitlines()]
    return every[:CHOSEN] if half == "chosen" else every[CHOSEN:]


def spoken(sentences: Iterable[Sequence[str]], say: Say) -> list[list[Samples]]:
    """Return each sentence as its spoken parts; `say(text, number)` speaks, differently by the number."""
    return [[voiced(say(part, number)) for part in parts] for number, parts in enumerate(sentences)]


def hibari() -> Say:
    """Return the voice of hibari-tts, of two sizes in turn."""
    speaker = Speaker()
    voices = PUBLISHED, {"size": 1.12, "pace": 1.0}
    return lambda text, number: speaker.speak(text, voices[number % 2], seed=number)


def espeak(text: str, number: int) -> Samples:
    """Say `text` with espeak-ng, American and British in turn."""
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said.wav"
        accent = ("en-us", "en-gb")[number % 2]
        subprocess.run(["espeak-ng", "-v", accent, "-s", "160", "-w", str(said), text], check=True)
        return read(said)


def joined(sentences: Sequence[Sequence[Samples]], seed: int = 0) -> Track:
    """Return a track of `sentences`, each of one or several parts."""
    rng = np.random.default_rng(seed)
    pieces, places, position = [_silence(rng, *BETWEEN_S)], [], 0
    for parts in sentences:
        start = position = sum(map(len, pieces))
        for number, part in enumerate(parts):
            pieces += [part, _silence(rng, *(BETWEEN_S if part is parts[-1] else INSIDE_S))]
            position += len(part) + (len(pieces[-1]) if number + 1 < len(parts) else 0)
        places.append((start, position))
    return Track(np.concatenate([*pieces, _silence(rng, *BETWEEN_S)]), tuple(places))


def voiced(samples: Samples) -> Samples:
    """Return `samples` from the first that is louder than noise to the last 10 ms within 30 dB of the loudest."""
    whole = samples[int(np.flatnonzero(np.abs(samples.astype(np.int32)) > QUIET)[0]) :]
    frames = whole[: len(whole) // FRAME * FRAME].reshape(-1, FRAME).astype(float)
    level = 10 * np.log10(np.mean(frames**2, axis=1) + 1)
    return whole[: int(np.flatnonzero(level >= level.max() - FLOOR_DB)[-1] + 1) * FRAME]


def _silence(rng: np.random.Generator, shortest_s: float, longest_s: float) -> Samples:
    length = int(rng.uniform(shortest_s, longest_s) * RATE_HZ)
    return np.asarray(rng.normal(0, NOISE, length).round(), dtype=np.int16)
