"""How one speaker usually sounds: what a session learns of it, so that the ear hears the difference.

    baseline = Baseline(ear.mean, ear.settings.prior)
    shifted = baseline.shift(encoding)      before the utterance itself is added
    baseline.add(encoding)

The ear then hears encoding - n / (n + prior) * (mean of the session's n encodings - mean of those learned from): the
first utterance as it is, and none so that the session's mean moves further than to the mean of those learned from.
"""

import numpy as np
from numpy.typing import ArrayLike

from undertone.manifest import EarSettings
from undertone.voice.ear import Encoding


class Baseline:
    """The running mean of the encodings of one session; `mean` (2 * width,) is that of those learned from.

    `prior` > 0 is after how many utterances half of the difference is taken out.
    """

    def __init__(self, mean: ArrayLike, prior: float) -> None:
        self._learned = np.asarray(mean, dtype=np.float64)
        self._sum = np.zeros_like(self._learned)
        self._prior, self._count = prior, 0

    def add(self, encoding: Encoding) -> None:
        """Take the encoding of one more utterance."""
        self._sum += encoding
        self._count += 1

    def shift(self, encoding: Encoding) -> Encoding:
        """Return what the ear is to hear in place of `encoding` (2 * width,)."""
        if not self._count:
            return encoding
        share = self._count / (self._count + self._prior)
        return (encoding - share * (self._sum / self._count - self._learned)).astype(np.float32)


def no_baseline(settings: EarSettings | None) -> str | None:
    """Return why a release cannot judge a speaker against a baseline; None where it can."""
    if settings is None:
        return "the release has no ear"
    return "the release has no prior for it" if settings.prior is None else None
