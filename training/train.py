"""Stage `train`: the acoustic network, its number of epochs and its temperature. Test actors are never touched.

Step one fits on the fit actors (1-16) and chooses epochs and temperature on the validation actors (17-20). Step two
fits afresh on both (1-20) for that many epochs. Run it as `python -m training.train`.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.fusion import softmax
from training.calibration import best_temperature
from training.dataset import FEATURES_FILE, Clip, load_features
from training.fitting import fit, labels_of, predict_logits, set_deterministic
from training.model import save_checkpoint
from training.params import load_params
from training.scores import classification_scores, negative_log_likelihood, uar
from training.splits import Split, main_split

MODEL = Path("models/acoustic/model.pt")
METRICS = Path("metrics/train.json")
CURVES = Path("plots/training.csv")


@dataclass(frozen=True)
class Epoch:
    """One row of the training curves."""

    epoch: int
    train_loss: float
    validation_loss: float
    validation_uar: float


@dataclass(frozen=True)
class Choice:
    """What step one chose, with the logits that it was chosen on."""

    epochs: int
    curves: list[Epoch]
    logits: NDArray[np.float32]


def choose_epochs(fit_clips: Sequence[Clip], validation: Sequence[Clip], params: Mapping[str, Any]) -> Choice:
    """Fit on `fit_clips` and return the epoch with the least validation loss, the first of equals.

    The loss is smoother than the UAR of four actors; it is unweighted, as the probabilities are judged.
    """
    actual, curves, logits = labels_of(validation), [], []
    settings = params["train"]
    for epoch, train_loss, model in fit(fit_clips, params["model"]["arch"], settings, settings["epochs"], "step one"):
        logits.append(predict_logits(model, validation).numpy())
        loss = negative_log_likelihood(actual, softmax(logits[-1]))
        curves.append(Epoch(epoch, train_loss, loss, uar(actual, logits[-1].argmax(axis=1))))
    best = min(curves, key=lambda row: row.validation_loss)
    return Choice(best.epoch, curves, logits[best.epoch - 1])


def train(
    params: Mapping[str, Any],
    features: Path = FEATURES_FILE,
    model_file: Path = MODEL,
    metrics: Path = METRICS,
    curves: Path = CURVES,
) -> None:
    """Read `features`; write the network, what was chosen and why, and the curves of step one."""
    clips, split = load_features(features), main_split(params["split"])
    settings, arch = params["train"], params["model"]["arch"]
    set_deterministic(settings["seed"], settings["threads"])
    validation = of_actors(clips, split.validation)
    choice = choose_epochs(of_actors(clips, split.fit), validation, params)
    temperature = best_temperature(choice.logits, labels_of(validation))
    *_, (_, _, final) = fit(of_actors(clips, split.development), arch, settings, choice.epochs, "step two")
    save_checkpoint(final, arch, params["features"]["n_mfcc"], model_file)
    _write_json(metrics, _summary(choice, temperature, labels_of(validation), split))
    _write_curves(curves, choice.curves)


def of_actors(clips: Sequence[Clip], actors: Sequence[int]) -> list[Clip]:
    """Return the clips that any of `actors` spoke.

    Raises:
        SystemExit: an actor has no clip.
    """
    missing = sorted(set(actors) - {clip.actor for clip in clips})
    if missing:
        raise SystemExit(f"the feature table has no clips of the actors {missing}: run `dvc repro features`")
    return [clip for clip in clips if clip.actor in actors]


def _summary(choice: Choice, temperature: float, actual: NDArray[np.int64], split: Split) -> dict[str, Any]:
    before = classification_scores(actual, softmax(choice.logits))
    after = classification_scores(actual, softmax(choice.logits, temperature))
    return {
        "protocol": (
            f"epochs and temperature chosen on actors {_range(split.validation)} with a network fitted on actors "
            f"{_range(split.fit)}; the saved network is fitted on actors {_range(split.development)}"
        ),
        "epochs": choice.epochs,
        "temperature": temperature,
        "validation": {
            "uar": before["uar"],
            "accuracy": before["accuracy"],
            "nll": {"before": before["nll"], "after": after["nll"]},
            "ece": {"before": before["ece"], "after": after["ece"]},
        },
    }


def _range(actors: Sequence[int]) -> str:
    whole = list(actors) == list(range(actors[0], actors[-1] + 1))
    return f"{actors[0]}-{actors[-1]}" if whole else ", ".join(map(str, actors))


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _write_curves(path: Path, curves: Sequence[Epoch]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(asdict(curves[0])), lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: f"{value:.6g}" for key, value in asdict(row).items()} for row in curves)


if __name__ == "__main__":
    train(load_params())
