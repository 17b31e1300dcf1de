"""Stage `judge_corpora`: what the trained network scores on other corpora, on speakers whom it never heard.

A corpus of `corpora.test` that is not in `corpora.train` is judged whole: it was left out. One that is in both is
judged on its held-out speakers. It chooses nothing. Run it as `python -m training.evaluation.corpora`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training.acoustic.answers import answers
from training.acoustic.fitting import labels_of, mfccs_of
from training.acoustic.model import load_checkpoint
from training.acoustic.recipes import set_deterministic
from training.corpora.several.choice import RAVDESS, Choice, choice_of
from training.corpora.several.clips import OtherClip, load_other_clips, to_judge
from training.files import ACROSS_METRICS, MODEL, OTHER_CORPORA, TRAIN_METRICS, read_metrics
from training.metrics_files import write_metrics
from training.params import load_params
from undertone.labels import LABELS
from undertone.probabilities import softmax
from undertone.scoring.intervals import uar_interval
from undertone.scoring.scores import classification_scores


def judge(
    params: Mapping[str, Any],
    table: Path = OTHER_CORPORA,
    model_file: Path = MODEL,
    train_metrics: Path = TRAIN_METRICS,
    metrics: Path = ACROSS_METRICS,
) -> None:
    """Score the network of `model_file` on every corpus of `corpora.test`; write `metrics`, empty where there is none.

    Raises:
        SystemExit: an input is missing, or a corpus has nobody whom the network did not hear.
    """
    choice = choice_of(params)
    content: dict[str, Any] = {"trained_on": [RAVDESS, *choice.train], "corpora": {}}
    if choice.test:
        clips = load_other_clips(table)
        set_deterministic(params["evaluate"]["seed"], params["train"]["threads"])
        network, temperature = load_checkpoint(model_file), read_metrics(train_metrics)["temperature"]
        for name in choice.test:
            content["corpora"][name] = _judged(name, choice, clips, network, temperature, params["evaluate"])
    write_metrics(metrics, content)


def _judged(
    name: str,
    choice: Choice,
    clips: Sequence[OtherClip],
    network: Any,
    temperature: float,
    section: Mapping[str, Any],
) -> dict[str, Any]:
    own = to_judge(name, choice, clips)
    if not own:
        raise SystemExit(f"{name}: no clip of a speaker whom the network did not hear: run `dvc repro -f -s corpora`")
    actual, speakers = labels_of(own), np.array([clip.actor for clip in own])
    probabilities = softmax(answers(network, mfccs_of(own)).labels, temperature)
    found = {
        "protocol": _protocol(name, choice),
        "clips": len(own),
        "speakers": len(set(speakers.tolist())),
        **classification_scores(actual, probabilities),
    }
    if _everybody_says_everything(own):
        samples, seed = section["bootstrap_samples"], section["seed"]
        found["uar_interval"] = uar_interval(actual, probabilities.argmax(axis=1), speakers, samples, seed)
    return found


def _protocol(name: str, choice: Choice) -> str:
    trained = ", ".join((RAVDESS, *choice.train))
    who = "its held-out speakers" if name in choice.train else "the whole of it, left out of training"
    return f"{name}: {who}; the network was fitted on {trained}, its temperature on RAVDESS"


def _everybody_says_everything(clips: Sequence[OtherClip]) -> bool:
    """Whether there are two speakers, each with every label: else a bootstrap over speakers means nothing."""
    speakers = {clip.actor for clip in clips}
    said = {(clip.actor, clip.label) for clip in clips}
    return len(speakers) > 1 and len(said) == len(LABELS) * len(speakers)


def main() -> None:
    """Run the stage with params.yaml."""
    judge(load_params())


if __name__ == "__main__":
    main()
