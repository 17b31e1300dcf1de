"""Whether the verdict is as right for one group of recordings as for another: by language, sex, whatever is named.

Differences are tested by permutation: the groups are dealt anew to the recordings of each label, and the spread of the
accuracies is compared (Good 2005, "Permutation, Parametric and Bootstrap Tests of Hypotheses", chapter 3). The p-values
of all columns are corrected by Holm's method.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from undertone.labels import label_index
from undertone.scoring.intervals import interval, resamples
from undertone.scoring.scores import uar

ALPHA = 0.05
_LEAST = 5  # recordings, for a group to be compared


def groups(table: pd.DataFrame, samples: int, seed: int) -> list[dict[str, Any]]:
    """Return for each column of groups what each group came to, and whether they differ more than chance allows."""
    columns = [column for column in table if column.startswith("group_")]
    found = [_column(table, column, samples, seed) for column in columns]
    tested = [one for one in found if one["p"] is not None]
    for one, corrected in zip(tested, holm([one["p"] for one in tested]), strict=True):
        one["p_holm"], one["differ"] = corrected, corrected < ALPHA
    return found


def holm(values: list[float]) -> list[float]:
    """Return p-values corrected for how many they are (Holm 1979, Scandinavian Journal of Statistics 6(2))."""
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate([values[n] * (len(values) - rank) for rank, n in enumerate(order)])
    corrected = np.empty(len(values))
    corrected[order] = np.minimum(stepped, 1.0)
    return [float(value) for value in corrected]


def _column(table: pd.DataFrame, column: str, samples: int, seed: int) -> dict[str, Any]:
    parts = [(str(name), part) for name, part in table.groupby(column, sort=True)]
    compared = [name for name, part in parts if len(part) >= _LEAST]
    p = _p_value(table[table[column].isin(compared)], column, samples, seed) if len(compared) > 1 else None
    members = [_group(name, part, samples, seed) for name, part in parts]
    return {"name": column.removeprefix("group_"), "groups": members, "p": p, "p_holm": None, "differ": False}


def _group(name: str, part: pd.DataFrame, samples: int, seed: int) -> dict[str, Any]:
    correct = _correct(part)
    drawn = resamples([np.arange(len(part))], samples, seed)
    labels, said = (np.array([label_index(one) for one in part[column]]) for column in ("label", "verdict"))
    return {
        "name": name,
        "recordings": len(part),
        "accuracy": float(correct.mean()),
        "interval": interval(drawn @ correct / drawn.sum(axis=1)),
        "uar": uar(labels, said),
        "abstains": float(part["abstain"].fillna(True).mean()),
    }


def _correct(part: pd.DataFrame) -> NDArray[np.float64]:
    return (part["verdict"] == part["label"]).to_numpy(dtype=np.float64)


def _p_value(table: pd.DataFrame, column: str, samples: int, seed: int) -> float:
    correct, member = _correct(table), table[column].astype("category").cat.codes.to_numpy()
    random, strata = np.random.default_rng(seed), _strata(table, column)
    seen = _spread(correct, member)
    as_large = sum(_spread(correct, _dealt(member, strata, random)) >= seen - 1e-12 for _ in range(samples))
    return (as_large + 1) / (samples + 1)


def _strata(table: pd.DataFrame, column: str) -> "pd.Series[Any]":
    """Return of each row what the groups are dealt within: its label, unless the groups are those of labels."""
    by_label = table.groupby(column)["label"].nunique().min() > 1
    return table["label"] if by_label else pd.Series("all", index=table.index)


def _dealt(member: NDArray[Any], strata: "pd.Series[Any]", random: np.random.Generator) -> NDArray[Any]:
    dealt = member.copy()
    for rows in strata.groupby(strata).indices.values():
        dealt[rows] = random.permutation(member[rows])
    return dealt


def _spread(correct: NDArray[np.float64], member: NDArray[Any]) -> float:
    """Return the mean squared deviation of the groups' accuracies from the whole, each as often as its recordings."""
    sizes = np.bincount(member)
    means = np.bincount(member, weights=correct) / np.maximum(sizes, 1)
    return float((sizes * (means - correct.mean()) ** 2).sum() / len(correct))
