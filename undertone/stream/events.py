"""What happens in a stream, for whoever listens: the wire, the log, the library, later metrics and recordings.

    SpeechStarted ─ Mood ... ─ SpeechEnded ─ Final         of each utterance, in this order; Finals keep theirs too

Times are milliseconds of audio since the stream began, except those of `Final.timings` that end in `_latency_ms`.
Probabilities are by label. `channel` says which of two it was said in, 1 or 2; None where there is one. Stretches of
samples that go from hand to hand inside are in undertone/stream/utterance.py; the messages that events become on the
wire are made last.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from undertone.probabilities import label_of
from undertone.prosody import Prosody
from undertone.verdict import Verdict

Timings = Mapping[str, float | None]


@dataclass(frozen=True)
class SpeechStarted:
    """An utterance is under way; it begins at `start_ms`, its first speech is at `speech_start_ms`."""

    utterance_id: int
    start_ms: int
    speech_start_ms: int
    channel: int | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class Mood:
    """How the last seconds of the running utterance sound."""

    utterance_id: int
    start_ms: int
    end_ms: int
    probabilities: Mapping[str, float]
    channel: int | None = field(default=None, kw_only=True)

    @property
    def label(self) -> str:
        """Return the label of the largest probability."""
        return label_of(self.probabilities)


@dataclass(frozen=True)
class Partial:
    """What the running utterance says so far; it may change. `text` None: the session keeps its words to itself."""

    utterance_id: int
    text: str | None
    channel: int | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class SpeechEnded:
    """The endpoint of an utterance, and its cause: silence, max_length, commit, idle or finish. Its final follows."""

    utterance_id: int
    end_ms: int
    cause: str
    channel: int | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class SpokenWord:
    """One word of an utterance, with the marks that go with it; `confidence` in [0, 1]."""

    text: str
    start_ms: int
    end_ms: int
    confidence: float


@dataclass(frozen=True)
class Judged:
    """An utterance with its verdict: what `Provisional` and `Final` share.

    `text` is None where there are no words, or the session keeps them to itself; `speech_rate_wpm` is words a minute.
    `audio_ears` are the probabilities of each ear whose join is the lane "voice" of the verdict: "cnn" is the acoustic
    graph, "encoder" the recogniser's ear, None where that was silent. `words` are those of `text` with their times,
    None where the session does not want them; `prosody` is how it was spoken, None likewise.
    """

    utterance_id: int
    start_ms: int
    end_ms: int
    text: str | None
    speech_rate_wpm: int | None
    verdict: Verdict
    audio_ears: Mapping[str, Mapping[str, float] | None] = field(kw_only=True)
    words: Sequence[SpokenWord] | None = field(default=None, kw_only=True)
    prosody: Prosody | None = field(default=None, kw_only=True)
    channel: int | None = field(default=None, kw_only=True)

    @property
    def span(self) -> dict[str, int]:
        """The fields that say which utterance this is."""
        return {"utterance_id": self.utterance_id, "start_ms": self.start_ms, "end_ms": self.end_ms}


@dataclass(frozen=True)
class Provisional(Judged):
    """A verdict without the words, which take their time and may still come."""


@dataclass(frozen=True)
class Final(Judged):
    """The one verdict of an utterance; `timings` are as on the wire, empty where nobody took the time."""

    timings: Timings = field(default_factory=dict, compare=False)


Event = SpeechStarted | Mood | Partial | SpeechEnded | Provisional | Final
