"""The numbers that describe a fusion on one half of the labelled set, with bootstrap intervals.

The bootstrap (undertone/scoring/intervals.py) draws sentences and speakers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertone.fusion import agree, verdict_of
from undertone.scoring.intervals import interval
from undertone.scoring.scores import Labels, Probabilities, by_confidence, classification_scores, uar
from undertone.weighting import FusionSettings

SMALLEST = 1e-12  # probabilities under this one count as this one in a log loss
Weights = NDArray[np.float64]


@dataclass(frozen=True)
class Half:
    """What both networks answered to the n pairs of a half: text and audio (n, 3), the rest (n,)."""

    text: Probabilities
    audio: Probabilities
    actual: Labels
    sentence: Labels
    speaker: Labels

    @property
    def clusters(self) -> tuple[Labels, Labels]:
        """Return what the bootstrap draws: the pairs' sentences and their speakers, (n,) each."""
        return self.sentence, self.speaker


def pooled(kinds: Mapping[str, Half]) -> Half:
    """Return all pairs of the kinds as one half in which every kind counts alike: the smaller ones are repeated.

    Repeated pairs make no interval narrower here: what is asked of the whole are plain shares and calibration.
    """
    most = max(len(half.actual) for half in kinds.values())
    parts = [(half, np.resize(np.arange(len(half.actual)), most)) for half in kinds.values()]
    names = ("text", "audio", "actual", "sentence", "speaker")
    return Half(*(np.concatenate([getattr(half, name)[rows] for half, rows in parts]) for name in names))


def losses(actual: Labels, probabilities: Probabilities) -> NDArray[np.float64]:
    """Return -log P(actual label) of each pair, (n,), in nats."""
    return -np.log(np.maximum(probabilities[np.arange(len(actual)), actual], SMALLEST))


def log_loss(actual: Labels, probabilities: Probabilities) -> float:
    """Return the mean of `losses`."""
    return float(losses(actual, probabilities).mean())


def uars(half: Half, probabilities: Probabilities, weights: Weights) -> NDArray[np.float64]:
    """Return the UAR of each bootstrap sample, (samples,): over the labels that it holds."""
    hits = probabilities.argmax(axis=1) == half.actual
    recalls = [_weighted_mean(hits[of], weights[:, of]) for of in _each_label(half.actual)]
    return np.asarray(np.nanmean(recalls, axis=0))


def uar_and_loss(half: Half, probabilities: Probabilities, weights: Weights) -> dict[str, Any]:
    """Return UAR and log loss with their 95 % percentile intervals."""
    return {
        "uar": uar(half.actual, probabilities.argmax(axis=1)),
        "uar_interval": interval(uars(half, probabilities, weights)),
        "log_loss": log_loss(half.actual, probabilities),
        "log_loss_interval": interval(_weighted_mean(losses(half.actual, probabilities), weights)),
    }


def scores(half: Half, probabilities: Probabilities, weights: Weights) -> dict[str, Any]:
    """Return UAR and log loss with intervals, accuracy, macro-F1, recalls and ECE of one way to judge the pairs."""
    plain = classification_scores(half.actual, probabilities)
    kept = {key: plain[key] for key in ("accuracy", "macro_f1", "recall", "ece")}
    return {**uar_and_loss(half, probabilities, weights), **kept}


def better_alone(half: Half) -> str:
    """Return which of both has the higher UAR alone: "text" or "audio"."""
    alone = {"text": half.text, "audio": half.audio}
    return max(alone, key=lambda name: uar(half.actual, alone[name].argmax(axis=1)))


def gain(half: Half, fused: Probabilities, weights: Weights, over: str) -> dict[str, Any]:
    """Return what `fused` has over one alone ("text" or "audio") in UAR, drawn in the same samples as both."""
    alone = {"text": half.text, "audio": half.audio}[over]
    own, other = (uar(half.actual, p.argmax(axis=1)) for p in (fused, alone))
    differences = uars(half, fused, weights) - uars(half, alone, weights)
    return {"over": over, "gain": own - other, "gain_interval": interval(differences)}


def disagreement(half: Half) -> float:
    """Return the share of the pairs whose final would say `agreement: false`."""
    return float(np.mean(~agreement(half)))


def agreement(half: Half) -> NDArray[np.bool_]:
    """Return which pairs' words and voice lean to no opposite poles, (n,)."""
    return np.array([agree(words, voice) for words, voice in zip(half.text, half.audio, strict=True)])


def kept_above(half: Half, fused: Probabilities, floor: float) -> dict[str, float | None]:
    """Return the share of pairs whose confidence reaches `floor`, and the accuracy of those and of the others."""
    return kept(half, fused, fused.max(axis=1) >= floor)


def kept(half: Half, fused: Probabilities, speaks: NDArray[np.bool_]) -> dict[str, float | None]:
    """Return the share of pairs on which the verdict `speaks` (n,), and the accuracy there and where it abstains."""
    right = fused.argmax(axis=1) == half.actual
    return {
        "coverage": float(speaks.mean()),
        "accuracy_of_kept": float(right[speaks].mean()) if speaks.any() else None,
        "accuracy_of_abstained": float(right[~speaks].mean()) if not speaks.all() else None,
    }


def speaks(half: Half, settings: FusionSettings) -> NDArray[np.bool_]:
    """Return on which pairs the verdict does not abstain, (n,)."""
    return np.array([not verdict_of(*pair, settings)[2] for pair in zip(half.text, half.audio, strict=True)])


def by_agreement(half: Half, fused: Probabilities) -> dict[str, Mapping[str, float | int | None]]:
    """Return how many pairs both, one or none of words and voice get right, and how many of them the fusion does."""
    words, voice, both = (p.argmax(axis=1) == half.actual for p in (half.text, half.audio, fused))
    kinds = {
        "both_right": words & voice,
        "only_words_right": words & ~voice,
        "only_voice_right": ~words & voice,
        "both_wrong": ~words & ~voice,
    }
    return {
        name: {"pairs": int(of.sum()), "fused_right": float(both[of].mean()) if of.any() else None}
        for name, of in kinds.items()
    }


def reliability(half: Half, fused: Probabilities, bins: int = 10) -> list[dict[str, float]]:
    """Return confidence, accuracy and number of pairs of each bin of confidence that has any."""
    confidence, right, members = by_confidence(half.actual, fused, bins)
    return [
        {"confidence": confidence[of].mean(), "accuracy": right[of].mean(), "pairs": int(of.sum())}
        for of in (members == bin for bin in range(bins))
        if of.any()
    ]


def _weighted_mean(values: NDArray[Any], weights: Weights) -> NDArray[np.float64]:
    """Return the mean of `values` (n,) in each sample of `weights` (samples, n); NaN where none of them was drawn."""
    drawn = weights.sum(axis=1)
    return np.where(drawn > 0, weights @ values.astype(np.float64) / np.maximum(drawn, 1.0), np.nan)


def _each_label(actual: Labels) -> list[NDArray[np.bool_]]:
    return [actual == label for label in np.unique(actual)]
