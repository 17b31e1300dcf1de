"""The bootstrap of an evaluation: speakers, or recordings, drawn with replacement, and the scores of each sample."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from undertone.labels import LABELS
from undertone.scoring.intervals import resamples

_LEAST_SPEAKERS = 3  # of fewer than that a bootstrap over speakers says nothing
Values = NDArray[np.float64]


def has_speakers(speakers: "pd.Series[Any]") -> bool:
    """Tell whether speakers can be drawn: each recording has one, and they are three or more."""
    return bool(speakers.notna().all()) and speakers.nunique() >= _LEAST_SPEAKERS


def bootstrap(speakers: "pd.Series[Any]", samples: int, seed: int) -> Values:
    """Return how often each recording is in each sample, (samples, recordings)."""
    drawn = speakers.astype("category").cat.codes if has_speakers(speakers) else range(len(speakers))
    return resamples([np.asarray(drawn, dtype=np.int64)], samples, seed)


def drawn_scores(labels: NDArray[np.int64], said: NDArray[np.int64], weights: Values) -> dict[str, Values]:
    """Return UAR, macro-F1, accuracy and each recall in every sample of `weights` (samples, rows) that has any row."""
    weights = weights[weights.sum(axis=1) > 0]
    tables = np.zeros((len(weights), len(LABELS), len(LABELS)))
    for label in range(len(LABELS)):
        for answer in range(len(LABELS)):
            tables[:, label, answer] = weights[:, (labels == label) & (said == answer)].sum(axis=1)
    hits, of_label, of_answer = np.diagonal(tables, axis1=1, axis2=2), tables.sum(axis=2), tables.sum(axis=1)
    with np.errstate(invalid="ignore"):
        recalls = hits / of_label
        macro_f1 = (2 * hits / np.maximum(of_label + of_answer, 1e-9)).mean(axis=1)
        accuracy = hits.sum(axis=1) / of_label.sum(axis=1)
    by_label = {f"recall_{name}": _known(recalls[:, n]) for n, name in enumerate(LABELS) if (labels == n).any()}
    present = recalls[:, [(labels == n).any() for n in range(len(LABELS))]]
    return {"uar": np.nanmean(present, axis=1), "macro_f1": macro_f1, "accuracy": accuracy, **by_label}


def _known(values: Values) -> Values:
    return values[~np.isnan(values)]
