"""Probability vectors in the order of `undertone.labels.LABELS`: from logits, checked, and as numbers by label.

How several of them are joined is in undertone/fusion.py; it is apart so that a change of the fusion makes no network
old.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from undertone.labels import LABELS

Probabilities = NDArray[np.float64]


def softmax(logits: ArrayLike, temperature: float = 1.0) -> Probabilities:
    """Return softmax(logits / temperature) over the last axis; `temperature` > 0 comes from the manifest."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    exponentials = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def checked(vector: ArrayLike, name: str) -> Probabilities:
    """Return `vector` (..., 3) as float64.

    Raises:
        ValueError: it is not three probabilities in its last axis that sum to 1; the message has `name`.
    """
    array = np.asarray(vector, dtype=np.float64)
    if array.shape[-1:] != (len(LABELS),):
        raise ValueError(f"{name} must have {len(LABELS)} probabilities in its last axis, not shape {array.shape}")
    if not np.allclose(array.sum(axis=-1), 1.0, atol=1e-3) or (array < 0).any():
        raise ValueError(f"{name} must be probabilities that sum to 1, not {array.tolist()}")
    return array


def by_label(vector: Probabilities) -> dict[str, float]:
    """Return a vector (3,) with names: `{"negative": 0.1, "neutral": 0.2, "positive": 0.7}`."""
    return dict(zip(LABELS, vector.tolist(), strict=True))


def vector_of(named: Mapping[str, float]) -> Probabilities:
    """Return the vector (3,) of `by_label`, the same numbers to the last digit."""
    return np.array([named[label] for label in LABELS])


def label_of(named: Mapping[str, float]) -> str:
    """Return the label that has the largest probability, the first of those that share it."""
    return max(LABELS, key=lambda label: named[label])
