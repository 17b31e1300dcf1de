"""Stage `evaluate`: what the trained network scores on the test actors, and the run's entry in MLflow.

It chooses nothing. Run it as `python -m training.evaluate`.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from contract.fusion import softmax
from contract.labels import LABELS
from training.answers import answers
from training.dataset import FEATURES_FILE, load_features
from training.fitting import labels_of, mfccs_of
from training.metrics_files import write_metrics, write_rows
from training.model import load_checkpoint
from training.params import load_params
from training.recipes import of_actors, set_deterministic
from training.scores import classification_scores, uar_by_actor, uar_interval
from training.splits import main_split
from training.tracking import log_training
from training.train import CURVES, MODEL
from training.train import METRICS as TRAIN_METRICS

METRICS = Path("metrics/acoustic.json")
CONFUSION = Path("plots/confusion.csv")
DATA_METRICS = {"data": Path("metrics/ravdess.json"), "features": Path("metrics/features.json")}
LOGGED_SECTIONS = ("labels", "vad", "features", "split", "model", "train", "evaluate")


def evaluate(
    params: Mapping[str, Any],
    features: Path = FEATURES_FILE,
    model_file: Path = MODEL,
    train_metrics: Path = TRAIN_METRICS,
    metrics: Path = METRICS,
    confusion: Path = CONFUSION,
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
    low, high = uar_interval(actual, predicted, actors, section["bootstrap_samples"], section["seed"])
    content = {
        "protocol": (
            f"{len(clips)} clips of the actors {', '.join(map(str, test_actors))}, none of whom was used to fit, "
            "select, normalise or calibrate; the interval is a 95 % bootstrap over actors"
        ),
        "clips": len(clips),
        **classification_scores(actual, probabilities),
        "uar_interval": {"low": low, "high": high},
        "uar_by_actor": uar_by_actor(actual, predicted, actors),
        "temperature": temperature,
    }
    write_metrics(metrics, content)
    pairs = zip(actual, predicted, strict=True)
    write_rows(confusion, [{"actual": LABELS[a], "predicted": LABELS[p]} for a, p in pairs])


def main() -> None:
    """Run the stage and log the training run."""
    params = load_params()
    evaluate(params)
    logged = {section: params[section] for section in LOGGED_SECTIONS}
    present = {prefix: path for prefix, path in DATA_METRICS.items() if path.is_file()}
    log_training(logged, {"acoustic": METRICS, "train": TRAIN_METRICS, **present}, CURVES, CONFUSION)


if __name__ == "__main__":
    main()
