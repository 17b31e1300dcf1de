"""Stage `crossval_ear`: the recogniser's ear over the folds of the cross-validation, alone and joined with the network.

A head is fitted for each fold, on the encodings of actors that it is not judged on; the network's answers are those
that `crossval` kept. Weight and steps are those of the release, chosen inside actors 1-20. Run it as `python -m
training.crossval.ears`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from training.corpora.ravdess.clips import load_features, of_actors
from training.corpora.ravdess.splits import reported_folds
from training.crossval.answers import read_answers
from training.crossval.scores import Heard, calibrated, joined_scores
from training.crossval.sessions import Judges, baseline_scores
from training.ear.head import Head
from training.ear.material import fitted
from training.encoder.table import CLEAN, Encodings, load_encodings
from training.files import EAR_METRICS, EARS_METRICS, read_metrics
from training.metrics_files import write_metrics
from training.params import load_params
from undertone.scoring.calibration import best_temperature
from undertone.voice.joined import logits_of_both


def heard_by_ear(network: Heard, encodings: Encodings, heads: list[Head]) -> Heard:
    """Return what `heads`, one for each fold, answer to the clips of `network` under the conditions of both."""
    shared = [name for name in network.logits if name in set(encodings.conditions)]
    names = np.array([clip.name for clip in network.clips])
    vectors = {name: encodings.of(name, names.tolist()) for name in shared}
    return replace(
        network,
        logits={name: _by_fold(network, [head.logits for head in heads], vectors[name]) for name in shared},
        emotion_logits=_by_fold(network, [head.emotions for head in heads], vectors["whole"]),
    )


def joined(network: Heard, ear: Heard, weight: float) -> Heard:
    """Return what both say together: the weighted sum of calibrated log-probabilities, as in service."""
    both = {
        name: logits_of_both(calibrated(network, name), calibrated(ear, name), weight).astype(np.float32)
        for name in ear.logits
    }
    emotions = [log_softmax(np.asarray(own.emotion_logits, dtype=np.float64), axis=1) for own in (network, ear)]
    together = ((1 - weight) * emotions[0] + weight * emotions[1]).astype(np.float32)
    return replace(network, logits=both, emotion_logits=together)


def _by_fold(network: Heard, answers: list[Any], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    made = [answer(vectors[network.folds == fold]) for fold, answer in enumerate(answers)]
    out = np.empty((len(vectors), made[0].shape[1]), dtype=np.float32)
    for fold, own in enumerate(made):
        out[network.folds == fold] = own
    return out


def report(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of metrics/crossval_ear.json."""
    clips, encodings, weight = load_features(), load_encodings(), read_metrics(EAR_METRICS)["weight"]
    network = read_answers(clips)
    heads = [fitted(encodings, of_actors(clips, fold.fit), params, params["train_ear"]) for fold in reported_folds()]
    ear = heard_by_ear(network, encodings, heads)
    heard = {"cnn": network, "ear": ear, "joined": joined(network, ear, weight)}
    judges = Judges(network, calibrated(network), _calibrated_heads(ear, heads), _whole(network, encodings), weight)
    return {
        "protocol": (
            "the folds of metrics/crossval.json and its network; one head per fold over the frozen encoder of "
            f"{read_metrics(EAR_METRICS)['recogniser']}, fitted on the actors of the other folds; joined with a weight "
            f"of {weight:g} for the ear, chosen inside actors 1-20; the temperatures of a fold are fitted on the "
            "answers to the other folds; intervals are 95 % bootstraps over actors"
        ),
        "weight": weight,
        **{name: joined_scores(own, params["crossval"]) for name, own in heard.items()},
        "baseline": baseline_scores(judges, params["train_ear"]["prior"], params["crossval"]["seed"]),
    }


def _whole(network: Heard, encodings: Encodings) -> NDArray[np.float32]:
    return encodings.of(CLEAN, [clip.name for clip in network.clips])


def _calibrated_heads(ear: Heard, heads: list[Head]) -> list[Head]:
    """Return `heads` with the temperatures that suit the other folds' clips, as `calibrated` finds them."""
    whole, others = ear.logits[CLEAN], [ear.folds != fold for fold in range(len(heads))]
    return [
        replace(head, temperature=best_temperature(whole[other], ear.actual[other]))
        for head, other in zip(heads, others, strict=True)
    ]


if __name__ == "__main__":
    write_metrics(EARS_METRICS, report(load_params()))
