"""What a tuned rule's constants say of the grid that they were chosen on: one at its end may lie beyond it."""

from collections.abc import Iterator, Mapping
from typing import Any

from undertone.scoring.calibration import HIGHEST, LOWEST
from undertone.weighting import FusionSettings

_NEARLY = 1.01  # a bounded search ends next to its bound


def at_bounds(rules: Mapping[str, FusionSettings], section: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each constant of the `rules` that lies at the end of what was tried.

    `section` is the section `fusion` of params.yaml. A sharpness, polarity or contradiction of 0 is no end: it leaves
    a term out.
    """
    for rule, settings in rules.items():
        tried = _tried(settings, section)
        for name, (low, high) in tried.items():
            value = getattr(settings, name)
            if value in (low, high):
                yield (
                    f"{rule}: {name} is {value:g}, the end of what was tried ({max(low, 0):g} to {high:g}); the "
                    "best value may lie beyond, or the set may say nothing about it"
                )
        if not LOWEST * _NEARLY < settings.temperature < HIGHEST / _NEARLY:
            yield f"{rule}: the temperature is {settings.temperature:g}, its bound: words and voice tell nothing here"


def _tried(settings: FusionSettings, section: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    ends = {"contradiction": max(section["contradiction"])}
    if not settings.adaptive:
        return {"alpha": (0.0, 1.0), **_from_zero(ends)}
    step, ends = section["alpha_step"], {**ends, "sharpness": max(section["sharpness"])}
    ends |= dict.fromkeys(("polarity", "voice_polarity"), max(section["polarity"]))
    return {"adaptive_alpha": (round(step, 6), round(1 - step, 6)), **_from_zero(ends)}


def _from_zero(ends: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    return {name: (-1.0, float(most)) for name, most in ends.items() if most > 0}
