"""The numbers of an evaluation: of the verdict, of voice and words alone; what fusing did; by group."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from undertone.evaluation.drawn import bootstrap, drawn_scores, has_speakers
from undertone.evaluation.groups import groups
from undertone.evaluation.predictions import LANES, vectors
from undertone.labels import label_index
from undertone.scoring.intervals import interval
from undertone.scoring.scores import by_confidence, classification_scores
from undertone.scoring.word_errors import word_error_rate

SAMPLES, SEED, BINS = 2000, 0, 10
Values = NDArray[np.float64]
Summary = dict[str, Any]


def summary(table: pd.DataFrame, protocol: Mapping[str, Any]) -> Summary:
    """Return the numbers of `table` (undertone/evaluation/predictions.py), ready for JSON.

    Intervals are 95 % percentile bootstraps over speakers where there are three or more, else over recordings.
    """
    judged = table[table["verdict"].notna()].reset_index(drop=True)
    counts = {"recordings": len(table), "judged": len(judged), "without_speech": _silent(table)}
    counts |= {"unreadable": int(table["failure"].notna().sum()), "damaged": int(table["damage"].notna().sum())}
    result: Summary = {"protocol": dict(protocol), "counts": counts}
    if not len(judged):
        return result
    weights = bootstrap(judged["speaker"], SAMPLES, SEED)
    lanes = {lane: _lane(judged, lane, weights) for lane in LANES}
    return result | {
        "intervals_over": "speakers" if has_speakers(judged["speaker"]) else "recordings",
        "lanes": lanes,
        "fusing": _fusing(judged),
        "abstention": _abstention(judged),
        "words": _words(judged),
        "latency_ms": {name: _percentiles(judged[name]) for name in ("ttfm_ms", "ttfs_ms")},
        "groups": groups(judged, SAMPLES, SEED),
    }


def indices(labels: "pd.Series[Any]") -> NDArray[np.int64]:
    """Return labels as numbers, (rows,)."""
    return np.array([label_index(label) for label in labels], dtype=np.int64)


def _silent(table: pd.DataFrame) -> int:
    return int((table["verdict"].isna() & table["failure"].isna()).sum())


def _lane(table: pd.DataFrame, lane: str, weights: Values) -> Summary | None:
    spoke = table[lane].notna().to_numpy()
    if not spoke.any():
        return None
    labels, said = indices(table["label"][spoke]), vectors(table[spoke], lane)
    scores = classification_scores(labels, said)
    drawn = drawn_scores(labels, said.argmax(axis=1), weights[:, spoke])
    return {
        "recordings": int(spoke.sum()),
        **scores,
        "intervals": {name: interval(values) for name, values in drawn.items()},
        "reliability": _reliability(labels, said),
    }


def _reliability(labels: NDArray[np.int64], said: Values) -> list[Summary]:
    confidence, correct, bins = by_confidence(labels, said, BINS)
    return [
        {
            "confidence": float(confidence[bins == n].mean()),
            "accuracy": float(correct[bins == n].mean()),
            "recordings": int((bins == n).sum()),
        }
        for n in range(BINS)
        if (bins == n).any()
    ]


def _fusing(table: pd.DataFrame) -> Summary:
    """Return how often the verdict is right where a lane alone is not, and the other way round."""
    right = {lane: (table[lane] == table["label"]).fillna(False).to_numpy(dtype=bool) for lane in LANES}
    return {
        lane: {
            "helped": int((right["verdict"] & ~right[lane]).sum()),
            "harmed": int((~right["verdict"] & right[lane]).sum()),
        }
        for lane in ("voice", "words")
    }


def _abstention(table: pd.DataFrame) -> Summary:
    """Return how right the verdict is where it speaks and where it abstains, and its error at every coverage."""
    abstains = table["abstain"].fillna(True).to_numpy(dtype=bool)
    correct = (table["verdict"] == table["label"]).to_numpy(dtype=bool)
    order = np.argsort(-vectors(table, "verdict").max(axis=1), kind="stable")
    errors = np.cumsum(~correct[order]) / np.arange(1, len(order) + 1)
    return {
        "share": float(abstains.mean()),
        "accuracy_speaking": float(correct[~abstains].mean()) if (~abstains).any() else None,
        "accuracy_abstaining": float(correct[abstains].mean()) if abstains.any() else None,
        "error_by_coverage": [[(n + 1) / len(errors), float(error)] for n, error in enumerate(errors)],
    }


def _words(table: pd.DataFrame) -> Summary:
    said = table[table["text"].notna()]
    reasons = table["reason"].dropna().value_counts().to_dict()
    rate = word_error_rate(list(said["text"]), list(said["heard"].fillna(""))) if len(said) else None
    return {
        "with_words": int(table["words"].notna().sum()),
        "without": {str(reason): int(count) for reason, count in reasons.items()},
        "recordings_with_text": len(said),
        "word_error_rate": rate,
    }


def _percentiles(values: "pd.Series[Any]") -> Summary | None:
    known = values.dropna().to_numpy(dtype=float)
    if not len(known):
        return None
    return dict(zip(("p50", "p95", "p99"), (float(one) for one in np.percentile(known, [50, 95, 99])), strict=True))
