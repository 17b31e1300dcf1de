"""What the stage `tune_fusion` writes: its numbers, its curves against alpha, and the test half pair by pair."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from contract.labels import LABELS
from contract.weighting import FusionSettings, abstains, fused_many, weights
from training.fusion_choice import abstention_floor, alphas, best_adaptive, best_fixed, chosen, loss, tempered
from training.fusion_scores import (
    Half,
    Weights,
    by_agreement,
    gain,
    kept_above,
    resamples,
    scores,
    uar_and_loss,
)
from training.pairs import Pair
from training.scores import uar

Halves = Mapping[str, Half]


def tuned(half: Half, section: Mapping[str, Any]) -> tuple[FusionSettings, dict[str, FusionSettings]]:
    """Return the settings to release, and the best of each rule by its name, all chosen on `half`, the tuning half.

    `section` is the section `fusion` of params.yaml.
    """
    rules = {
        "fixed": best_fixed(half, section["alpha_step"]),
        "adaptive": best_adaptive(half, section["alpha_step"], section["sharpness"]),
    }
    released = chosen(half, rules["fixed"], rules["adaptive"])
    floor = abstention_floor(half, released, section["kept_accuracy"])
    return replace(released, abstain_below=floor), rules


def report(
    halves: Halves, released: FusionSettings, rules: Mapping[str, FusionSettings], section: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the numbers of metrics/fusion.json that come from both halves; only the test half is reported on."""
    tuning, test = halves["tuning"], halves["test"]
    drawn = resamples(test, section["bootstrap_samples"], section["seed"])
    fused = fused_many(test.text, test.audio, released)
    judges = {"text": test.text, "audio": test.audio}
    judges |= {name: fused_many(test.text, test.audio, settings) for name, settings in rules.items()}
    return {
        "settings": asdict(released),
        "chosen": "adaptive" if released.adaptive else "fixed",
        **gain(test, fused, drawn),
        "ece": scores(test, fused, drawn)["ece"],
        "test": {name: scores(test, probabilities, drawn) for name, probabilities in judges.items()},
        "tuning": {name: _on_tuning(tuning, settings) for name, settings in rules.items()},
        "abstention": {
            "floor": released.abstain_below,
            "wanted_accuracy": section["kept_accuracy"],
            "tuning": kept_above(tuning, fused_many(tuning.text, tuning.audio, released), released.abstain_below),
            "test": kept_above(test, fused, released.abstain_below),
        },
        "by_agreement": by_agreement(test, fused),
        "pairs": {name: _size(half) for name, half in halves.items()},
    }


def degenerate(half: Half, step: float) -> dict[str, Any]:
    """Return what tuning a fixed weight on clips of two neutral sentences gives: the words are best left out."""
    best = best_fixed(half, step)
    return {
        "alpha": best.alpha,
        "log_loss": loss(half, best),
        "log_loss_at_half": loss(half, tempered(half, FusionSettings(alpha=0.5))),
        "text_uar": uar(half.actual, half.text.argmax(axis=1)),
        "audio_uar": uar(half.actual, half.audio.argmax(axis=1)),
        "pairs": len(half.actual),
    }


def curve(halves: Halves, sharpness: float, section: Mapping[str, Any]) -> Iterator[dict[str, float]]:
    """Yield, for each alpha, UAR and log loss on the test half, with intervals, of text, audio, fixed and adaptive.

    The temperature of each point is fitted on the tuning half; the adaptive weight has the chosen `sharpness`, and at
    0 and 1 it is the fixed one, its limit.
    """
    tuning, test = halves["tuning"], halves["test"]
    drawn = resamples(test, section["bootstrap_samples"], section["seed"])
    alone = {**_columns("text", test, test.text, drawn), **_columns("audio", test, test.audio, drawn)}
    for alpha in alphas(section["alpha_step"]):
        fixed = adaptive = tempered(tuning, FusionSettings(alpha=alpha))
        if 0.0 < alpha < 1.0:
            adaptive = tempered(tuning, FusionSettings(adaptive=True, adaptive_alpha=alpha, sharpness=sharpness))
        row = {"alpha": alpha, **alone}
        for name, settings in (("fixed", fixed), ("adaptive", adaptive)):
            row |= _columns(name, test, fused_many(test.text, test.audio, settings), drawn)
        yield row


def pair_rows(pairs: Sequence[Pair], half: Half, released: FusionSettings) -> Iterator[dict[str, Any]]:
    """Yield one row per pair of `half`: who says what, all three verdicts, the weight of the words, abstention."""
    fused = fused_many(half.text, half.audio, released)
    alpha = weights(half.text, half.audio, released)
    for i, pair in enumerate(pairs):
        vectors = {"text": half.text[i], "audio": half.audio[i], "fused": fused[i]}
        yield {
            "sentence": pair.sentence,
            "speaker": pair.speaker,
            "actual": pair.label,
            "predicted": LABELS[int(fused[i].argmax())],
            "alpha": round(float(alpha[i]), 4),
            "abstains": int(abstains(fused[i], released)),
            **{
                f"{name}_{label}": round(float(p), 4)
                for name, vector in vectors.items()
                for label, p in zip(LABELS, vector, strict=True)
            },
        }


def _on_tuning(half: Half, settings: FusionSettings) -> dict[str, float]:
    used = ("adaptive_alpha", "sharpness", "temperature") if settings.adaptive else ("alpha", "temperature")
    fused = fused_many(half.text, half.audio, settings)
    return {
        **{name: getattr(settings, name) for name in used},
        "log_loss": loss(half, settings),
        "uar": uar(half.actual, fused.argmax(axis=1)),
    }


def _columns(name: str, half: Half, probabilities: np.ndarray, drawn: Weights) -> dict[str, float]:
    found = uar_and_loss(half, probabilities, drawn)
    return {
        f"{name}_{measure}{suffix}": value
        for measure in ("uar", "log_loss")
        for suffix, value in (
            ("", found[measure]),
            ("_low", found[f"{measure}_interval"]["low"]),
            ("_high", found[f"{measure}_interval"]["high"]),
        )
    }


def _size(half: Half) -> dict[str, Any]:
    return {
        "pairs": len(half.actual),
        "sentences": len(np.unique(half.sentence)),
        "speakers": len(np.unique(half.speaker)),
        "pairs_per_label": {label: int((half.actual == i).sum()) for i, label in enumerate(LABELS)},
    }
