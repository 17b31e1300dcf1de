"""Late fusion: one rule over named lanes, called by the tuning, by the wire and by the library.

    fused = sharpened(sum of weight * probabilities),        the weights of undertone/weighting.py sum to 1

and where lanes contradict each other its poles are drawn together (undertone/agreement.py).

It is the sum rule of Kittler, Hatef, Duin and Matas 1998, "On combining classifiers", IEEE TPAMI 20(3), weighted, for
any number of lanes. Of words and voice it is `alpha * text + (1 - alpha) * audio`. It knows nothing of models, files
or messages; the verdict of an utterance is made of it in undertone/verdict.py.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from undertone.agreement import contradiction, drawn_together, lanes_agree, leaning
from undertone.lane import VOICE, WORDS, Lane
from undertone.probabilities import Probabilities, checked
from undertone.weighting import FusionSettings, Weights, evenness, lane_weights, sharpened, summed


def fuse_lanes(lanes: Sequence[Lane], settings: FusionSettings) -> tuple[Probabilities, list[Weights]]:
    """Return the fused vector (..., 3) of `lanes`, at least one, and the weight (...) of each, in their order."""
    parts = lane_weights(lanes, settings)
    mixed = evenness(parts)
    joined = sharpened(summed(lanes, parts), mixed, settings.temperature)
    if settings.contradiction:
        joined = drawn_together(joined, settings.contradiction * mixed * contradiction(lanes))
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
