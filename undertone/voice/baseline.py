"""How one speaker usually sounds: what a session learns of it, so that the ear hears the difference.

    baseline = Baseline(ear.settings.prior)
    compared = baseline.without(encoding)       before the utterance itself is added
    baseline.add(ear.residual(compared))

The mean of a session's encodings would do where somebody speaks in all moods; of somebody who is angry for an hour it
would take the anger out. So what is learned from is each encoding without the emotions that were heard in it, and it is
believed slowly: n / (n + prior) of the mean of n utterances.
"""

import numpy as np

from undertone.manifest import EarSettings
from undertone.voice.ear import Encoding


class Baseline:
    """The speaker of one session, as far as known; `prior` > 0 is after how many utterances half of it is believed."""

    def __init__(self, prior: float) -> None:
        self._sum, self._prior, self._count = np.zeros(1), prior, 0

    def add(self, residual: Encoding) -> None:
        """Take one more utterance: what `Ear.residual` leaves of the last encoding that came out of `without`."""
        self._sum = self._sum + residual + self._offset()
        self._count += 1

    def without(self, encoding: Encoding) -> Encoding:
        """Return `encoding` (width,) as if an average speaker had said it."""
        return np.asarray(encoding - self._offset(), dtype=np.float32)

    def _offset(self) -> np.ndarray:
        return np.asarray(self._sum / (self._count + self._prior))


def no_baseline(settings: EarSettings | None) -> str | None:
    """Return why a release cannot judge a speaker against a baseline; None where it can."""
    if settings is None:
        return "the release has no ear"
    return "the release has no prior for it" if settings.prior is None else None
