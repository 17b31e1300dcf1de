"""Stretches of speech on their way to their words: a whole utterance, or one as far as it was heard."""

import time
from dataclasses import dataclass, field

from undertone.audio import Samples
from undertone.probabilities import Probabilities
from undertone.prosody import Prosody


@dataclass(frozen=True)
class Voice:
    """What the voice of an utterance says, how long that took to find out, and its `prosody` where it is wanted."""

    audio: Probabilities
    acoustic_latency_ms: float
    prosody: Prosody | None = None


@dataclass(frozen=True)
class Stretch:
    """Int16 samples from the start of an utterance; `speech_ms` of them were taken for speech, heard so clearly.

    `speech_prob` is explained in undertone/gate/clarity.py; None: not known.
    """

    utterance_id: int
    samples: Samples
    speech_ms: int
    speech_prob: float | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class SoFar(Stretch):
    """An utterance while it is spoken, for a `transcript.partial`."""


@dataclass(frozen=True)
class Speculation(Stretch):
    """An utterance in a pause that may be its end (undertone/stream/speculation.py).

    Nobody waits for its words before `lead_ms` of audio are over, where the pause lasts; 0: they are wanted at once.
    """

    lead_ms: int = field(default=0, kw_only=True)


@dataclass(frozen=True)
class Withdrawn:
    """`speculation` is withdrawn: speech went on."""

    speculation: Speculation


@dataclass(frozen=True)
class Utterance(Stretch):
    """A finished utterance, and the times so far.

    `speculation_lead_ms` is by how much audio the last `Speculation` was ahead of the endpoint; None: it does not hold.
    """

    start_ms: int
    end_ms: int
    endpoint_wait_ms: int
    speculation_lead_ms: int | None = None
    decided_at_s: float = field(default_factory=time.perf_counter)

    @property
    def span(self) -> dict[str, int]:
        """The fields that say which utterance a message speaks of."""
        return {"utterance_id": self.utterance_id, "start_ms": self.start_ms, "end_ms": self.end_ms}
