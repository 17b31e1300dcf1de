"""How much each lane counts in the fusion, and how sure its outcome is; the settings travel in the manifest, `fusion`.

The rule that uses these is in undertone/fusion.py. The weight of the words is a fixed alpha, or one that follows what
words and voice say. With the entropies H (nats) of both vectors and the shares m = 1 - P(neutral) of them that say
anything but neutral:

    odds(u) = a / (1 - a)  *  (H_audio / H_text)**s  *  m_text**p / m_audio**v,        alpha(u) = odds / (1 + odds)

With a = 0.5, s = 1 and p = v = 0 this is the inverse entropy weighting of Misra, Bourlard and Tyagi 2003, "New entropy
based combination rules in HMM/ANN multi-stream ASR", ICASSP.
`a` (adaptive_alpha) says which one to trust at equal entropies, `s` (sharpness) how hard the surer one is preferred.
`p` (polarity) is ours: neutral words are what people mostly say, however they feel, so that they are sure and yet say
little of the speaker; the weight of the words follows the part of them that feels something. `v` (voice_polarity) is
the same of the voice: words that feel something may be said in a calm one. s = p = v = 0 is the fixed weight `a`. The
constants come from the stage `tune_fusion`.

With more lanes it is the words against the rest. The lanes beside the words, of confidence c, share what the words
leave, by the same inverse entropies (s = 0 where alpha is fixed); the words then stand against their sum as they
stand against the voice where it is alone:

    share_j  ~  c_j * H_j**-s,        rest = sum of share_j * p_j,        odds *= c_text / (sum of share_j * c_j)

So alpha means the same however many lanes there are, one lane beside the words makes this the formula above, and a
lane without confidence changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from undertone.labels import LABELS
from undertone.lane import WORDS, Lane
from undertone.probabilities import Probabilities

Weights = NDArray[np.float64]  # (...) for vectors (..., 3)
SURE = 0.01  # nats, 0.999 for one label; entropies and shares below this one count as this one


@dataclass(frozen=True)
class FusionSettings:
    """How words and voice are joined.

    alpha: weight of the words in [0, 1] where it is the same for every utterance.
    adaptive: whether it is adapted to each utterance instead.
    adaptive_alpha: the adapted weight where both entropies are equal, in (0, 1).
    sharpness: how hard the surer of the two is preferred, at least 0.
    polarity: how much less words count the more neutral they are, at least 0.
    voice_polarity: how much less the voice counts the more neutral it is, at least 0.
    contradiction: how far lanes that contradict each other draw the poles together, at least 0; undertone/fusion.py.
    temperature: how much surer (under 1) the sum of both is than it says, at equal weights; see `sharpened`.
    abstain_below: finals whose largest fused probability is below this floor abstain; 0: none does.
    """

    alpha: float = 0.5
    adaptive: bool = False
    adaptive_alpha: float = 0.5
    sharpness: float = 1.0
    polarity: float = 0.0
    voice_polarity: float = 0.0
    contradiction: float = 0.0
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
            "voice_polarity": 0.0 <= self.voice_polarity < float("inf"),
            "contradiction": 0.0 <= self.contradiction < float("inf"),
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


def entropy(probabilities: ArrayLike) -> Weights:
    """Return the entropy over the last axis in nats: `entropy([1, 0, 0])` is 0, `entropy([1/3, 1/3, 1/3])` is log 3."""
    p = np.asarray(probabilities, dtype=np.float64)
    return -np.sum(p * np.log(np.where(p > 0, p, 1.0)), axis=-1)


def weights(text: ArrayLike, audio: ArrayLike, settings: FusionSettings, trust: ArrayLike = 1.0) -> Weights:
    """Return the weight of the words (...) for vectors (..., 3), each in [0, 1].

    `audio` is the voice, or the sum of all that is not words; `trust` > 0 is the confidence of the words over its.
    """
    certain, alpha = np.maximum(entropy(text), SURE), settings.alpha
    if not settings.adaptive:
        return np.full_like(certain, alpha)
    # In odds, so that a sharp preference neither overflows nor divides by zero.
    preference = settings.sharpness * (np.log(np.maximum(entropy(audio), SURE)) - np.log(certain))
    preference += settings.polarity * _says_something(text) - settings.voice_polarity * _says_something(audio)
    prior = np.log(settings.adaptive_alpha / (1.0 - settings.adaptive_alpha)) + np.log(trust)
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * (prior + preference))))


def _says_something(probabilities: ArrayLike) -> Weights:
    """Return log(1 - P(neutral)) of vectors (..., 3)."""
    neutral = np.asarray(probabilities, dtype=np.float64)[..., LABELS.index("neutral")]
    return np.asarray(np.log(np.maximum(1.0 - neutral, SURE)))


def weight(text: ArrayLike, audio: ArrayLike, settings: FusionSettings) -> float:
    """Return the weight of the words for one utterance: `settings.alpha`, or adapted to what both say."""
    return float(weights(text, audio, settings))


def lane_weights(lanes: Sequence[Lane], settings: FusionSettings) -> list[Weights]:
    """Return the weight of each of `lanes`, in their order; they sum to 1. Of words and voice: alpha and 1 - alpha."""
    words = [lane for lane in lanes if lane.name == WORDS]
    rest = [lane for lane in lanes if lane.name != WORDS]
    if not words or not rest:
        return shares(lanes, settings)
    parts = shares(rest, settings)
    trust = words[0].confidence / sum(part * lane.confidence for part, lane in zip(parts, rest, strict=True))
    alpha = weights(words[0].probabilities, summed(rest, parts), settings, trust)
    of_rest = iter([(1.0 - alpha) * part for part in parts])
    return [alpha if lane.name == WORDS else next(of_rest) for lane in lanes]


def shares(lanes: Sequence[Lane], settings: FusionSettings) -> list[Weights]:
    """Return what each of `lanes`, none of them the words, has of their sum: c_j * H_j**-s, normalised."""
    sharpness = settings.sharpness if settings.adaptive else 0.0
    entropies = np.stack([np.maximum(entropy(lane.probabilities), SURE) for lane in lanes])
    confidences = [np.log(lane.confidence) for lane in lanes]
    evidence = np.stack([c - sharpness * np.log(h) for c, h in zip(confidences, entropies, strict=True)])
    odds = np.exp(evidence - evidence.max(axis=0))
    return list(odds / odds.sum(axis=0))


def summed(lanes: Sequence[Lane], parts: Sequence[Weights]) -> Probabilities:
    """Return the sum of the lanes' vectors (..., 3), each with its part (...)."""
    terms = [np.asarray(part)[..., None] * lane.probabilities for part, lane in zip(parts, lanes, strict=True)]
    return np.asarray(np.sum(terms, axis=0))


