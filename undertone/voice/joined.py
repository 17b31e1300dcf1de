"""What the voice says of an utterance: the acoustic graph and the recogniser's ear joined.

    joined = softmax(((1 - weight) * log p_cnn + weight * log p_ear) / temperature)

It is the product rule of Kittler, Hatef, Duin and Matas 1998, "On combining classifiers", IEEE TPAMI 20(3), weighted.
Where the ear is silent the acoustic graph speaks alone, its probabilities unchanged.
"""

from dataclasses import dataclass

import numpy as np

from undertone.manifest import EarSettings
from undertone.probabilities import Probabilities, softmax
from undertone.voice.baseline import Baseline
from undertone.voice.ear import Ear, Encoding

LEAST = 1e-6  # smaller probabilities count as this one: no ear alone can rule a label out


def joined(cnn: Probabilities, ear: Probabilities | None, settings: EarSettings) -> Probabilities:
    """Return the probabilities (..., 3) of both ears; without the ear those of the acoustic graph, the same numbers."""
    if ear is None:
        return cnn
    return softmax(logits_of_both(cnn, ear, settings.weight), settings.temperature)


def logits_of_both(cnn: Probabilities, ear: Probabilities, weight: float) -> Probabilities:
    """Return the weighted mean (..., 3) of the log-probabilities of both ears; the ear has `weight`."""
    logs = [np.log(np.maximum(each, LEAST)) for each in (cnn, ear)]
    return np.asarray((1 - weight) * logs[0] + weight * logs[1])


@dataclass(frozen=True, eq=False)
class Heard:
    """What the voice says of an utterance, vectors (3,): all ears `joined`, and each; `encoder` None: it was silent."""

    joined: Probabilities
    cnn: Probabilities
    encoder: Probabilities | None = None


class JoinedEars:
    """The ears of one session. With `adaptive` the encoder's hears each utterance against those before it.

    Without an `ear`, and `adaptive` of an ear without a prior, that part is left out.
    """

    def __init__(self, ear: Ear | None = None, adaptive: bool = False) -> None:
        self._ear = ear
        prior = ear.settings.prior if ear and adaptive else None
        self._baseline = None if prior is None else Baseline(prior)

    def hear(self, cnn: Probabilities, encoding: Encoding | None, encoder: str | None, spoken: bool = True) -> Heard:
        """Return what is heard in the next utterance, in order: `cnn` (3,) is what the acoustic graph says.

        `encoding` was made by weights with the sha256 `encoder`; what nobody has `spoken` tells nothing of the speaker.
        """
        if self._ear is None or encoding is None or not self._ear.hears(encoder):
            return Heard(cnn, cnn)
        compared = self._baseline.without(encoding) if self._baseline else encoding
        heard = self._ear.probabilities(compared)
        if not np.isfinite(heard).all():
            return Heard(cnn, cnn)
        if self._baseline and spoken:
            self._baseline.add(self._ear.residual(compared))
        return Heard(joined(cnn, heard, self._ear.settings), cnn, heard)
