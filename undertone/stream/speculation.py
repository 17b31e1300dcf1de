"""When the words of an utterance are asked for ahead of its endpoint: a function of the samples alone, like a session.

After `SPECULATE_AFTER_MS` of silence, or after `MEANING_AFTER_MS` where the words may bring the endpoint
(undertone/stream/meaning.py), the utterance so far is sent for transcription. If the silence lasts to the endpoint,
those are its words; if speech resumes, they are dropped. What is heard ahead lacks little of the padding after the
speech, all of it below the release threshold. Where the levels say that speech went on behind it, it is not used.
"""

from collections.abc import Callable
from dataclasses import replace

from undertone.audio import SAMPLES_PER_MS
from undertone.gate.hearing import Ended
from undertone.gate.listener import Listener
from undertone.stream.utterance import Speculation, Withdrawn

SPECULATE_AFTER_MS, MEANING_AFTER_MS = 200, 150
SHORTEST_ENDPOINT_MS = 250  # an endpoint that comes no later than this leaves nothing to gain


class Speculator:
    """Watches the pauses of one stream; positions are samples since its start."""

    def __init__(self, endpoint_silence_ms: int, by_meaning: bool = False) -> None:
        """Send nothing where an endpoint comes at once; `by_meaning`: the words may bring it."""
        self._enabled = endpoint_silence_ms > SHORTEST_ENDPOINT_MS
        self._endpoint = 0 if by_meaning else endpoint_silence_ms * SAMPLES_PER_MS
        self._after = (MEANING_AFTER_MS if by_meaning else SPECULATE_AFTER_MS) * SAMPLES_PER_MS
        self._pause: int | None = None  # where the pause began that was speculated in
        self._current: Speculation | None = None
        self._end = 0
        self.sent = 0

    def watch(self, listener: Listener, now: int, heard: Callable[[int], Speculation]) -> list[Speculation | Withdrawn]:
        """Return what to send or to drop at `now`; `heard(until)` cuts the utterance so far, speech ending there."""
        outputs: list[Speculation | Withdrawn] = []
        since = listener.paused_since
        if self._current and since != self._pause:
            outputs.append(Withdrawn(self._current))
            self._forget()
        if self._enabled and since is not None and since != self._pause and now - since >= self._after:
            lead_ms = max(0, since + self._endpoint - now) // SAMPLES_PER_MS
            self._current, self._pause, self._end = replace(heard(since), lead_ms=lead_ms), since, now
            self.sent += 1
            outputs.append(self._current)
        return outputs

    def pause_of(self, speculation: Speculation) -> int | None:
        """Return where the pause began that `speculation` was sent in; None once speech went on or it ended."""
        return self._pause if speculation is self._current else None

    def settle(self, event: Ended) -> int | None:
        """Return by how many samples the speculation was ahead of the end of its utterance; None if it does not hold.

        It holds if it heard all the speech. The next utterance begins without one.
        """
        holds = self._current and event.cause != "max_length" and event.speech_end <= self._end
        lead = event.decided - self._end
        self._forget()
        return lead if holds else None

    def _forget(self) -> None:
        self._current = self._pause = None
