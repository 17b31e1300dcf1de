"""Cross-validation: its figures follow from what the networks answered, and its folds from the actors."""

from dataclasses import asdict, fields

import numpy as np
import pytest

from training.acoustic.fitting import labels_of
from training.acoustic.resnet import EMOTIONS
from training.corpora.ravdess.clips import Clip
from training.corpora.ravdess.names import expected_names, parse_name
from training.crossval.plots import write_plots
from training.crossval.scores import Heard, calibrated, check_section, scores_of
from training.params import load_params
from undertone.labels import LABELS

pytestmark = pytest.mark.fast

LABEL_OF = {"neutral": "neutral", "calm": "neutral", "happy": "positive", "surprised": "positive"}


@pytest.fixture(scope="module")
def section(repository):
    return load_params(repository / "params.yaml")["crossval"] | {"bootstrap_samples": 200}


def clip_of(name):
    """The clip that `name` describes, without its sound."""
    parsed = parse_name(name)
    said = asdict(parsed) | {"sex": parsed.sex, "label": LABEL_OF.get(parsed.emotion, "negative")}
    kept = {"name": name, "heard": True, "start_sample": 0, "end_sample": 0, "mfcc": np.zeros((1, 40), np.float32)}
    return Clip(**{field.name: (said | kept)[field.name] for field in fields(Clip)})


def heard(section, noise_costs=1.0, scale=1.0):
    """Answers of a network that is right by a margin, less so under noise; eight actors in four folds."""
    random = np.random.default_rng(0)
    clips = [clip_of(name) for name in sorted(expected_names(range(1, 9)))]
    actual, folds = labels_of(clips), np.array([(clip.actor - 1) // 2 for clip in clips])
    emotions = np.eye(8, dtype=np.float32)[[EMOTIONS.index(clip.emotion) for clip in clips]]
    names = ["whole", "telephone", *(f"window_{s:g}s" for s in section["windows_s"])]
    names += [f"gain_{gain:g}dB" for gain in section["gains_db"]]
    noisy = [f"{kind}_{snr:g}dB" for kind in ("white", "pink", "babble") for snr in section["snrs_db"]]
    clean = 2.0 * np.eye(3)[actual] + random.normal(0, 1, (480, 3))
    logits = {name: (scale * clean).astype(np.float32) for name in names}
    logits |= {name: (clean + random.normal(0, noise_costs, clean.shape)).astype(np.float32) for name in noisy}
    return Heard(clips, folds, logits, emotions)


def test_a_section_without_what_is_reported_is_refused_before_anything_is_fitted(section):
    check_section(section)
    with pytest.raises(SystemExit, match=r"snrs_db of params.* has to hold 10"):
        check_section({**section, "snrs_db": [0, 20]})
    with pytest.raises(SystemExit, match=r"windows_s of params.* has to hold 1,"):
        check_section({**section, "windows_s": [2]})


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
    after = Heard(before.clips, before.folds, logits, None)
    own = before.folds == 2
    sharpened = calibrated(after)[own].max(axis=1).mean()
    assert sharpened > calibrated(before)[own].max(axis=1).mean() + 0.05
    assert scores_of(after, section)["emotion_accuracy"] is None


def test_the_plots_have_a_row_for_every_condition(section, tmp_path):
    write_plots({"resnet": heard(section), "baseline": heard(section, scale=0.5)}, "resnet", section, tmp_path)
    rows = {path.stem: path.read_text().splitlines() for path in tmp_path.glob("*.csv")}
    assert rows["crossval_noise"][0].split(",")[:2] == ["snr_db", "resnet_white"]
    assert len(rows["crossval_noise"]) == 1 + len(section["snrs_db"])
    assert len(rows["crossval_window"]) == 1 + len(section["windows_s"])
    assert len(rows["crossval_clips"]) == 1 + 480
    assert rows["crossval_reliability"][0] == "confidence,resnet,baseline,ideal"
    first = dict(zip(*(line.split(",") for line in rows["crossval_clips"][:2]), strict=True))
    assert first["name"] == "03-01-01-01-01-01-01"
    assert {first["actual"], first["predicted"]} <= set(LABELS)
    assert first["emotion"] == first["predicted_emotion"] == "neutral"
