"""The verdict of an utterance: made here, once, for the server, the library and the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from undertone.fusion import fuse_lanes, lanes_abstain, lanes_agreement, score
from undertone.lane import WORDS, Lane
from undertone.probabilities import by_label, label_of
from undertone.weighting import FusionSettings
from undertone.words.reasons import Reason


@dataclass(frozen=True)
class JudgedLane:
    """What one lane said by itself, and the weight in [0, 1] that it had in the verdict; probabilities by label."""

    label: str
    probabilities: Mapping[str, float]
    weight: float


@dataclass(frozen=True)
class Verdict:
    """How the speaker feels, by all lanes together, and how that came about.

    label: the largest of `probabilities`, which are by label and sum to 1.
    score: P(positive) - P(negative), in [-1, 1].
    lanes: what each lane said, by name: "voice", and "words" where there are any that say something.
    agreement: True where all lanes have the same label, False where two lean to opposite poles, else None.
    abstain: the label stays, but is doubtful.
    reason: why the words have no part in it, such as "no_words" or "asr_unavailable"; None where they have.
    """

    label: str
    score: float
    probabilities: Mapping[str, float]
    lanes: Mapping[str, JudgedLane]
    agreement: bool | None
    abstain: bool
    reason: str | None

    @property
    def mode(self) -> str:
        """Return "fused", or "audio_only" where the words have no part in it."""
        return "fused" if self.reason is None else "audio_only"

    @property
    def alpha(self) -> float:
        """Return the weight of the words, 0 without any."""
        return self.lanes[WORDS].weight if WORDS in self.lanes else 0.0


def judge(lanes: Sequence[Lane], settings: FusionSettings, reason: str | None = None) -> Verdict:
    """Return the verdict of `lanes`, at least one, vectors (3,); `reason` says why the words are not among them."""
    fused, parts = fuse_lanes(lanes, settings)
    probabilities = by_label(fused)
    heard = any(lane.name == WORDS for lane in lanes)
    reason = None if heard else reason or Reason.NO_WORDS
    return Verdict(
        label=label_of(probabilities),
        score=score(fused),
        probabilities=probabilities,
        lanes={lane.name: _judged(lane, float(part)) for lane, part in zip(lanes, parts, strict=True)},
        agreement=lanes_agreement(lanes),
        # Where nobody spoke, what the voice would be judged by may be a sneeze.
        abstain=lanes_abstain(lanes, fused, settings) or reason == Reason.HALLUCINATION,
        reason=reason,
    )


def _judged(lane: Lane, weight: float) -> JudgedLane:
    probabilities = by_label(lane.probabilities)
    return JudgedLane(label_of(probabilities), probabilities, weight)
