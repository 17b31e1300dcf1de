"""One speaker of a session: what is heard of one channel, and its verdicts.

A session has one, or two where the channels of a call are two people. Their utterances are numbered together, in the
order in which they begin, and every event names its channel.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from itertools import count
from typing import NamedTuple

from serving.service import Service
from serving.sessions.finals import Finals, Listen, Transcribe
from serving.sessions.hints import Hints
from serving.sessions.partials import Partials
from serving.sessions.subscribers import Subscriber
from serving.workers.pressure import NO_PARTIALS
from undertone.audio import FRAME_SAMPLES, Samples
from undertone.protocol import Message
from undertone.stream.events import Event, SpeechEnded
from undertone.stream.session import Output, Session
from undertone.stream.settings import SessionSettings
from undertone.stream.utterance import SoFar, Speculation, Stretch, Utterance, Withdrawn
from undertone.voice.joined import JoinedEars
from undertone.words.reading import Words


class Asks(NamedTuple):
    """What a channel asks of its session: words, the voice, words so far; and tells it: hints, what is judged."""

    transcribe: Transcribe
    listen: Listen
    so_far: Callable[[SoFar], Awaitable[str | None]]
    hinted: Callable[[Words], object]
    judged: Callable[[int, Samples], object]


class Channel:
    """Hearing, finals, hints and partials of one speaker; `publish` is told the events."""

    def __init__(self, service: Service, publish: Subscriber, asks: Asks, session_id: str) -> None:
        assert service.engine is not None
        self._service, self._release, self._publish, self._asks = service, service.engine, publish, asks
        self.session = Session(service.engine, service.settings, service.speculates)
        patience_ms = service.limits.provisional_after_ms
        self.finals = Finals(publish, asks.transcribe, asks.listen, session_id, patience_ms)
        self.finals.fusion, self.finals.ears = service.engine.fusion, JoinedEars(service.engine.ear)
        self.hints = Hints(self.session, asks.hinted)
        self._partials = Partials(publish, asks.so_far)

    def configure(self, settings: SessionSettings) -> None:
        """Apply `settings`; only before the first sample."""
        self.session.configure(settings)
        self.finals.ears = JoinedEars(self._release.ear, settings.baseline == "adaptive")
        self.finals.fusion = self._release.fusion.with_alpha(settings.alpha)
        self.finals.settings, self._partials.redacts = settings, settings.redact_text

    async def tell(self, outputs: Sequence[Output]) -> None:
        """Publish what was heard, and ask for what it needs."""
        withdrawn = {id(output.speculation) for output in outputs if isinstance(output, Withdrawn)}
        for output in outputs:
            if isinstance(output, Stretch | Withdrawn):
                if id(output) not in withdrawn:  # audio faster than life: what is dropped at once is not even sent
                    self._forward(output)
                continue
            if isinstance(output, SpeechEnded):
                self._partials.drop()
            await self._publish(output)

    def cancel(self) -> None:
        """Give up what is still under way."""
        self.finals.cancel()
        self._partials.cancel()

    def _forward(self, output: Stretch | Withdrawn) -> None:
        if isinstance(output, Utterance):
            self._asks.judged(output.utterance_id, output.samples)
            self.finals.add(output)
        elif isinstance(output, Speculation):
            self.hints.await_words(output, self.finals.speculate(output))
        elif isinstance(output, Withdrawn):
            self.finals.withdraw()
        elif isinstance(output, SoFar) and self._service.pressure.value < NO_PARTIALS:
            self._partials.offer(output)


class Numbers:
    """Counts the utterances of all channels together: by channel and its own number, the number that goes out."""

    def __init__(self) -> None:
        self._next, self._given = count(1), dict[tuple[int, int], int]()

    def named(self, event: Event, channel: int) -> Event:
        """Return `event` of `channel` as it goes out."""
        own = channel, event.utterance_id
        if own not in self._given:  # an utterance is announced before anything else is told of it
            self._given[own] = next(self._next)
        return replace(event, utterance_id=self._given[own], channel=channel)

    def point(self, place: Message, channel: int) -> Message:
        """Return an entry of the trajectory of `channel` as it goes out."""
        return {**place, "utterance_id": self._given[channel, place["utterance_id"]], "channel": channel}


def naming(publish: Subscriber, channel: int, numbers: Numbers) -> Subscriber:
    """Return what publishes the events of `channel` under the numbers that they have in the session."""

    async def tell(event: Event) -> None:
        await publish(numbers.named(event, channel))

    return tell


def feed(channels: Sequence[Channel], samples: Samples) -> Iterable[tuple[Channel, list[Output]]]:
    """Feed (n, channels) samples, or (n,) of one channel; return what they bring about, by channel, in order.

    Several are fed a frame at a time, so that who spoke first does not depend on how the samples were cut.
    """
    if len(channels) == 1:
        return [(channels[0], channels[0].session.feed(samples.tobytes()))]
    heard: list[tuple[Channel, list[Output]]] = []
    start = 0
    while start < len(samples):
        end = start + FRAME_SAMPLES - channels[0].session.heard_samples % FRAME_SAMPLES
        for number, channel in enumerate(channels):
            heard.append((channel, channel.session.feed(samples[start:end, number].tobytes())))
        start = end
    return heard
