"""A lane: one source of evidence on how a speaker feels, such as the words, the voice, or one day the face."""

from dataclasses import dataclass

from undertone.probabilities import Probabilities, checked

WORDS, VOICE = "words", "voice"


@dataclass(frozen=True, eq=False)
class Lane:
    """What one lane says of an utterance, (3,), or of n of them, (n, 3), and how far it is to be trusted there.

    `confidence` in (0, 1] scales its odds against the others: 0.5 for a face that was in view for half of the time. A
    lane that has nothing to say is left out.

    Raises:
        ValueError: these are no probabilities, or the confidence is out of its range; the message names the lane.
    """

    name: str
    probabilities: Probabilities
    confidence: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "probabilities", checked(self.probabilities, self.name))
        if not 0.0 < self.confidence <= 1.0:
            raise ValueError(f"the confidence of {self.name} must lie in (0, 1], not {self.confidence}")
