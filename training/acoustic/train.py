"""Stage `train`: the acoustic network and its temperature. Test actors are never touched.

Step one fits on the fit actors (1-16), for the curves and the temperature, which the validation actors (17-20) give;
its network is kept for what else is tuned on those. Step two fits afresh on both (1-20) with the same schedule; that is
the network that is released. The steps run beside each other, one process each. Run it as `python -m
training.acoustic.train`.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.acoustic.answers import answers
from training.acoustic.fitting import labels_of, mfccs_of
from training.acoustic.model import save_checkpoint
from training.acoustic.recipes import check_architecture, recipe_of
from training.checkpoints import checkpoints_of, clear
from training.corpora.ravdess.clips import load_features, of_actors
from training.corpora.ravdess.splits import Split, main_split
from training.corpora.several.choice import choice_of
from training.corpora.several.clips import OtherClip, to_fit
from training.ear.teacher import teacher_of
from training.files import CLIPS, FEATURES, MODEL, OTHER_CORPORA, TRAIN_CURVES, TRAIN_METRICS, VALIDATION_MODEL
from training.metrics_files import write_metrics, write_rows
from training.params import load_params
from training.precision import print_basis
from undertone.probabilities import softmax
from undertone.scoring.calibration import best_temperature
from undertone.scoring.scores import classification_scores, negative_log_likelihood, uar


@dataclass(frozen=True)
class Epoch:
    """One row of the training curves."""

    epoch: int
    train_loss: float
    validation_loss: float
    validation_uar: float


@dataclass(frozen=True)
class Inputs:
    """What both steps read; it is sent to their processes."""

    params: Mapping[str, Any]
    features: Path = FEATURES
    clips: Path = CLIPS
    others: Path = OTHER_CORPORA
    checkpoints: Path | None = None


def step_one(inputs: Inputs, model_file: Path) -> tuple[list[Epoch], NDArray[np.float32]]:
    """Fit on the fit actors and write the last network; return the curves and its logits on the validation actors."""
    clips, split = load_features(inputs.features), main_split(inputs.params["split"])
    validation, arch = of_actors(clips, split.validation), inputs.params["model"]["arch"]
    own, others = of_actors(clips, split.fit), to_fit(choice_of(inputs.params), inputs.others)
    recipe = recipe_of(arch, [*own, *others], inputs.params, inputs.clips, teacher_of(arch, inputs.params))
    recipe.checkpoints = inputs.checkpoints
    epochs, every = recipe.section["epochs"], inputs.params["train"]["validate_every"]
    actual, rows, logits = labels_of(validation), list[tuple[Any, ...]](), np.empty(0, dtype=np.float32)
    for epoch, loss, network in recipe.fit(speakers(split.fit, others), "step one", rows):
        if epoch % every == 0 or epoch == epochs:
            logits = answers(network, mfccs_of(validation)).labels
            nll = negative_log_likelihood(actual, softmax(logits))
            rows.append((epoch, loss, float(nll), uar(actual, logits.argmax(axis=1))))
    save_checkpoint(network, recipe.arch, recipe.settings, model_file)
    return [Epoch(*row) for row in rows], logits


def step_two(inputs: Inputs, model_file: Path) -> None:
    """Fit on the development actors and write the network."""
    clips, split = load_features(inputs.features), main_split(inputs.params["split"])
    own, arch = of_actors(clips, split.development), inputs.params["model"]["arch"]
    others = to_fit(choice_of(inputs.params), inputs.others)
    recipe = recipe_of(arch, [*own, *others], inputs.params, inputs.clips, teacher_of(arch, inputs.params))
    recipe.checkpoints = inputs.checkpoints
    *_, (_, _, network) = recipe.fit(speakers(split.development, others), "step two")
    save_checkpoint(network, recipe.arch, recipe.settings, model_file)


def speakers(actors: Sequence[int], others: Sequence[OtherClip]) -> list[int]:
    """Return `actors` of RAVDESS and every speaker of `others`, clips of other corpora that are trained on."""
    return [*actors, *sorted({clip.actor for clip in others})]


def train(
    inputs: Inputs,
    model_file: Path = MODEL,
    metrics: Path = TRAIN_METRICS,
    curves_file: Path = TRAIN_CURVES,
    validation_file: Path = VALIDATION_MODEL,
) -> None:
    """Write both networks, the temperature with what it was chosen on, and the curves of step one.

    Raises:
        SystemExit: the feature table or a clip is missing, and the message names the stage that makes it; or the
            architecture cannot be trained.
    """
    check_architecture(inputs.params["model"]["arch"], inputs.params)
    split, others = main_split(inputs.params["split"]), choice_of(inputs.params).train
    validation = of_actors(load_features(inputs.features), split.validation)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        kept = processes.submit(step_two, inputs, model_file)
        curves, logits = processes.submit(step_one, inputs, validation_file).result()
        kept.result()
    write_metrics(metrics, _summary(logits, labels_of(validation), split, curves[-1].epoch, others))
    write_rows(curves_file, [asdict(row) for row in curves])


def _summary(
    logits: NDArray[np.float32], actual: NDArray[np.int64], split: Split, epochs: int, others: Sequence[str]
) -> dict[str, Any]:
    temperature = best_temperature(logits, actual)
    before = classification_scores(actual, softmax(logits))
    after = classification_scores(actual, softmax(logits, temperature))
    return {
        "protocol": (
            f"temperature chosen on actors {_range(split.validation)} with a network fitted on actors "
            f"{_range(split.fit)}; the saved network is fitted on actors {_range(split.development)} "
            "with the same schedule" + (f"; and, both, on speakers of {', '.join(others)}" if others else "")
        ),
        "epochs": epochs,
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


def main() -> None:
    """Run the stage with params.yaml."""
    from training.tracking import check_store, log_numbers  # not in the processes of the steps, which import this file

    params = load_params()
    check_store()
    print_basis(params["train"]["threads"])
    train(Inputs(params, checkpoints=checkpoints_of("train")))
    clear("train")
    logged = {name: params[name] for name in ("corpora", "labels", "features", "split", "model", "train")}
    log_numbers("acoustic", logged, {"train": TRAIN_METRICS}, TRAIN_CURVES)


if __name__ == "__main__":
    main()
