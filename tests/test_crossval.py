"""Cross-validation: its figures follow from what the networks answered, and its folds from the actors."""

import numpy as np
import pytest

from contract.labels import LABELS
from training.crossval_plots import write_plots
from training.crossval_scores import Heard, calibrated, scores_of
from training.params import load_params

pytestmark = pytest.mark.fast


@pytest.fixture(scope="module")
def section(repository):
    return load_params(repository / "params.yaml")["crossval"] | {"bootstrap_samples": 200}


def heard(section, noise_costs=1.0, scale=1.0):
    """Answers of a network that is right by a margin, less so under noise; eight actors in four folds."""
    random = np.random.default_rng(0)
    actual = np.tile([0, 1, 2], 160)
    actors, emotions = np.repeat(np.arange(1, 9), 60), np.tile(np.arange(8), 60)
    names = ["whole", "telephone", *(f"window_{s:g}s" for s in section["windows_s"])]
    names += [f"gain_{gain:g}dB" for gain in section["gains_db"]]
    noisy = [f"{kind}_{snr:g}dB" for kind in ("white", "pink", "babble") for snr in section["snrs_db"]]
    clean = 2.0 * np.eye(3)[actual] + random.normal(0, 1, (480, 3))
    logits = {name: (scale * clean).astype(np.float32) for name in names}
    logits |= {name: (clean + random.normal(0, noise_costs, clean.shape)).astype(np.float32) for name in noisy}
    return Heard(actual, actors, (actors - 1) // 2, emotions, logits, np.eye(8, dtype=np.float32)[emotions])


def test_all_figures_of_the_table_are_there_and_noise_lowers_them(section):
    scores = scores_of(heard(section, noise_costs=2.0), section)
    assert scores["uar"] > scores["noise"]["mean_10dB"] + 0.05
    assert scores["uar_interval"]["low"] < scores["uar"] < scores["uar_interval"]["high"]
    assert len(scores["uar_by_fold"]) == 4
    assert scores["emotion_accuracy"] == 1.0
    assert scores["gain_change"] == 0.0
    assert set(scores["window"]) == {"0.5", "1", "1.5", "2", "3"}


def test_calibration_makes_overconfident_answers_honest(section):
    scores = scores_of(heard(section, scale=4.0), section)
    assert scores["ece"] < 0.05 < scores["ece_uncalibrated"]


def test_a_fold_is_calibrated_by_the_others_alone(section):
    before = heard(section)
    logits = dict(before.logits)
    logits["whole"] = np.where((before.folds == 2)[:, None], 10 * logits["whole"], logits["whole"])
    after = Heard(before.actual, before.actors, before.folds, before.emotions, logits, None)
    own = before.folds == 2
    sharpened = calibrated(after)[own].max(axis=1).mean()
    assert sharpened > calibrated(before)[own].max(axis=1).mean() + 0.05
    assert scores_of(after, section)["emotion_accuracy"] is None


def test_the_plots_have_a_row_for_every_condition(section, tmp_path):
    write_plots({"resnet": heard(section), "baseline": heard(section, scale=0.5)}, section, tmp_path)
    rows = {path.stem: path.read_text().splitlines() for path in tmp_path.glob("*.csv")}
    assert rows["crossval_noise"][0].split(",")[:2] == ["snr_db", "resnet_white"]
    assert len(rows["crossval_noise"]) == 1 + len(section["snrs_db"])
    assert len(rows["crossval_window"]) == 1 + len(section["windows_s"])
    assert len(rows["crossval_confusion"]) == 1 + 480
    assert rows["crossval_reliability"][0] == "confidence,resnet,baseline,ideal"
    assert set(rows["crossval_confusion"][1].split(",")) <= set(LABELS)
