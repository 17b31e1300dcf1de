"""The released rule of the fusion: how much the words count, how sure the outcome is, and when to abstain.

`verdict_of` is what both the tuning and the wire call; the settings travel in the manifest, key `fusion`. The sum rule
itself is in undertone/fusion.py.

The weight of the words is a fixed alpha, or one that follows what both say. With the entropies H (nats) of both vectors
and the share m = 1 - P(neutral) of the words' vector that says anything but neutral:

    odds(u) = a / (1 - a)  *  (H_audio / H_text)**s  *  m**p,        alpha(u) = odds / (1 + odds)

With a = 0.5, s = 1 and p = 0 this is the inverse entropy weighting of Misra, Bourlard and Tyagi 2003, "New entropy
based combination rules in HMM/ANN multi-stream ASR", ICASSP.
`a` (adaptive_alpha) says which one to trust at equal entropies, `s` (sharpness) how hard the surer one is preferred.
`p` (polarity) is ours: neutral words are what people mostly say, however they feel, so that they are sure and yet say
little of the speaker; the weight of the words follows the part of them that feels something. s = p = 0 is the fixed
weight `a`. The constants come from the stage `tune_fusion`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from undertone.fusion import Probabilities, agree, fuse
from undertone.labels import LABELS

SURE = 0.01  # nats, 0.999 for one label; entropies and shares below this one count as this one


@dataclass(frozen=True)
class FusionSettings:
    """How words and voice are joined.

    alpha: weight of the words in [0, 1] where it is the same for every utterance.
    adaptive: whether it is adapted to each utterance instead.
    adaptive_alpha: the adapted weight where both entropies are equal, in (0, 1).
    sharpness: how hard the surer of the two is preferred, at least 0.
    polarity: how much less words count the more neutral they are, at least 0.
    temperature: how much surer (under 1) the sum of both is than it says, at equal weights; see `sharpened`.
    abstain_below: finals whose largest fused probability is below this floor abstain; 0: none does.
    """

    alpha: float = 0.5
    adaptive: bool = False
    adaptive_alpha: float = 0.5
    sharpness: float = 1.0
    polarity: float = 0.0
    temperature: float = 1.0
    abstain_below: float = 0.0

    def __post_init__(self) -> None:
        """Raise ValueError for what is out of range; the message names it."""
        # Each comparison is the one that must hold, so that NaN fails it.
        held = {
            "alpha": 0.0 <= self.alpha <= 1.0,
            "adaptive": isinstance(self.adaptive, bool),
            "adaptive_alpha": 0.0 < self.adaptive_alpha < 1.0,
            "sharpness": 0.0 <= self.sharpness < float("inf"),
            "polarity": 0.0 <= self.polarity < float("inf"),
            "temperature": 0.05 <= self.temperature <= 20.0,
            "abstain_below": 0.0 <= self.abstain_below <= 1.0,
        }
        for name, holds in held.items():
            if not holds:
                raise ValueError(f"fusion.{name} is {getattr(self, name)}, which is out of its range")

    def with_alpha(self, wanted: float | str | None) -> "FusionSettings":
        """Return these settings with the alpha that a session asks for: a number, "adaptive", or None for as released.

        Raises:
            ValueError: the number is outside [0, 1], or the word is another one.
        """
        if wanted is None:
            return self
        if wanted == "adaptive":
            return replace(self, adaptive=True)
        if isinstance(wanted, str):
            raise ValueError(f'alpha must be a number in [0, 1] or "adaptive", not {wanted!r}')
        return replace(self, adaptive=False, alpha=float(wanted))


def fusion_settings(section: Mapping[str, Any]) -> FusionSettings:
    """Return the settings in `section`, the key `fusion` of a manifest; what is missing has its default.

    Raises:
        ValueError: a key is unknown or a value out of range; the message names it.
    """
    unknown = sorted(set(section) - {field.name for field in fields(FusionSettings)})
    if unknown:
        raise ValueError(f"fusion.{unknown[0]}: unknown; known are {', '.join(f.name for f in fields(FusionSettings))}")
    return FusionSettings(**section)


def entropy(probabilities: ArrayLike) -> NDArray[np.float64]:
    """Return the entropy over the last axis in nats: `entropy([1, 0, 0])` is 0, `entropy([1/3, 1/3, 1/3])` is log 3."""
    p = np.asarray(probabilities, dtype=np.float64)
    return -np.sum(p * np.log(np.where(p > 0, p, 1.0)), axis=-1)


def weights(text: ArrayLike, audio: ArrayLike, settings: FusionSettings) -> NDArray[np.float64]:
    """Return the weight of the words (...) for vectors (..., 3), each in [0, 1]."""
    certain, alpha = np.maximum(entropy(text), SURE), settings.alpha
    if not settings.adaptive:
        return np.full_like(certain, alpha)
    # In odds, so that a sharp preference neither overflows nor divides by zero.
    preference = settings.sharpness * (np.log(np.maximum(entropy(audio), SURE)) - np.log(certain))
    neutral = np.asarray(text, dtype=np.float64)[..., LABELS.index("neutral")]
    preference += settings.polarity * np.log(np.maximum(1.0 - neutral, SURE))
    prior = np.log(settings.adaptive_alpha / (1.0 - settings.adaptive_alpha))
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * (prior + preference))))


def weight(text: ArrayLike, audio: ArrayLike, settings: FusionSettings) -> float:
    """Return the weight of the words for one utterance: `settings.alpha`, or adapted to what both say."""
    return float(weights(text, audio, settings))


def sharpened(joined: ArrayLike, alpha: ArrayLike, temperature: float) -> Probabilities:
    """Return the sum vectors (..., 3), joined with weights `alpha` (...), as sure as they are right.

    A sum of two honest vectors says too little where they agree, the more so the more evenly it mixes. So p becomes
    p**(1 + 4 alpha (1 - alpha) (1 / temperature - 1)), normalised: p**(1 / temperature) at equal weights, and p itself
    at alpha 0 or 1, where one of the two, calibrated by its own temperature, stands alone.
    """
    mixed = 4.0 * np.asarray(alpha) * (1.0 - np.asarray(alpha))
    powers = np.asarray(joined, dtype=np.float64) ** (1.0 + mixed * (1.0 / temperature - 1.0))[..., None]
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def fused_many(text: ArrayLike, audio: ArrayLike, settings: FusionSettings) -> Probabilities:
    """Return the fused vectors (n, 3) of n utterances that all have words; `verdict_of` for many at once."""
    alpha = weights(text, audio, settings)
    words, voice = np.asarray(text, dtype=np.float64), np.asarray(audio, dtype=np.float64)
    return sharpened(alpha[..., None] * words + (1.0 - alpha[..., None]) * voice, alpha, settings.temperature)


def abstains(text: ArrayLike | None, audio: ArrayLike, fused: ArrayLike, settings: FusionSettings) -> bool:
    """Tell whether the verdict abstains: the label stays, but is doubtful.

    It does where the largest fused probability is under the calibrated floor, and where words and voice contradict each
    other: either may be meant, and no sum of the two can tell which.
    """
    contradicted = text is not None and settings.abstain_below > 0 and not agree(text, audio)
    return contradicted or bool(np.max(fused) < settings.abstain_below)


def verdict_of(text: ArrayLike | None, audio: ArrayLike, settings: FusionSettings) -> tuple[Probabilities, float, bool]:
    """Return the fused vector (3,), the weight that the words had, and whether the verdict abstains.

    Without words (`text` is None) the voice decides alone, with weight 0; the floor holds for it too.

    Raises:
        ValueError: a vector is not three probabilities; the message names it.
    """
    alpha = 0.0 if text is None else weight(text, audio, settings)
    fused = sharpened(fuse(text, audio, alpha), alpha, settings.temperature)
    return fused, alpha, abstains(text, audio, fused, settings)
