"""Chooses the softmax temperature: the one number that makes a network's confidence honest.

Guo, Pleiss, Sun and Weinberger 2017, "On calibration of modern neural networks", ICML, section 4.2.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from undertone.probabilities import softmax
from undertone.scoring.scores import Labels, negative_log_likelihood

LOWEST, HIGHEST = 0.05, 20.0


def best_temperature(logits: NDArray[np.float32], actual: Labels) -> float:
    """Return the temperature with the least negative log-likelihood of `actual` (clips,) given logits (clips, 3)."""

    def loss(log_temperature: float) -> float:
        return negative_log_likelihood(actual, softmax(logits, float(np.exp(log_temperature))))

    found = minimize_scalar(loss, bounds=(np.log(LOWEST), np.log(HIGHEST)), method="bounded")
    return round(float(np.exp(found.x)), 4)
