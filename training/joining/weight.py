"""How much the ear counts beside the acoustic network, and how sure both together may be."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undertone.probabilities import softmax
from undertone.scoring.calibration import best_temperature
from undertone.scoring.scores import negative_log_likelihood
from undertone.voice.joined import logits_of_both

STEP = 0.05

Probabilities = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Joining:
    """The weight of the ear in [0, 1], and the temperature of both joined: those of undertone/voice/joined.py."""

    weight: float
    temperature: float

    def probabilities(self, cnn: Probabilities, ear: Probabilities) -> Probabilities:
        """Return what both say together, (n, 3), from what each says."""
        return softmax(logits_of_both(cnn, ear, self.weight), self.temperature)


def choose_joining(cnn: Probabilities, ear: Probabilities, actual: Labels) -> Joining:
    """Return weight and temperature of least log loss on utterances (n, 3) with their labels (n,)."""
    tried = [_with_weight(cnn, ear, actual, weight) for weight in np.arange(0.0, 1.0 + STEP / 2, STEP)]
    return min(tried, key=lambda one: negative_log_likelihood(actual, one.probabilities(cnn, ear)))


def _with_weight(cnn: Probabilities, ear: Probabilities, actual: Labels, weight: float) -> Joining:
    logits = logits_of_both(cnn, ear, weight)
    return Joining(round(float(weight), 2), best_temperature(logits.astype(np.float32), actual))
