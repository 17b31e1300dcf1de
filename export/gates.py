"""The gates: what the numbers of a release must reach before it goes live. params.yaml sets them, the manifest answers.

A gate has one or more of `min`, `max` and `regression`; the last is the loss against the live release that is
tolerated, for metrics of which more is better.
"""

from collections.abc import Mapping
from typing import Any

from undertone.manifest import Manifest

ARCH = "*"  # in a path: the architecture of the release
_CROSSVAL = ("acoustic", "crossval", ARCH)
_EARS = ("ear", "crossval", "joined")
_KINDS = ("fusion", "kinds")

# Name of the gate -> where the manifest's metrics keep the number.
METRICS = {
    "acoustic_uar": ("acoustic", "uar"),
    "acoustic_accuracy": ("acoustic", "accuracy"),
    "acoustic_macro_f1": ("acoustic", "macro_f1"),
    "acoustic_bytes": ("acoustic", "bytes"),
    "crossval_uar": (*_CROSSVAL, "uar"),
    "crossval_emotions": (*_CROSSVAL, "emotion_accuracy"),
    "crossval_window_1s": (*_CROSSVAL, "window", "1"),
    "crossval_noise_10db": (*_CROSSVAL, "noise", "mean_10dB"),
    "crossval_gain_change": (*_CROSSVAL, "gain_change"),
    "crossval_telephone_change": (*_CROSSVAL, "telephone_change"),
    "crossval_ece": (*_CROSSVAL, "ece"),
    "ears_uar": (*_EARS, "uar"),
    "ears_emotions": (*_EARS, "emotion_accuracy"),
    "ears_window_1s": (*_EARS, "window_1s"),
    "ears_noise_10db": (*_EARS, "noise_mean_10dB"),
    "ears_worst_actor": (*_EARS, "uar_of_actors", "worst_actor"),
    "ears_ece": (*_EARS, "ece"),
    "acoustic_lost_to_int8": ("acoustic", "lost_to_int8"),
    "int8_agreement": ("acoustic", "int8_agreement"),
    "int8_uar": ("acoustic", "int8_uar"),
    "text_goemotions_f1": ("text", "goemotions_macro_f1"),
    "text_sst_f1": ("text", "sst_macro_f1"),
    "text_binary": ("text", "sst_binary_accuracy"),
    "text_ece": ("text", "ece"),
    "text_meld_f1": ("text", "meld_macro_f1"),
    "text_meld_negative": ("text", "meld", "recall", "negative"),
    "text_meld_ece": ("text", "meld", "ece"),
    "text_sure": ("text", "meld", "sure", "accuracy"),
    "text_heard_f1": ("text", "heard", "clean", "macro_f1"),
    "text_int8_loss": ("text", "most_lost_to_int8"),
    "text_bytes": ("text", "bytes"),
    "fusion_words_say_nothing": (*_KINDS, "words_say_nothing", "gain"),
    "fusion_voice_says_nothing": (*_KINDS, "voice_says_nothing", "gain"),
    "fusion_gain": (*_KINDS, "both_say_it", "gain"),
    "fusion_contradiction_ece": (*_KINDS, "they_contradict", "test", "fused", "ece"),
    "fusion_contradiction_speaks": (*_KINDS, "they_contradict", "abstention", "coverage"),
    "fusion_ece": ("fusion", "ece"),
    "served_uar": ("acoustic", "served", "uar"),
    "served_uar_change": ("acoustic", "served_uar_change"),
}
RULES = ("min", "max", "regression")
# Metrics of a part of the rows; none says that there was none, which is no reason to pass.
TOLD_OF_SOME = {"text_sure": "no text of dialogue is given a probability of 0.9"}

Gates = Mapping[str, Mapping[str, float]]


class GateError(ValueError):
    """The gates of params.yaml cannot be applied; the message names the gate."""


def unmeasured(gates: Gates, release: Manifest) -> list[str]:
    """Return the gates whose metric the release states as none: its network does not tell that, and nothing is judged.

    The baseline knows no emotions, and its manifest says `emotion_accuracy: null`.
    """
    return [name for name in gates if name not in TOLD_OF_SOME and _states_none(name, release)]


def check_gates(gates: Gates, release: Manifest, live: Manifest | None) -> list[str]:
    """Return one sentence per gate that `release` fails, naming the metric and both values; none means it may go live.

    Gates of which `unmeasured` tells are passed by.

    Raises:
        GateError: a gate names an unknown metric or rule, has none, or names a metric that the release does not have.
    """
    failures = []
    for name, rules in gates.items():
        _check_rules(name, rules)
        if _states_none(name, release):
            failures += [f"{name} is of nothing: {TOLD_OF_SOME[name]}"] if name in TOLD_OF_SOME else []
            continue
        found = _value(name, release)
        if found is None:
            raise GateError(f"gates.{name}: the release has no such metric (metrics.{'.'.join(METRICS[name])})")
        for rule, limit in rules.items():
            failures += _apply(name, rule, float(limit), found, None if live is None else _value(name, live))
    return failures


def _check_rules(name: str, rules: object) -> None:
    if (
        not isinstance(rules, Mapping)
        or not rules
        or not all(isinstance(limit, int | float) for limit in rules.values())
    ):
        raise GateError(f"gates.{name}: {rules!r} is no rule; write {{min: 0.8}}, with any of {', '.join(RULES)}")


def _apply(name: str, rule: str, limit: float, found: float, live: float | None) -> list[str]:
    # Each comparison is the one that must hold, so that a value that is not a number fails it.
    if rule == "min":
        return [] if found >= limit else [f"{name} is {found:g}, at least {limit:g} is demanded"]
    if rule == "max":
        return [] if found <= limit else [f"{name} is {found:g}, at most {limit:g} is allowed"]
    if rule == "regression":
        held = live is None or found >= live - limit
        return [] if held else [f"{name} is {found:g}, the live release has {live:g} and may lose {limit:g} at most"]
    raise GateError(f"gates.{name}.{rule}: unknown rule; known are {', '.join(RULES)}")


def _states_none(name: str, release: Manifest) -> bool:
    return _stated(name, release) == (True, None)


def _value(name: str, manifest: Manifest) -> float | None:
    value = _stated(name, manifest)[1]
    return None if value is None else float(value)


def _stated(name: str, manifest: Manifest) -> tuple[bool, Any]:
    """Return whether the metrics of `manifest` have the place of `name`, and what stands there."""
    if name not in METRICS:
        raise GateError(f"gates.{name}: unknown metric; known are {', '.join(METRICS)}")
    stated = False
    value: Any = manifest.metrics
    for key in METRICS[name]:
        known: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
        place = manifest.metrics["acoustic"].get("arch") if key == ARCH else key
        stated, value = place in known, known.get(place)
    return stated, value
