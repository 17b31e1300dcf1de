"""The numbers that describe a classifier on a set of clips. It reads arrays and knows nothing of models or files.

Throughout, `actual` is int (clips,), `probabilities` is float (clips, 3) in the order of `LABELS`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, log_loss, recall_score

from undertone.labels import LABELS

Labels = NDArray[np.int64]
Probabilities = NDArray[np.float64]
CLASSES = list(range(len(LABELS)))


def uar(actual: Labels, predicted: Labels) -> float:
    """Return the unweighted average recall: the mean over the labels that occur of the share recognised."""
    present = np.unique(actual)
    return float(recall_score(actual, predicted, labels=present, average="macro", zero_division=0.0))


def confusion(actual: Labels, predicted: Labels) -> NDArray[np.int64]:
    """Return the counts (3, 3) of what was taken for what; rows are actual."""
    return np.asarray(confusion_matrix(actual, predicted, labels=CLASSES))


def negative_log_likelihood(actual: Labels, probabilities: Probabilities) -> float:
    """Return the mean of -log P(actual label), in nats."""
    return float(log_loss(actual, probabilities, labels=CLASSES))


def expected_calibration_error(actual: Labels, probabilities: Probabilities, bins: int = 15) -> float:
    """Return the mean gap between confidence and accuracy over `bins` equal-width bins of confidence.

    Guo, Pleiss, Sun and Weinberger 2017, "On calibration of modern neural networks", ICML, equation 3.
    """
    confidence, correct, indices = by_confidence(actual, probabilities, bins)
    gaps = np.bincount(indices, weights=correct - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(actual))


def by_confidence(
    actual: Labels, probabilities: Probabilities, bins: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
    """Return of each clip its confidence, whether it is right, and the index of its bin of `bins` equal-width ones."""
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == actual
    return confidence, correct, np.minimum((confidence * bins).astype(int), bins - 1)


def uar_by_actor(actual: Labels, predicted: Labels, actors: Labels) -> dict[str, float]:
    """Return the UAR of each actor's own clips, keyed by the two digits of the actor."""
    return {
        f"{actor:02d}": uar(actual[actors == actor], predicted[actors == actor]) for actor in np.unique(actors).tolist()
    }


def classification_scores(actual: Labels, probabilities: Probabilities) -> dict[str, Any]:
    """Return accuracy, UAR, macro-F1, recall of each label, confusion counts (rows are actual), NLL and ECE."""
    predicted = probabilities.argmax(axis=1)
    counts = confusion(actual, predicted)
    recalls = recall_score(actual, predicted, labels=CLASSES, average=None, zero_division=0.0)
    return {
        "accuracy": float(accuracy_score(actual, predicted)),
        "uar": uar(actual, predicted),
        "macro_f1": float(f1_score(actual, predicted, labels=CLASSES, average="macro", zero_division=0.0)),
        "recall": {label: float(recall) for label, recall in zip(LABELS, recalls, strict=True)},
        "confusion": {
            label: dict(zip(LABELS, row, strict=True)) for label, row in zip(LABELS, counts.tolist(), strict=True)
        },
        "nll": negative_log_likelihood(actual, probabilities),
        "ece": expected_calibration_error(actual, probabilities),
    }
