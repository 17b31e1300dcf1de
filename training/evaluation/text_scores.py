"""The numbers that describe a text classifier on rows of the sets."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.corpora.texts.table import Row
from undertone.labels import label_index
from undertone.probabilities import softmax
from undertone.scoring.scores import classification_scores


def binary_accuracy(logits: NDArray[np.float64], actual: NDArray[np.int64]) -> float:
    """Return the share of rows of the two poles whose logit is larger than the other pole's; neutral rows are left out.

    `logits` (rows, 3), `actual` (rows,).
    """
    negative, positive = label_index("negative"), label_index("positive")
    poles = actual != label_index("neutral")
    found = np.where(logits[:, positive] > logits[:, negative], positive, negative)
    return float((found == actual)[poles].mean())


def sure(actual: NDArray[np.int64], probabilities: NDArray[np.float64], least: float = 0.9) -> dict[str, float | None]:
    """Return the share of rows whose largest probability is at least `least`, and how often those are right."""
    chosen = probabilities.max(axis=1) >= least
    right = probabilities.argmax(axis=1) == actual
    return {"share": float(chosen.mean()), "accuracy": float(right[chosen].mean()) if chosen.any() else None}


def plain_scores(logits: NDArray[np.float64], rows: Sequence[Row]) -> dict[str, float]:
    """Return macro-F1 of each set and the accuracy positive against negative on SST."""
    actual = np.array([label_index(row.label) for row in rows])
    scores = {}
    for source in sorted({row.source for row in rows}):
        own = np.array([row.source == source for row in rows])
        scores[f"{source}_macro_f1"] = classification_scores(actual[own], softmax(logits[own]))["macro_f1"]
        if source == "sst":
            scores["sst_binary_accuracy"] = binary_accuracy(logits[own], actual[own])
    return scores
