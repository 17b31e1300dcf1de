"""Two evaluations of the same recordings."""

import pandas as pd
import pytest

from undertone.evaluation.compare import CompareError, compare
from undertone.labels import LABELS

pytestmark = pytest.mark.fast


def table(verdicts, labels=LABELS * 20):
    names = [f"{n}.wav" for n in range(len(labels))]
    return pd.DataFrame({"audio": names, "label": labels, "verdict": verdicts, "speaker": None})


def test_a_better_one_is_better_by_more_than_chance():
    right = list(LABELS * 20)
    wrong = ["neutral"] * 30 + right[30:]
    comparison = compare(table(wrong), table(right))
    uar = comparison.scores["UAR"]
    assert (uar["b"], uar["difference"]) == (1.0, pytest.approx(1 / 3))
    assert uar["interval"]["low"] > 0
    assert (comparison.recordings, len(comparison.changed)) == (60, 20)


def test_the_same_twice_differs_by_nothing():
    comparison = compare(table(list(LABELS * 20)), table(list(LABELS * 20)))
    assert all(score["interval"] == {"low": 0.0, "high": 0.0} for score in comparison.scores.values())


def test_evaluations_of_other_recordings_or_labels_are_refused():
    with pytest.raises(CompareError, match="no recording was judged in both"):
        compare(table(list(LABELS * 20)), table(list(LABELS * 20)).assign(audio="other"))
    with pytest.raises(CompareError, match="has another label"):
        compare(table(list(LABELS * 20)), table(["neutral"] * 60, ["negative", *["neutral"] * 59]))
