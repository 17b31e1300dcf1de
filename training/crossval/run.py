"""Stage `crossval`: the figures to compare with other work, over all 24 actors in 4 actor-disjoint folds.

One network per fold and architecture, fitted with the schedule of params.yaml, judged whole and under the conditions
of training/sounds/conditions.py. Nothing is chosen here: choices are made on the 5 folds inside actors 1-20, which

    python -m training.crossval.run --development

scores in the same way, printed instead of written.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np

from training.acoustic.answers import Answers, answers_to_waveforms
from training.acoustic.recipes import RECIPES, check_architecture, recipe_of
from training.checkpoints import checkpoints_of, clear
from training.corpora.ravdess.clips import Clip, load_features, load_waveform, of_actors
from training.corpora.ravdess.splits import Fold, development_folds, reported_folds
from training.crossval.answers import write_answers
from training.crossval.plots import write_plots
from training.crossval.scores import Heard, check_section, scores_of
from training.ear.teacher import teacher_of
from training.files import CROSSVAL_METRICS
from training.metrics_files import write_metrics
from training.params import load_params
from training.precision import print_basis
from training.sounds.conditions import conditions, rng_of

VOICES = 200  # clips of the fold's fit actors that babble is made of


@dataclass(frozen=True)
class Task:
    """One network to fit and to judge; it is sent to a process."""

    arch: str
    fold: Fold
    params: Mapping[str, Any]


def judge(task: Task) -> dict[str, Answers]:
    """Fit the network of `task` and return what it answers to the fold's test clips, by condition."""
    clips = load_features()
    own, teacher = of_actors(clips, task.fold.fit), teacher_of(task.arch, task.params)
    recipe = recipe_of(task.arch, own, task.params, teacher=teacher)
    recipe.checkpoints = checkpoints_of("crossval")
    *_, (_, _, network) = recipe.fit(task.fold.fit, f"{task.arch}, testing {task.fold.test}")
    judged = of_actors(clips, task.fold.test)
    waveforms = {clip.name: load_waveform(clip) for clip in judged}
    voices = [load_waveform(clip) for clip in of_actors(clips, task.fold.fit)[:: max(1, 1000 // VOICES)]]
    features, section = task.params["features"], task.params["crossval"]
    made = conditions(section, features["sample_rate_hz"], task.params["vad"]["pad_ms"], voices)
    return {
        name: answers_to_waveforms(network, (change(waveforms[c.name], rng_of(c.name)) for c in judged), features)
        for name, change in made.items()
    }


def crossvalidate(folds: Sequence[Fold], params: Mapping[str, Any], archs: Sequence[str]) -> dict[str, Heard]:
    """Return what the networks of every architecture answered to all test clips of `folds`, fold after fold."""
    for arch in archs:
        check_architecture(arch, params)
    clips = load_features()
    with ProcessPoolExecutor(params["crossval"]["workers"], mp_context=get_context("spawn")) as processes:
        running: dict[str, list[Future[dict[str, Answers]]]] = {
            arch: [processes.submit(judge, Task(arch, fold, params)) for fold in folds] for arch in archs
        }
        answered = {arch: [future.result() for future in futures] for arch, futures in running.items()}
    return {arch: _heard(folds, clips, parts) for arch, parts in answered.items()}


def _heard(folds: Sequence[Fold], clips: Sequence[Clip], parts: Sequence[dict[str, Answers]]) -> Heard:
    judged = [of_actors(clips, fold.test) for fold in folds]
    emotions = [part["whole"].emotions for part in parts]
    return Heard(
        clips=[clip for fold in judged for clip in fold],
        folds=np.repeat(np.arange(len(judged)), [len(fold) for fold in judged]),
        logits={name: np.concatenate([part[name].labels for part in parts]) for name in parts[0]},
        emotion_logits=None if emotions[0] is None else np.concatenate([e for e in emotions if e is not None]),
    )


def report(heard: Mapping[str, Heard], folds: Sequence[Fold], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of metrics/crossval.json."""
    return {
        "protocol": (
            f"{len(folds)} folds of actors, no actor in both parts of a fold; one network per fold with the "
            "schedule of params.yaml, which was chosen inside actors 1-20; trimmed clips, whole unless said otherwise; "
            "intervals are 95 % bootstraps over actors; each fold's temperature is fitted on the other folds' answers"
        ),
        "folds": [list(fold.test) for fold in folds],
        **{arch: scores_of(own, params["crossval"]) for arch, own in heard.items()},
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the stage, or print the scores of the development folds."""
    parser = argparse.ArgumentParser(description="cross-validate the acoustic networks")
    parser.add_argument("--development", action="store_true", help="the 5 folds inside actors 1-20, printed only")
    development, params = parser.parse_args(arguments).development, load_params()
    print_basis(params["train"]["threads"])
    check_section(params["crossval"])
    if development:
        folds = development_folds()
        heard = crossvalidate(folds, params, [params["model"]["arch"]])
        print(json.dumps(report(heard, folds, params), indent=2))  # noqa: T201
        return
    from training.tracking import check_store, log_numbers  # not in the processes of the folds

    check_store()
    folds = reported_folds()
    heard = crossvalidate(folds, params, list(RECIPES))
    write_metrics(CROSSVAL_METRICS, report(heard, folds, params))
    write_plots(heard, params["model"]["arch"], params["crossval"])
    write_answers(heard[params["model"]["arch"]])
    clear("crossval")
    logged = {name: params[name] for name in ("crossval", "model", "train")}
    log_numbers("crossval", logged, {"crossval": CROSSVAL_METRICS})


if __name__ == "__main__":
    main()
