"""Whether what is written again was said again: a decoder that loops writes over and over what the sound holds once.

The sound is compared with itself: each stretch of 0.48 s with the most similar other one, wherever that is, so that the
speaker may change pace and pause between. What is said once reaches 0.32 (median) to 0.52 (95 %), the same sentence
said two or three times by one actor of RAVDESS 0.64 (5 %: 0.46), four times by synthetic voices at changing pace 0.96
(5 %: 0.77). Rhythmic sounds (beeps, keys, music) do repeat themselves; that they are no voice is known otherwise.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from undertone.audio import RATE_HZ, Samples
from undertone.words.plausibility.evidence import Evidence

FRAME, HOP, BINS = 512, 320, 1024  # 32 ms every 20 ms
STRETCH, APART = 24, 14  # frames: 0.48 s, and how far the other one is at least
FLOOR_DB, LOUD_DB = -40.0, -25.0  # below the strongest band nothing counts; below the loud frames (95 %) no frame does
REPEATS_FROM, SURELY_REPEATS_FROM = 0.55, 0.6
TIMES = 5  # said so often, a word must be heard to come again
PHRASE_WORDS, PHRASE_WORDS_PER_SECOND = 3, 2.5  # different ones at least, and a pace at which nothing else was said

_WINDOW = np.hanning(FRAME).astype(np.float32)
_HZ = np.fft.rfftfreq(BINS, 1 / RATE_HZ)
_EDGES = np.geomspace(120, 6000, 25)
_BANDS = np.stack([(low <= _HZ) & (high > _HZ) for low, high in pairwise(_EDGES)], axis=1).astype(np.float32)


def mostly_again(words: list[str]) -> bool:
    """Return whether at least half of the words were there before: "no no", "I see I see", never a single word."""
    return 0 < 2 * len(set(words)) <= len(words)


def repeats(self_similarity: float | None) -> bool:
    """Return whether a sound is known to repeat itself."""
    return self_similarity is not None and self_similarity >= REPEATS_FROM


def only_one(words: list[str]) -> bool:
    """Return whether one word is there over and over: "No, no, no, no, no", which a lost decoder likes to write."""
    return len(words) >= TIMES and len(set(words)) == 1


def surely_repeats(self_similarity: float | None) -> bool:
    """Return whether a sound repeats itself beyond doubt, or nobody has looked."""
    return self_similarity is None or self_similarity >= SURELY_REPEATS_FROM


def loop_length(tokens: Sequence[int]) -> int:
    """Return how many of `tokens` a decoder wrote before it began anew, and went on so to the end; all, if it did not.

    `loop_length([5, 6, 7, 5, 6, 7, 5])` is 3; `loop_length([5, 6, 7, 5])` is 4: it must have come round once.
    """
    for length in range(1, len(tokens) // 2 + 1):
        if list(tokens[length:]) == list(tokens[:-length]):
            return length
    return len(tokens)


def is_said_once(phrase: Evidence, samples: Samples) -> bool:
    """Return whether `phrase`, which was written over and over, fills the speech of (n,) int16 at 16 kHz by itself.

    A phrase that leaves room for more is none: the decoder lost its way before the speech ended.
    """
    fills = phrase.words_per_second >= PHRASE_WORDS_PER_SECOND and len(set(phrase.words)) >= PHRASE_WORDS
    return fills and not repeats(self_similarity(samples))


def self_similarity(samples: Samples) -> float:
    """Return how similar stretches of (n,) int16 at 16 kHz are to others: 1 for a loop, 0 where it is too short.

    The mean, over stretches that are loud at least half of the time, of the correlation of the levels of 24 bands.
    """
    levels = _levels_db(samples)
    if len(levels) < STRETCH + APART:
        return 0.0
    loudness = levels.max(axis=1)
    loud = loudness >= np.quantile(loudness, 0.95) + LOUD_DB
    compared = _stretches(levels - levels[loud].mean(axis=0)).reshape(-1, STRETCH * levels.shape[1])
    compared /= np.linalg.norm(compared, axis=1, keepdims=True) + 1e-9
    similar = compared @ compared.T
    places = np.arange(len(similar))
    similar[np.abs(places[:, None] - places) < APART] = 0.0
    speaks = _stretches(loud[:, None].astype(np.float32)).mean(axis=(1, 2)) >= 0.5
    return float(similar.max(axis=1)[speaks].mean()) if speaks.any() else 0.0


def _levels_db(samples: Samples) -> NDArray[np.float32]:
    sound = np.pad(samples, (0, max(0, FRAME - len(samples)))).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(sound, FRAME)[::HOP] * _WINDOW
    power = np.abs(np.fft.rfft(frames, BINS)).astype(np.float32) ** 2 @ _BANDS
    levels: NDArray[np.float32] = 10 * np.log10(power + power.max() * 10 ** (FLOOR_DB / 10) + 1e-9)
    return levels


def _stretches(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return all stretches of (n, bands): (n - STRETCH + 1, bands, STRETCH)."""
    return np.lib.stride_tricks.sliding_window_view(frames, STRETCH, axis=0)
