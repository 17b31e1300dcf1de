"""The figures of a cross-validation, from what its networks answered. It fits and reads nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.acoustic.fitting import labels_of
from training.acoustic.resnet import EMOTIONS
from training.corpora.ravdess.clips import Clip
from training.sounds.conditions import NOISES
from undertone.probabilities import softmax
from undertone.scoring.calibration import best_temperature
from undertone.scoring.intervals import uar_interval
from undertone.scoring.scores import (
    Labels,
    Probabilities,
    classification_scores,
    expected_calibration_error,
    uar,
)

REPORTED_SNR_DB, REPORTED_WINDOW_S = 10, 1


@dataclass(frozen=True)
class Heard:
    """All test clips of all folds, their folds (clips,), and what was answered.

    `logits` maps a condition to (clips, 3); `emotion_logits` is (clips, 8) for whole clips, None without emotions.
    """

    clips: Sequence[Clip]
    folds: Labels
    logits: Mapping[str, NDArray[np.float32]]
    emotion_logits: NDArray[np.float32] | None

    @property
    def actual(self) -> Labels:
        """Return the label's position of each clip."""
        return labels_of(self.clips)

    @property
    def actors(self) -> Labels:
        """Return the actor of each clip."""
        return np.array([clip.actor for clip in self.clips])

    def uar(self, condition: str) -> float:
        """Return the UAR over the clips of all folds together."""
        return uar(self.actual, self.logits[condition].argmax(axis=1))


def scores_of(heard: Heard, section: Mapping[str, Any]) -> dict[str, Any]:
    """Return all figures of one architecture; `section` is `crossval` of params.yaml."""
    predicted = heard.logits["whole"].argmax(axis=1)
    return {
        **classification_scores(heard.actual, calibrated(heard)),
        "ece_uncalibrated": expected_calibration_error(heard.actual, softmax(heard.logits["whole"])),
        "uar_interval": _interval(heard, "whole", section),
        "uar_by_fold": [
            uar(heard.actual[heard.folds == fold], predicted[heard.folds == fold]) for fold in np.unique(heard.folds)
        ],
        "emotion_accuracy": emotion_accuracy(heard),
        "uar_of_actors": _spread(heard, predicted),
        "window": {f"{s:g}": heard.uar(f"window_{s:g}s") for s in section["windows_s"]},
        "window_1s_interval": _interval(heard, "window_1s", section),
        "noise": noise_scores(heard, section),
        "gain": {f"{g:g}": heard.uar(f"gain_{g:g}dB") for g in section["gains_db"]},
        "gain_change": max(abs(heard.uar(f"gain_{g:g}dB") - heard.uar("whole")) for g in section["gains_db"]),
        "telephone": heard.uar("telephone"),
        "telephone_change": heard.uar("telephone") - heard.uar("whole"),
    }


def check_section(section: Mapping[str, Any]) -> None:
    """Refuse a section `crossval` of params.yaml without the conditions that are reported, before anything is fitted.

    Raises:
        SystemExit: one is missing; the message names it.
    """
    for name, needed in (("snrs_db", REPORTED_SNR_DB), ("windows_s", REPORTED_WINDOW_S)):
        if needed not in section[name]:
            raise SystemExit(f"crossval.{name} of params.yaml has to hold {needed}, which the gates ask for")


def joined_scores(heard: Heard, section: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures that one ear, or several joined, are compared by, under the conditions that all heard."""
    probabilities = calibrated(heard)
    predicted = probabilities.argmax(axis=1)
    return {
        **classification_scores(heard.actual, probabilities),
        "uar_interval": _interval(heard, "whole", section),
        "emotion_accuracy": emotion_accuracy(heard),
        "uar_of_actors": _spread(heard, predicted),
        "window_1s": heard.uar("window_1s"),
        "telephone": heard.uar("telephone"),
        "noise": {kind: heard.uar(f"{kind}_{REPORTED_SNR_DB}dB") for kind in NOISES},
        "noise_mean_10dB": float(np.mean([heard.uar(f"{kind}_{REPORTED_SNR_DB}dB") for kind in NOISES])),
    }


def calibrated(heard: Heard, condition: str = "whole") -> Probabilities:
    """Return probabilities (clips, 3), each fold's at the temperature that suits the other folds' whole clips."""
    probabilities = np.empty(heard.logits[condition].shape)
    for fold in np.unique(heard.folds):
        own = heard.folds == fold
        temperature = best_temperature(heard.logits["whole"][~own], heard.actual[~own])
        probabilities[own] = softmax(heard.logits[condition][own], temperature)
    return probabilities


def noise_scores(heard: Heard, section: Mapping[str, Any]) -> dict[str, Any]:
    """Return the UAR by noise and signal-to-noise ratio in dB, and the mean of the noises at 10 dB."""
    table = {kind: {f"{snr:g}": heard.uar(f"{kind}_{snr:g}dB") for snr in section["snrs_db"]} for kind in NOISES}
    reported = f"{REPORTED_SNR_DB:g}"
    return {**table, f"mean_{reported}dB": float(np.mean([table[kind][reported] for kind in NOISES]))}


def emotion_accuracy(heard: Heard) -> float | None:
    """Return the share of whole clips whose acted emotion is recognised among the eight; None without emotions."""
    if heard.emotion_logits is None:
        return None
    guesses = heard.emotion_logits.argmax(axis=1)
    return float(np.mean([EMOTIONS[i] == c.emotion for i, c in zip(guesses, heard.clips, strict=True)]))


def _interval(heard: Heard, condition: str, section: Mapping[str, Any]) -> dict[str, float]:
    predicted = heard.logits[condition].argmax(axis=1)
    return uar_interval(heard.actual, predicted, heard.actors, section["bootstrap_samples"], section["seed"])


def _spread(heard: Heard, predicted: Labels) -> dict[str, float]:
    by_actor = [uar(heard.actual[heard.actors == a], predicted[heard.actors == a]) for a in np.unique(heard.actors)]
    return {"worst_actor": float(np.min(by_actor)), "best_actor": float(np.max(by_actor))}