def evenness(parts: Sequence[Weights], counted: Sequence[ArrayLike] | None = None) -> Weights:
    """Return how evenly a sum mixes its lanes, in [0, 1]: 4 alpha (1 - alpha) of two lanes; 0 where one has it all.

    In general min(1, 2 (1 - sum of w**2)), from the Gini-Simpson index; two equal lanes mix as evenly as counts.
    Of each pair, in the order of `itertools.combinations`, as much counts as `counted` says, in [0, 1]; without it all.
    """
    pairs = [4.0 * np.asarray(one) * np.asarray(other) for one, other in combinations(parts, 2)]
    if counted is not None:
        pairs = [pair * np.asarray(part) for pair, part in zip(pairs, counted, strict=True)]
    return np.minimum(1.0, np.sum(pairs, axis=0)) if pairs else np.zeros_like(parts[0])


def sharpened(joined: ArrayLike, mixed: ArrayLike, temperature: float) -> Probabilities:
    """Return the sum vectors (..., 3), `mixed` (...) so much of what lanes do not say alike, as sure as they are right.

    A sum of two honest vectors says too little, the more so the more evenly it mixes them. So p becomes
    p**(1 + mixed * (1 / temperature - 1)), normalised: p**(1 / temperature) at equal weights of lanes of which one
    leans to no pole, and p itself where one lane, calibrated by its own temperature, stands alone.
    """
    powers = np.asarray(joined, dtype=np.float64) ** (1.0 + np.asarray(mixed) * (1.0 / temperature - 1.0))[..., None]
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
