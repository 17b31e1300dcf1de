"""Late fusion: one rule over named lanes, called by the tuning, by the wire and by the library.

    fused = sharpened(sum of weight * probabilities),        the weights of undertone/weighting.py sum to 1

It is the sum rule of Kittler, Hatef, Duin and Matas 1998, "On combining classifiers", IEEE TPAMI 20(3), weighted, for
any number of lanes. Of words and voice it is `alpha * text + (1 - alpha) * audio`. It knows nothing of models, files
or messages; the verdict of an utterance is made of it in undertone/verdict.py.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from undertone.labels import LABELS
from undertone.lane import VOICE, WORDS, Lane
from undertone.probabilities import Probabilities, checked
from undertone.weighting import FusionSettings, Weights, evenness, lane_weights, sharpened, summed

LEAN = 0.1  # P(positive) - P(negative); less is no pole


def fuse_lanes(lanes: Sequence[Lane], settings: FusionSettings) -> tuple[Probabilities, list[Weights]]:
    """Return the fused vector (..., 3) of `lanes`, at least one, and the weight (...) of each, in their order."""
    parts = lane_weights(lanes, settings)
    return sharpened(summed(lanes, parts), evenness(parts), settings.temperature), parts


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
    vector = checked(probabilities, "probabilities")
    return float(vector[LABELS.index("positive")] - vector[LABELS.index("negative")])


def agree(one: ArrayLike, other: ArrayLike) -> bool:
    """Tell whether two lanes, vectors (3,), lean to no opposite poles.

    A vector leans to the pole that it gives more, if that is more than `LEAN` ahead of the other: what is called
    neutral may lean. `agree([0.1, 0.5, 0.4], [0.6, 0.3, 0.1])` is False.
    """
    this, that = score(one), score(other)
    return not (this * that < 0 and min(abs(this), abs(that)) > LEAN)


def lanes_agree(lanes: Sequence[Lane]) -> bool:
    """Tell whether no two of `lanes`, vectors (3,), lean to opposite poles."""
    return all(agree(one.probabilities, other.probabilities) for one, other in combinations(lanes, 2))


def lanes_agreement(lanes: Sequence[Lane]) -> bool | None:
    """Return whether `lanes`, vectors (3,), say the same; None where at most one of them says anything.

    True: all have the same label. False: two lean to opposite poles. None: a lane alone, or some are neutral or
    undecided and another is not: neutral words beside an angry voice.
    """
    if not lanes_agree(lanes):
        return False
    labels = {int(np.argmax(lane.probabilities)) for lane in lanes}
    return True if len(lanes) > 1 and len(labels) == 1 else None


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
