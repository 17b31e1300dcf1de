"""Two evaluations of the same recordings: which is better, surely, and which verdicts changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from undertone.evaluation.drawn import bootstrap, drawn_scores
from undertone.evaluation.summary import SAMPLES, SEED, indices
from undertone.scoring.intervals import interval

SCORES = {"UAR": "uar", "accuracy": "accuracy", "macro-F1": "macro_f1"}


class CompareError(ValueError):
    """Two evaluations cannot be compared; the message says why."""


@dataclass(frozen=True)
class Comparison:
    """What B has more than A: for each score the values and the 95 % interval of the difference; `changed` verdicts."""

    recordings: int
    scores: Mapping[str, Mapping[str, Any]]
    changed: pd.DataFrame


def compare(first: pd.DataFrame, second: pd.DataFrame) -> Comparison:
    """Return what `second` has more than `first`, both tables of predictions, over the recordings that both judged.

    The bootstrap is paired: each sample draws the same speakers, or recordings, for both (Efron & Tibshirani 1993, "An
    Introduction to the Bootstrap", chapter 8).

    Raises:
        CompareError: no recording is in both, or one has another label in each.
    """
    both = first.merge(second, on="audio", suffixes=("_a", "_b"))
    both = both[both["verdict_a"].notna() & both["verdict_b"].notna()].reset_index(drop=True)
    if not len(both):
        raise CompareError("no recording was judged in both evaluations")
    if (both["label_a"] != both["label_b"]).any():
        name = both.loc[both["label_a"] != both["label_b"], "audio"].iloc[0]
        raise CompareError(f"{name} has another label in each evaluation")
    columns = ["audio", "label_a", "verdict_a", "verdict_b"]
    changed = both.loc[both["verdict_a"] != both["verdict_b"], columns].rename(columns={"label_a": "label"})
    return Comparison(len(both), _scores(both), changed)


def _scores(both: pd.DataFrame) -> dict[str, dict[str, Any]]:
    whole = np.ones((1, len(both)))
    weights = np.vstack([whole, bootstrap(both["speaker_a"], SAMPLES, SEED)])
    labels, first, second = (indices(both[column]) for column in ("label_a", "verdict_a", "verdict_b"))
    drawn = [drawn_scores(labels, said, weights) for said in (first, second)]
    return {
        title: {
            "a": float(drawn[0][name][0]),
            "b": float(drawn[1][name][0]),
            "difference": float(drawn[1][name][0] - drawn[0][name][0]),
            "interval": interval((drawn[1][name] - drawn[0][name])[1:]),
        }
        for title, name in SCORES.items()
    }
