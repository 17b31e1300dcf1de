"""Chooses the constants of the fusion on the tuning half: its weights, what a contradiction does, and the floor.

Everything is chosen by log loss: it is smooth where UAR moves in steps, and it asks for honest probabilities. Each kind
of pair (training/fusion/pairs.py) counts alike, however many pairs it has. A mean over kinds may sacrifice one of them,
and a vector of little log loss may still be less sure than it is right. So of the adaptive weights that are nearly as
good (`NEARLY`) the one is taken that loses least: to who alone can know, in UAR, and in honesty, by its ECE over all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from scipy.optimize import minimize_scalar

from training.fusion.pairs import VOICE_SAYS_NOTHING, WORDS_SAY_NOTHING
from training.fusion.scores import Half, agreement, kept, log_loss, pooled
from undertone.fusion import fused_many
from undertone.scoring.calibration import HIGHEST, LOWEST
from undertone.scoring.scores import expected_calibration_error, uar
from undertone.weighting import FusionSettings

Kinds = Mapping[str, Half]
NEARLY = 0.015  # nats of log loss
MOST_COMPARED = 30  # adaptive weights that are nearly as good; where the set tells nothing, hundreds are
KNOWS = {WORDS_SAY_NOTHING: "audio", VOICE_SAYS_NOTHING: "text"}  # who alone can know, by kind


class FloorError(ValueError):
    """No floor of confidence keeps pairs of which as many are right as demanded."""


def loss(kinds: Kinds, settings: FusionSettings) -> float:
    """Return the log loss of the fused vectors, the mean over the kinds."""
    losses = [log_loss(half.actual, fused_many(half.text, half.audio, settings)) for half in kinds.values()]
    return float(np.mean(losses))


def tempered(kinds: Kinds, settings: FusionSettings) -> FusionSettings:
    """Return `settings` with the temperature of least log loss."""
    found = minimize_scalar(
        lambda log_temperature: loss(kinds, replace(settings, temperature=float(np.exp(log_temperature)))),
        bounds=(np.log(LOWEST), np.log(HIGHEST)),
        method="bounded",
    )
    return replace(settings, temperature=round(float(np.exp(found.x)), 4))


def alphas(step: float) -> list[float]:
    """Return 0, `step`, ..., 1: `alphas(0.5)` is [0, 0.5, 1]."""
    return [round(float(alpha), 6) for alpha in np.linspace(0.0, 1.0, round(1 / step) + 1)]


def best_fixed(kinds: Kinds, step: float) -> FusionSettings:
    """Return the fixed weight on the grid of `step`, with its temperature, of least log loss."""
    return _best(kinds, (FusionSettings(alpha=alpha) for alpha in alphas(step)))


def best_adaptive(
    kinds: Kinds, step: float, sharpnesses: Sequence[float], polarities: Sequence[float], strengths: Sequence[float]
) -> FusionSettings:
    """Return the adaptive weight on the grids, with its temperature, of nearly the least log loss.

    `polarities` are tried of the words and of the voice; `strengths`, of `contradiction`, for what is nearly as good.
    """
    constants = ("sharpness", "polarity", "voice_polarity", "adaptive_alpha")
    grid = product(sharpnesses, polarities, polarities, alphas(step)[1:-1])
    candidates = [
        tempered(kinds, FusionSettings(adaptive=True, **dict(zip(constants, map(float, values), strict=True))))
        for values in grid
    ]
    by_loss = sorted(((loss(kinds, settings), settings) for settings in candidates), key=lambda found: found[0])
    good = [settings for own, settings in by_loss if own <= by_loss[0][0] + NEARLY]
    drawn = [drawing_together(kinds, settings, strengths) for settings in good[:MOST_COMPARED]]
    return max(drawn, key=lambda settings: least_gain(kinds, settings) - overall_ece(kinds, settings))


def overall_ece(kinds: Kinds, settings: FusionSettings) -> float:
    """Return the expected calibration error of the fused vectors of all kinds together."""
    half = pooled(kinds)
    return expected_calibration_error(half.actual, fused_many(half.text, half.audio, settings))


def drawing_together(kinds: Kinds, settings: FusionSettings, strengths: Sequence[float]) -> FusionSettings:
    """Return `settings` with the `contradiction` of `strengths`, and its temperature, of least log loss.

    It is chosen last: it moves no label, so that what the weights were chosen for stays.
    """
    return _best(kinds, (replace(settings, contradiction=float(strength)) for strength in strengths))


def least_gain(kinds: Kinds, settings: FusionSettings) -> float:
    """Return the smallest difference in UAR to who alone can know, over the kinds that have one; 0 without any."""
    gains = []
    for kind, over in KNOWS.items():
        if half := kinds.get(kind):
            alone = half.audio if over == "audio" else half.text
            fused = fused_many(half.text, half.audio, settings)
            gains.append(uar(half.actual, fused.argmax(axis=1)) - uar(half.actual, alone.argmax(axis=1)))
    return min(gains, default=0.0)


def chosen(kinds: Kinds, fixed: FusionSettings, adaptive: FusionSettings) -> FusionSettings:
    """Return the better of both, which carries the constants of the other too, for sessions that ask for it."""
    better = min((fixed, adaptive), key=lambda settings: loss(kinds, settings))
    constants = ("adaptive_alpha", "sharpness", "polarity", "voice_polarity")
    return replace(better, alpha=fixed.alpha, **{name: getattr(adaptive, name) for name in constants})


def abstention_floor(kinds: Kinds, settings: FusionSettings, wanted_accuracy: float) -> float:
    """Return the smallest confidence, in hundredths, at which the kept pairs are right as often as wanted.

    Pairs whose words and voice contradict each other are not kept at any.

    Raises:
        FloorError: at no confidence they are.
    """
    half = pooled(kinds)
    fused = fused_many(half.text, half.audio, settings)
    agreed = agreement(half)
    for floor in (0.01, *(hundredths / 100 for hundredths in range(34, 100))):
        accuracy = kept(half, fused, agreed & (fused.max(axis=1) >= floor))["accuracy_of_kept"]
        if accuracy is not None and accuracy >= wanted_accuracy:
            return floor
    raise FloorError(
        f"fusion.kept_accuracy of params.yaml is {wanted_accuracy}: no confidence keeps pairs that are right so often"
    )


def _best(kinds: Kinds, candidates: Iterable[FusionSettings]) -> FusionSettings:
    return min((tempered(kinds, candidate) for candidate in candidates), key=lambda settings: loss(kinds, settings))
