"""How an utterance is cut for the voice: into stretches as long as those that the network learned on.

    windows(40_000)  -> [(0, 40000)]                        2.5 s at 16 kHz and less is heard at once
    windows(80_000)  -> [(0, 32000), (16000, 48000), ...]   longer speech in 2 s, every second or a little more often

The network learned on crops of 0.8 to 3 s. Heard at once, a sentence of six seconds is a place that it has never been
to, and it answers there with confidence; the mean of what it says of the parts (Hansen and Salamon 1990, "Neural
network ensembles", IEEE TPAMI 12(10), on averaging members that err apart) is sure only where the parts agree.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from undertone.audio import RATE_HZ
from undertone.probabilities import Probabilities, softmax

WINDOW_SAMPLES = 32_000  # 2 s at 16 kHz
HOP_SAMPLES = RATE_HZ  # a second at most
WHOLE_SAMPLES = 40_000  # what is no longer than this stays whole


def windows(samples: int) -> list[tuple[int, int]]:
    """Return half-open ranges that cover `samples`, all of one length."""
    if samples <= WHOLE_SAMPLES:
        return [(0, samples)]
    count = -(-(samples - WINDOW_SAMPLES) // HOP_SAMPLES) + 1
    starts = np.linspace(0, samples - WINDOW_SAMPLES, count).astype(int).tolist()
    return [(start, start + WINDOW_SAMPLES) for start in starts]


def cut(waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the windows of `waveform` (samples,), stacked: (windows, samples of each)."""
    return np.stack([waveform[start:end] for start, end in windows(len(waveform))])


def mean_over_windows(logits: ArrayLike, temperature: float) -> Probabilities:
    """Return the probabilities (3,) of an utterance from the `logits` (windows, 3): the mean of each one's softmax."""
    return np.asarray(softmax(logits, temperature).mean(axis=0))
