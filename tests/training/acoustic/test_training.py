"""The stages `train` and `evaluate` on a small made-up voice set, and the scores that they report."""

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from material.made_features import write_features

from training.acoustic.answers import answers
from training.acoustic.fitting import class_weights, labels_of, pad
from training.acoustic.model import load_checkpoint
from training.acoustic.recipes import recipe_of
from training.acoustic.train import Inputs, mfccs_of, train
from training.corpora.ravdess.clips import load_features, of_actors
from training.evaluation.acoustic import evaluate
from training.params import load_params
from undertone.labels import LABELS
from undertone.probabilities import softmax
from undertone.scoring import scores
from undertone.scoring.calibration import best_temperature


@pytest.fixture(scope="module")
def params(repository: Path) -> dict:
    params = load_params(repository / "params.yaml")
    params["model"]["arch"] = "baseline"
    params["train"]["validate_every"] = 2
    params["train"]["baseline"] |= {"epochs": 3, "learning_rate": 0.01, "averaging": 0.8}
    return params


def run_train(params: dict, features: Path, root: Path) -> dict[str, str]:
    files = (root / name for name in ("model.pt", "train.json", "training.csv", "validation.pt"))
    train(Inputs(params, features), *files)  # none of them in the repository
    return digests(root)


@pytest.fixture(scope="module")
def trained(params: dict, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("trained")
    write_features(root / "features.arrow")
    run_train(params, root / "features.arrow", root)
    evaluate(
        params,
        root / "features.arrow",
        root / "model.pt",
        root / "train.json",
        root / "acoustic.json",
        root / "confusion.csv",
    )
    return root


def digests(root: Path) -> dict[str, str]:
    files = {"model": "model.pt", "metrics": "train.json", "curves": "training.csv"}
    return {name: hashlib.md5((root / file).read_bytes()).hexdigest() for name, file in files.items()}


def test_another_seed_gives_another_network(trained, params, tmp_path):
    other = {**params, "train": {**params["train"], "seed": 1}}
    assert run_train(other, trained / "features.arrow", tmp_path)["model"] != digests(trained)["model"]


def test_the_same_data_and_seed_give_the_same_bytes_whatever_the_test_actors_say(trained, params, tmp_path):
    write_features(tmp_path / "other.arrow", {actor: 50.0 for actor in (21, 22, 23, 24)})
    assert run_train(params, tmp_path / "other.arrow", tmp_path) == digests(trained)


def test_validation_actors_do_not_normalise_step_one_but_do_the_saved_network(trained, params):
    clips = load_features(trained / "features.arrow")
    sixteen, twenty = of_actors(clips, range(1, 17)), of_actors(clips, range(1, 21))
    *_, (_, _, step_one) = recipe_of("baseline", sixteen, params).fit(range(1, 17), "step one")
    for model, used in ((step_one, sixteen), (load_checkpoint(trained / "model.pt"), twenty)):
        frames = np.concatenate([clip.mfcc for clip in used])
        np.testing.assert_allclose(model.mean.numpy()[:, 0], frames.mean(axis=0), atol=1e-4)
        np.testing.assert_allclose(model.std.numpy()[:, 0], frames.std(axis=0, ddof=1), rtol=1e-3)


def test_training_learns_what_there_is_to_learn(trained):
    content = json.loads((trained / "acoustic.json").read_text())
    assert content["uar"] > 0.9
    assert content["uar_interval"]["low"] <= content["uar"] <= content["uar_interval"]["high"]
    assert set(content["uar_by_actor"]) == {"21", "22", "23", "24"}
    assert "none of whom was used to fit" in content["protocol"]


def test_curves_have_the_epochs_asked_for_and_the_last_and_confusion_one_per_test_clip(trained):
    with (trained / "training.csv").open() as file:
        curves = list(csv.DictReader(file))
    assert [row["epoch"] for row in curves] == ["2", "3"]
    assert json.loads((trained / "train.json").read_text())["epochs"] == 3
    with (trained / "confusion.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == json.loads((trained / "acoustic.json").read_text())["clips"]
    assert {row["actual"] for row in rows} == set(LABELS)


def test_a_clip_gets_the_same_logits_alone_and_padded_in_a_batch(trained):
    clips = load_features(trained / "features.arrow")[:9]
    model = load_checkpoint(trained / "model.pt")
    together = model(*pad(mfccs_of(clips))).detach().numpy()
    np.testing.assert_allclose(together, answers(model, mfccs_of(clips)).labels, atol=1e-5)


@pytest.mark.fast
def test_stages_name_the_one_that_makes_their_missing_input(params, tmp_path):
    with pytest.raises(SystemExit, match="dvc repro features"):
        train(Inputs(params, tmp_path / "none.arrow"))
    with pytest.raises(SystemExit, match="dvc repro train"):
        evaluate(params, train_metrics=tmp_path / "none.json")


@pytest.mark.fast
def test_an_actor_without_clips_is_named():
    with pytest.raises(SystemExit, match=r"no clips of the actors \[3\]"):
        of_actors([], [3])


@pytest.mark.fast
def test_padding_keeps_the_clips_and_counts_their_frames():
    batch, frames = pad([torch.ones(2, 3), torch.ones(2, 5)])
    assert batch.shape == (2, 2, 5)
    assert frames.tolist() == [3, 5]
    assert batch.sum(dim=(1, 2)).tolist() == [6, 10]


@pytest.mark.fast
def test_class_weights_make_each_label_count_the_same():
    labels = np.array([0] * 6 + [1] * 2 + [2] * 4)
    assert (class_weights(labels).numpy() * np.bincount(labels)) == pytest.approx([4, 4, 4])
    assert labels_of([]).dtype == np.int64


@pytest.mark.fast
def test_uar_is_the_mean_of_the_recalls_whatever_the_counts():
    actual, predicted = np.array([0] * 8 + [1] * 2 + [2] * 2), np.array([0] * 8 + [1, 0] + [0, 0])
    assert scores.uar(actual, predicted) == pytest.approx((1 + 0.5 + 0) / 3)


@pytest.mark.fast
def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    probabilities = np.tile([0.9, 0.05, 0.05], (10, 1))
    assert scores.expected_calibration_error(np.array([0] * 9 + [1]), probabilities) == pytest.approx(0)
    assert scores.expected_calibration_error(np.array([0] * 5 + [1] * 5), probabilities) == pytest.approx(0.4)
    assert scores.expected_calibration_error(np.array([0]), np.array([[1.0, 0.0, 0.0]])) == pytest.approx(0)


@pytest.mark.fast
def test_the_temperature_undoes_a_known_overconfidence():
    random = np.random.default_rng(0)
    honest = random.normal(size=(4000, 3)) * 1.5
    actual = np.array([random.choice(3, p=row) for row in softmax(honest)])
    assert best_temperature(honest * 3, actual) == pytest.approx(3, rel=0.1)
