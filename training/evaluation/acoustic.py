"""Stage `evaluate`: what the trained network scores on the test actors, and the run's entry in MLflow.

It chooses nothing. Run it as `python -m training.evaluation.acoustic`.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from training.acoustic.answers import answers
from training.acoustic.fitting import labels_of, mfccs_of
from training.acoustic.model import load_checkpoint
from training.acoustic.recipes import set_deterministic
from training.corpora.ravdess.clips import load_features, of_actors
from training.corpora.ravdess.splits import main_split
from training.files import (
    ACOUSTIC_CONFUSION,
    ACOUSTIC_METRICS,
    DATA_METRICS,
    FEATURES,
    FEATURES_METRICS,
    MODEL,
    TRAIN_CURVES,
    TRAIN_METRICS,
)
from training.metrics_files import write_metrics, write_rows
from training.params import load_params
from training.tracking import check_store, log_training
from undertone.labels import LABELS
from undertone.probabilities import softmax
from undertone.scoring.intervals import uar_interval
from undertone.scoring.scores import classification_scores, uar_by_actor

LOGGED_SECTIONS = ("labels", "vad", "features", "split", "model", "train", "evaluate")


def evaluate(
    params: Mapping[str, Any],
    features: Path = FEATURES,
    model_file: Path = MODEL,
    train_metrics: Path = TRAIN_METRICS,
    metrics: Path = ACOUSTIC_METRICS,
    confusion: Path = ACOUSTIC_CONFUSION,
) -> None:
    """Score the network of `model_file` on the test actors; write `metrics` and, clip by clip, `confusion`."""
    if not train_metrics.is_file():
        raise SystemExit(f"{train_metrics} not found: it is made by `dvc repro train`")
    temperature = json.loads(train_metrics.read_text(encoding="utf-8"))["temperature"]
    set_deterministic(params["evaluate"]["seed"], params["train"]["threads"])
    test_actors = main_split(params["split"]).test
    model = load_checkpoint(model_file)
    clips = of_actors(load_features(features), test_actors)
    actual, actors = labels_of(clips), np.array([clip.actor for clip in clips])
    probabilities = softmax(answers(model, mfccs_of(clips)).labels, temperature)
    predicted = probabilities.argmax(axis=1)
    section = params["evaluate"]
    content = {
        "protocol": (
            f"{len(clips)} clips of the actors {', '.join(map(str, test_actors))}, none of whom was used to fit, "
            "select, normalise or calibrate; the interval is a 95 % bootstrap over actors"
        ),
        "clips": len(clips),
        **classification_scores(actual, probabilities),
        "uar_interval": uar_interval(actual, predicted, actors, section["bootstrap_samples"], section["seed"]),
        "uar_by_actor": uar_by_actor(actual, predicted, actors),
        "temperature": temperature,
    }
    write_metrics(metrics, content)
    pairs = zip(actual, predicted, strict=True)
    write_rows(confusion, [{"actual": LABELS[a], "predicted": LABELS[p]} for a, p in pairs])


def main() -> None:
    """Run the stage and log the training run."""
    params = load_params()
    check_store()
    evaluate(params)
    logged = {section: params[section] for section in LOGGED_SECTIONS}
    about_data = {"data": DATA_METRICS, "features": FEATURES_METRICS}
    present = {prefix: path for prefix, path in about_data.items() if path.is_file()}
    metrics = {"acoustic": ACOUSTIC_METRICS, "train": TRAIN_METRICS, **present}
    log_training(logged, metrics, TRAIN_CURVES, ACOUSTIC_CONFUSION)


if __name__ == "__main__":
    main()
