"""What goes into the endpointing, a hearing for each frame, and what comes out: utterances that begin and end."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Hearing:
    """What a frame of 512 samples sounded like: speech probability of each ear, level (dB, undertone/gate/edges.py).

    `second` is 0 where nobody asked the second ear (`Endpointer.doubts`).
    """

    probability: float
    second: float
    level_db: float

    @property
    def either(self) -> float:
        """The probability that the ear gives which hears more."""
        return max(self.probability, self.second)


@dataclass(frozen=True)
class Started:
    """An utterance begins at `start` (pre-roll included); `speech_start` is where speech was heard to begin."""

    start: int
    speech_start: int


@dataclass(frozen=True)
class Ended:
    """An utterance is [start, end); in it speech lasted from `speech_start` to `speech_end`, known at `decided`.

    `speech_start` is measured against the loudest frame of the whole utterance; that of `Started` could not be.
    `speech_prob` is how clearly speech was heard in it (undertone/gate/clarity.py).
    """

    start: int
    end: int
    speech_start: int
    speech_end: int
    decided: int
    cause: str
    speech_prob: float
