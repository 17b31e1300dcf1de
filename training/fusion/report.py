"""What the stage `tune_fusion` writes: its numbers by kind of pair, and its curves against alpha, of the test half."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from training.fusion.choice import (
    KNOWS,
    Kinds,
    abstention_floor,
    alphas,
    best_adaptive,
    best_fixed,
    chosen,
    drawing_together,
    loss,
    overall_ece,
    tempered,
)
from training.fusion.pairs import THEY_CONTRADICT
from training.fusion.scores import (
    Half,
    better_alone,
    by_agreement,
    disagreement,
    gain,
    kept,
    pooled,
    scores,
    speaks,
)
from undertone.fusion import fused_many
from undertone.labels import LABELS
from undertone.scoring.intervals import resamples
from undertone.scoring.scores import expected_calibration_error, uar
from undertone.weighting import FusionSettings

Halves = Mapping[str, Kinds]


def tuned(kinds: Kinds, section: Mapping[str, Any]) -> tuple[FusionSettings, dict[str, FusionSettings]]:
    """Return the settings to release, and the best of each rule by its name, all chosen on `kinds`, the tuning half.

    `section` is the section `fusion` of params.yaml.
    """
    step, strengths = section["alpha_step"], section["contradiction"]
    rules = {
        "fixed": drawing_together(kinds, best_fixed(kinds, step), strengths),
        "adaptive": best_adaptive(kinds, step, section["sharpness"], section["polarity"], strengths),
    }
    released = chosen(kinds, rules["fixed"], rules["adaptive"])
    floor = abstention_floor(kinds, released, section["kept_accuracy"])
    return replace(released, abstain_below=floor), rules


def report(
    halves: Halves, released: FusionSettings, rules: Mapping[str, FusionSettings], section: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the numbers of metrics/fusion.json that come from both halves; only the test half is reported on."""
    tuning, test = halves["tuning"], halves["test"]
    whole = pooled(test)
    floor = released.abstain_below
    older = {name: FusionSettings(**settings) for name, settings in section.get("compared", {}).items()}
    return {
        "settings": asdict(released),
        "chosen": "adaptive" if released.adaptive else "fixed",
        "ece": overall_ece(test, released),
        "kinds": {kind: _kind(kind, half, released, {**rules, **older}, section) for kind, half in test.items()},
        "tuning": {name: _on_tuning(tuning, settings) for name, settings in rules.items()},
        "abstention": {
            "floor": floor,
            "wanted_accuracy": section["kept_accuracy"],
            "tuning": _kept(pooled(tuning), released),
            "test": _kept(whole, released),
        },
        "pairs": {name: {kind: _size(half) for kind, half in kinds.items()} for name, kinds in halves.items()},
    }


def degenerate(half: Half, step: float) -> dict[str, Any]:
    """Return what tuning a fixed weight on clips of two neutral sentences gives: the words are best left out."""
    alone = {"ravdess": half}
    best = best_fixed(alone, step)
    return {
        "alpha": best.alpha,
        "log_loss": loss(alone, best),
        "log_loss_at_half": loss(alone, tempered(alone, FusionSettings(alpha=0.5))),
        "text_uar": uar(half.actual, half.text.argmax(axis=1)),
        "audio_uar": uar(half.actual, half.audio.argmax(axis=1)),
        "pairs": len(half.actual),
    }


def curve(halves: Halves, adaptive: FusionSettings, section: Mapping[str, Any]) -> Iterator[dict[str, float]]:
    """Yield, for each alpha, the test half's UAR by kind and rule, and the log loss over all kinds.

    The temperature of each point is fitted on the tuning half; the adaptive weight has the other constants of
    `adaptive`, and at 0 and 1 it is the fixed one, its limit.
    """
    tuning, test = halves["tuning"], halves["test"]
    for alpha in alphas(section["alpha_step"]):
        points = {"fixed": tempered(tuning, FusionSettings(alpha=alpha))}
        points["adaptive"] = points["fixed"]
        if 0.0 < alpha < 1.0:
            points["adaptive"] = tempered(tuning, replace(adaptive, adaptive_alpha=alpha))
        row = {"alpha": alpha}
        for rule, settings in points.items():
            row[f"{rule}_log_loss"] = loss(test, settings)
            row |= {f"{rule}_{kind}_uar": _uar(half, settings) for kind, half in test.items()}
        yield row


def _kind(
    kind: str, half: Half, released: FusionSettings, others: Mapping[str, FusionSettings], section: Mapping[str, Any]
) -> dict[str, Any]:
    drawn = resamples(half.clusters, section["bootstrap_samples"], section["seed"])
    drawn = drawn[drawn.any(axis=1)]  # few sentences by few speakers may leave a sample empty
    fused = fused_many(half.text, half.audio, released)
    over = KNOWS.get(kind) or better_alone(half)  # who alone can know, else the better of both
    judges = {"text": half.text, "audio": half.audio, "fused": fused}
    found = {
        **gain(half, fused, drawn, over),
        "test": {name: scores(half, probabilities, drawn) for name, probabilities in judges.items()},
        "abstention": _kept(half, released),
        "disagreement": disagreement(half),
        "by_agreement": by_agreement(half, fused),
        "gain_of_other_rules": {name: _gain(half, settings, over) for name, settings in others.items()},
        "ece_of_other_rules": {name: _ece(half, settings) for name, settings in others.items()},
    }
    return found if kind != THEY_CONTRADICT else {key: found[key] for key in _OF_CONTRADICTION}


_OF_CONTRADICTION = ("test", "abstention", "disagreement", "ece_of_other_rules")


def _kept(half: Half, settings: FusionSettings) -> dict[str, float | None]:
    return kept(half, fused_many(half.text, half.audio, settings), speaks(half, settings))


def _uar(half: Half, settings: FusionSettings) -> float:
    return uar(half.actual, fused_many(half.text, half.audio, settings).argmax(axis=1))


def _ece(half: Half, settings: FusionSettings) -> float:
    return expected_calibration_error(half.actual, fused_many(half.text, half.audio, settings))


def _gain(half: Half, settings: FusionSettings, over: str) -> float:
    alone = {"text": half.text, "audio": half.audio}[over]
    return _uar(half, settings) - uar(half.actual, alone.argmax(axis=1))


def _on_tuning(kinds: Kinds, settings: FusionSettings) -> dict[str, float]:
    adaptive = ("adaptive_alpha", "sharpness", "polarity", "voice_polarity")
    used = (*(adaptive if settings.adaptive else ("alpha",)), "contradiction", "temperature")
    return {
        **{name: getattr(settings, name) for name in used},
        "log_loss": loss(kinds, settings),
        **{f"{kind}_uar": _uar(half, settings) for kind, half in kinds.items()},
    }


def _size(half: Half) -> dict[str, Any]:
    return {
        "pairs": len(half.actual),
        "sentences": len(np.unique(half.sentence)),
        "speakers": len(np.unique(half.speaker)),
        "pairs_per_label": {label: int((half.actual == i).sum()) for i, label in enumerate(LABELS)},
    }
