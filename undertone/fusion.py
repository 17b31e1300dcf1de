"""Late fusion: one rule over named lanes, called by the tuning, by the wire and by the library.

    fused = sharpened(sum of weight * probabilities),        the weights of undertone/weighting.py sum to 1

It is the sum rule of Kittler, Hatef, Duin and Matas 1998, "On combining classifiers", IEEE TPAMI 20(3), weighted, for
any number of lanes. Of words and voice it is `alpha * text + (1 - alpha) * audio`. It knows nothing of models, files
or messages; the verdict of an utterance is made of it in undertone/verdict.py.

A sum of a lane that feels something and one that does not says too little; one of two that lean hard to the same pole
is as sure as they are, which is right as often as both are not misled. So it is sharpened the less the harder both lean
the same way:

    exponent = 1 + (1 / temperature - 1) * min(1, sum over pairs of 4 w_i w_j (1 - same_ij))
    same_ij = min(|lean_i|, |lean_j|) of two that lean to the same pole, else 0

Lanes that lean to opposite poles leave open which of them is meant: words say one thing and the voice another, and no
sum of the two can tell. A sum is then surer than it is right, however well each lane is calibrated. So the poles of the
fused vector are drawn together, the more the harder the lanes contradict each other and the more evenly they are mixed:

    d = strength * evenness * largest over pairs of min(|lean_i|, |lean_j|), of opposite signs
    pole' = pole - d * (pole - mean of both poles),        d no more than keeps the label

`strength` is `contradiction` of the fusion's settings and comes from the stage `tune_fusion`; the rule is ours. The
label and the sign of `fused_score` stay, and one lane alone, or one that has all the weight, keeps its own vector.
How agreement spares the sharpening is ours too, found on the tuning half.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from undertone.labels import LABELS
from undertone.lane import VOICE, WORDS, Lane
from undertone.probabilities import Probabilities, checked
from undertone.weighting import FusionSettings, Weights, evenness, lane_weights, sharpened, summed

LEAN = 0.1  # P(positive) - P(negative); less is no pole
_KEPT = 0.98  # of the way to a tie: an end that is not reached, so that the label is the same in any rounding
_NEGATIVE, _NEUTRAL, _POSITIVE = (LABELS.index(label) for label in ("negative", "neutral", "positive"))


def fuse_lanes(lanes: Sequence[Lane], settings: FusionSettings) -> tuple[Probabilities, list[Weights]]:
    """Return the fused vector (..., 3) of `lanes`, at least one, and the weight (...) of each, in their order."""
    parts = lane_weights(lanes, settings)
    joined = sharpened(summed(lanes, parts), evenness(parts, apart(lanes)), settings.temperature)
    if settings.contradiction:
        joined = drawn_together(joined, settings.contradiction * evenness(parts) * contradiction(lanes))
    return joined, parts


def lanes_of(text: ArrayLike | None, audio: ArrayLike) -> list[Lane]:
    """Return the lanes of words and voice; without words (`text` is None) the voice alone.

    Raises:
        ValueError: these are no probabilities (..., 3); the message says whether text or audio.
    """
    voice = Lane(VOICE, checked(audio, "audio"))
    return [voice] if text is None else [Lane(WORDS, checked(text, "text")), voice]


def fuse(text: ArrayLike | None, audio: ArrayLike, alpha: float) -> Probabilities:
    """Join two probability vectors of shape (..., 3) by the plain sum; `alpha` in [0, 1] is the weight of the words.

    Without words (`text` is None) the voice decides alone. `fuse([1, 0, 0], [0, 0, 1], 0.75)` is [0.75, 0, 0.25].
    """
    lanes = lanes_of(text, audio)
    if len(lanes) == 1:
        return lanes[0].probabilities
    if not 0.0 <= alpha <= 1.0:
        raise ValueError(f"alpha must lie in [0, 1], not {alpha}")
    return summed(lanes, [np.asarray(alpha), np.asarray(1.0 - alpha)])


def fused_many(text: ArrayLike, audio: ArrayLike, settings: FusionSettings) -> Probabilities:
    """Return the fused vectors (n, 3) of n utterances that all have words; `verdict_of` for many at once."""
    return fuse_lanes(lanes_of(text, audio), settings)[0]


def score(probabilities: ArrayLike) -> float:
    """Return P(positive) - P(negative), in [-1, 1]: `score([0.2, 0.3, 0.5])` is 0.3."""
    return float(leaning(checked(probabilities, "probabilities")))


def leaning(probabilities: ArrayLike) -> NDArray[np.float64]:
    """Return P(positive) - P(negative), (...), in [-1, 1], of vectors (..., 3)."""
    vectors = np.asarray(probabilities, dtype=np.float64)
    return np.asarray(vectors[..., _POSITIVE] - vectors[..., _NEGATIVE])


def agree(one: ArrayLike, other: ArrayLike) -> bool:
    """Tell whether two lanes, vectors (3,), lean to no opposite poles.

    A vector leans to the pole that it gives more, if that is more than `LEAN` ahead of the other: what is called
    neutral may lean. `agree([0.1, 0.5, 0.4], [0.6, 0.3, 0.1])` is False.
    """
    return bool(_opposed(one, other) <= LEAN)


def lanes_agree(lanes: Sequence[Lane]) -> bool:
    """Tell whether no two of `lanes`, vectors (3,), lean to opposite poles."""
    return bool(contradiction(lanes) <= LEAN)


def lanes_agreement(lanes: Sequence[Lane]) -> bool | None:
    """Return whether `lanes`, vectors (3,), say the same; None where at most one of them says anything.

    True: all have the same label. False: two lean to opposite poles. None: a lane alone, or some are neutral or
    undecided and another is not: neutral words beside an angry voice.
    """
    if not lanes_agree(lanes):
        return False
    labels = {int(np.argmax(lane.probabilities)) for lane in lanes}
    return True if len(lanes) > 1 and len(labels) == 1 else None


def contradiction(lanes: Sequence[Lane]) -> NDArray[np.float64]:
    """Return how hard `lanes`, vectors (..., 3), contradict each other, (...): 0 for no opposite poles, 1 at most."""
    pairs = [_opposed(one.probabilities, other.probabilities) for one, other in combinations(lanes, 2)]
    return np.max(pairs, axis=0) if pairs else np.zeros(np.shape(lanes[0].probabilities)[:-1])


def apart(lanes: Sequence[Lane]) -> list[NDArray[np.float64]]:
    """Return of each pair of `lanes` how much they do not say alike, (...), in [0, 1]: 0 where both are sure of a pole.

    It is 1 less the smaller lean of two that lean to the same pole; those have nothing left to sharpen.
    """
    return [1.0 - _alike(one.probabilities, other.probabilities) for one, other in combinations(lanes, 2)]


def drawn_together(joined: Probabilities, by: ArrayLike) -> Probabilities:
    """Return vectors (..., 3) with both poles drawn towards their mean by the part `by` (...), at least 0.

    `drawn_together([0.6, 0.2, 0.2], 0.5)` is [0.5, 0.2, 0.3]. No label changes: the poles stay apart, and a pole that
    was ahead of neutral stays ahead.
    """
    half_gap = leaning(joined) / 2.0
    ahead = np.maximum(joined[..., _NEGATIVE], joined[..., _POSITIVE]) - joined[..., _NEUTRAL]
    to_neutral = np.where(ahead > 0, ahead / np.maximum(np.abs(half_gap), np.finfo(np.float64).tiny), 1.0)
    moved = np.minimum(by, _KEPT * np.minimum(1.0, to_neutral)) * half_gap
    drawn = np.array(joined, dtype=np.float64)
    drawn[..., _NEGATIVE] += moved
    drawn[..., _POSITIVE] -= moved
    return drawn


def lanes_abstain(lanes: Sequence[Lane], fused: ArrayLike, settings: FusionSettings) -> bool:
    """Tell whether the verdict abstains: the label stays, but is doubtful.

    It does where the largest fused probability is under the calibrated floor, and where two lanes contradict each
    other: either may be meant, and no sum of the two can tell which.
    """
    contradicted = settings.abstain_below > 0 and not lanes_agree(lanes)
    return contradicted or bool(np.max(fused) < settings.abstain_below)


def abstains(text: ArrayLike | None, audio: ArrayLike, fused: ArrayLike, settings: FusionSettings) -> bool:
    """Tell whether the verdict of words and voice, vectors (3,), abstains; see `lanes_abstain`."""
    return lanes_abstain(lanes_of(text, audio), fused, settings)


def verdict_of(text: ArrayLike | None, audio: ArrayLike, settings: FusionSettings) -> tuple[Probabilities, float, bool]:
    """Return the fused vector (3,), the weight that the words had, and whether the verdict abstains.

    Without words (`text` is None) the voice decides alone, and the words weigh 0; the floor holds for it too.

    Raises:
        ValueError: a vector is not three probabilities; the message names it.
    """
    lanes = lanes_of(text, audio)
    fused, parts = fuse_lanes(lanes, settings)
    alpha = 0.0 if text is None else float(parts[0])
    return fused, alpha, lanes_abstain(lanes, fused, settings)


def _opposed(one: ArrayLike, other: ArrayLike) -> NDArray[np.float64]:
    """Return the smaller lean of two vectors that lean to opposite poles, else 0."""
    return np.maximum(0.0, -_shared_lean(one, other))


def _alike(one: ArrayLike, other: ArrayLike) -> NDArray[np.float64]:
    """Return the smaller lean of two vectors that lean to the same pole, else 0."""
    return np.maximum(0.0, _shared_lean(one, other))


def _shared_lean(one: ArrayLike, other: ArrayLike) -> NDArray[np.float64]:
    """Return the smaller lean of two vectors, below 0 where they lean to opposite poles."""
    this, that = leaning(one), leaning(other)
    return np.asarray(np.sign(this * that) * np.minimum(np.abs(this), np.abs(that)))
