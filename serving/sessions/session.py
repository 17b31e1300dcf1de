"""What a socket and a recording have in common: one session and its verdicts, fed with PCM.

A served session knows nothing of sockets or requests; it tells its events to `subscribers`, the last of which sends
them. Hearing is in undertone/stream/session.py, finals in serving/sessions/finals.py; serving/live/connection.py and
the HTTP routes feed it.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import numpy as np

from serving.logs import SESSION
from serving.observe.metrics import GONE
from serving.observe.recording.session import SessionRecording, head_of
from serving.service import Service
from serving.sessions.channel import Asks, Channel, Numbers, feed, naming
from serving.sessions.clock import SessionClock
from serving.sessions.finals import Finals
from serving.sessions.subscribers import Send, Subscriber, finals_log, publisher, recorded, wire
from serving.workers.pressure import FEWER_MOODS
from serving.workers.scheduler import Job
from undertone.audio import FRAME_SAMPLES, RATE_HZ
from undertone.labels import LABELS
from undertone.protocol import PROTOCOL_VERSION, Message, error
from undertone.release import describe_release
from undertone.stream.events import Event
from undertone.stream.judging import voice_of
from undertone.stream.session import Output, Session
from undertone.stream.settings import SessionSettings, SettingError
from undertone.stream.utterance import SoFar, Stretch, Utterance, Voice
from undertone.words.reading import Words
from undertone.words.reasons import REJECTIONS

PIECE_BYTES = 32_000  # a second: how much is heard at once
FRAME_BYTES = 2 * FRAME_SAMPLES
MAX_AHEAD_S = 2.0
MAX_PENDING = 2

Heard = Iterable[tuple[Channel, list[Output]]]


class ServedSession:
    """One stream of audio from `created` to `close`; lives in the event loop, one call at a time.

    `live` False: a file, nobody speaks, so that each verdict is awaited however slow the words come. What `send` raises
    comes out of `hear`, `end_utterance` or `close`: the listener is gone.
    """

    def __init__(self, service: Service, send: Send, live: bool = True) -> None:
        assert service.engine is not None
        self._live = live
        self.id = uuid.uuid4().hex
        SESSION.set(self.id)  # of this task, and of those that it starts
        self._service, self._release, self._send = service, service.engine, send
        self._threads = service.live_threads if live else service.upload_threads
        self._calls = service.live_calls if live else service.upload_threads
        self._clock = SessionClock()
        self._channels: list[Channel] = []
        self._numbers = Numbers()
        self.observed = service.sessions.begin(
            "live" if live else "upload", lambda: self.session.heard_samples, self._totals
        )
        kind = "live" if live else "upload"
        self.recording = SessionRecording(service.recorder, self.id, kind, self._recorded_head)
        self.subscribers: list[Subscriber] = [finals_log(self.id), self._observe, recorded(self.recording), wire(send)]
        self._publish = publisher(self.subscribers)
        judged = self.recording.judged
        self._asks = Asks(self._transcribe, self._listen, self._transcribe_so_far, self._hinted, judged)
        self._channels = [Channel(service, self._publish, self._asks, self.id)]

    @property
    def session(self) -> Session:
        """What is heard of the first channel, the only one of most."""
        return self._channels[0].session

    @property
    def finals(self) -> Finals:
        """The verdicts of the first channel."""
        return self._channels[0].finals

    def update(self, changes: dict[str, Any], begun: bool = False) -> None:
        """Apply the fields of `session.update`, all or none; `begun`: audio came, of which nothing is heard yet.

        Raises:
            SettingError: an unknown setting, a value out of range or that this server cannot do, or after audio, when
                only the consent to be recorded can be withdrawn.
        """
        if (begun or self.session.heard_samples) and changes == {"record": False}:
            self._withdraw_consent()
            return
        if begun or self.session.heard_samples:
            raise SettingError("session.update is taken only before the first audio frame")
        settings = self.session.settings.updated(changes)
        if reason := self._service.too_long(settings.max_utterance_ms):
            raise SettingError(f"max_utterance_ms: {reason}")
        if settings.record and (reason := self._service.recorder.refusal):
            raise SettingError(f"record: {reason}")
        if settings.partials and (reason := self._service.no_partials):
            raise SettingError(f"partials: {reason}")
        if reason := self._service.no_language(settings.language):
            raise SettingError(f"language: {reason}")
        if settings.endpoint == "adaptive" and (reason := self._service.no_adaptive_endpoint):
            raise SettingError(f"endpoint: {reason}")
        if settings.channels > 1 and settings.record:
            raise SettingError("record: a session of two channels is not kept")
        if settings.baseline == "adaptive" and (reason := self._service.no_baseline):
            raise SettingError(f"baseline: {reason}")
        if settings.partials:
            self._service.expect_partials()
        self._open_channels(settings.channels)
        for channel in self._channels:
            channel.configure(settings)
        self.recording.consents = settings.record

    def _open_channels(self, wanted: int) -> None:
        if wanted == len(self._channels):
            return
        for channel in self._channels:
            channel.cancel()
        names = [naming(self._publish, number, self._numbers) for number in range(1, wanted + 1)]
        told = names if wanted > 1 else [self._publish]
        self._channels = [Channel(self._service, publish, self._asks, self.id) for publish in told]

    def _withdraw_consent(self) -> None:
        self.session.settings = self.session.settings.updated({"record": False})
        self.recording.withdraw()

    async def hear(self, pcm: bytes, early: bool = False) -> None:
        """Take the next samples, int16 little-endian at 16 kHz, an even number of bytes; send what they bring about.

        Waits while more than `MAX_PENDING` verdicts are pending and the audio is over `MAX_AHEAD_S` ahead of the wall
        clock, or was when it came (`early`): audio that is sent faster than life loses no words to a time limit, on a
        slow machine neither, and whoever speaks is never held up.
        """
        piece_bytes = PIECE_BYTES * len(self._channels)
        for start in range(0, len(pcm), piece_bytes):
            self._clock.begin()
            piece = pcm[start : start + piece_bytes]
            self.recording.heard(piece)
            if not (early or not self._live or self._ahead_s() > MAX_AHEAD_S):
                for channel in self._channels:
                    channel.hints.pass_on()
                    channel.session.sparse_moods = self._service.pressure.value >= FEWER_MOODS
                await self._tell(await self._calls.run(self._feed, piece))
            else:
                await self._hear_patiently(piece)

    async def _hear_patiently(self, pcm: bytes) -> None:
        most = MAX_PENDING if self._live else 0
        for channel in self._channels:
            channel.session.sparse_moods = False
            if channel.finals.pending > most:
                with self._clock:
                    await channel.finals.settled(most)
        if self.settings.endpoint == "fixed":
            await self._tell(await self._calls.run(self._feed, pcm))
            return
        # Faster than life, the words that may end an utterance would always come too late: they are waited for.
        frame_bytes = FRAME_BYTES * len(self._channels)
        for start in range(0, len(pcm), frame_bytes):
            with self._clock:
                for channel in self._channels:
                    await channel.hints.settled()
            await self._tell(await self._threads.run(self._feed, pcm[start : start + frame_bytes]))

    def _feed(self, pcm: bytes) -> Heard:
        samples = np.frombuffer(pcm, "<i2").astype(np.int16, copy=False)
        return feed(self._channels, samples.reshape(-1, len(self._channels)))

    @property
    def settings(self) -> SessionSettings:
        """The settings that hold."""
        return self.session.settings

    @property
    def in_speech(self) -> bool:
        """Whether somebody speaks, as far as it was heard."""
        return any(channel.session.in_speech for channel in self._channels)

    def working_s(self) -> float:
        """Return a clock in seconds that stands still while `hear` waits by its own choice."""
        return self._clock.working_s()

    @contextmanager
    def on_hold(self) -> Iterator[None]:
        """Inside, the session waits for a client whose connection was lost; what comes then comes all at once."""
        self.observed.waiting = True
        try:
            with self._clock:
                yield
        finally:
            self.observed.waiting = False
            self._clock.back(self.session.heard_samples)

    async def end_utterance(self, cause: str) -> bool:
        """End the utterance under way (`commit`, `idle`); False where there is none."""
        self._came(cause)
        ended = [(one, await self._threads.run(one.session.end_utterance, cause)) for one in self._channels]
        await self._tell(ended)
        return any(outputs for _, outputs in ended)

    async def settle(self) -> None:
        """Return when everything that was heard has its final."""
        for channel in self._channels:
            await channel.finals.drain()

    async def close(
        self, reason: str, fault: str | None = None, notes: Sequence[Message] = (), retry_after_s: int | None = None
    ) -> None:
        """Finish what was heard, send every final due, `fault` as a fatal error if there is one, `session.closed`.

        `retry_after_s` says when it makes sense to come again after the fault.

        `notes` say what was done to a recording, the session adds its own; without any, the message has no such field.
        """
        self._came("finish")
        await self._tell([(one, await self._threads.run(one.session.finish)) for one in self._channels])
        await self.settle()
        self.cancel(reason)
        if fault:
            await self._send(error(reason, fault, fatal=True, retry_after_s=retry_after_s))
        closed = {"type": "session.closed", "reason": reason, "totals": self._totals()}
        told = [*notes, *(note for channel in self._channels for note in channel.session.notes)]
        said = {"notes": told} if told else {}
        await self._send({**closed, "trajectory": self._trajectory(), **said})

    def cancel(self, reason: str = GONE) -> None:
        """Give up what is still under way, for `reason`; harmless after `close`, or a second time."""
        self._service.sessions.end(self.observed, reason)
        self.recording.end(reason)
        for channel in self._channels:
            channel.cancel()

    def created(self) -> Message:
        """Return `session.created`."""
        limits = self._service.limits
        return {
            "type": "session.created",
            "session_id": self.id,
            "protocol": PROTOCOL_VERSION,
            "audio": {"encoding": "pcm_s16le", "sample_rate_hz": RATE_HZ, "channels": 1},
            "limits": {
                "max_frame_bytes": limits.max_frame_bytes,
                "max_session_s": limits.max_session_s,
                "idle_session_s": limits.idle_session_s,
                "idle_speech_s": limits.idle_speech_s,
                "idle_zeros_s": limits.idle_zeros_s,
                "max_utterance_s": limits.max_utterance_s,
                "max_wait_s": limits.max_wait_s,
            },
            "settings": self.session.settings.as_dict(),
            "labels": list(LABELS),
            "release": describe_release(self._release.manifest),
            "asr": self._service.asr,
            "ear": self._service.ear,
            "fusion": asdict(self._release.fusion),
            "recording": self._service.recorder.info,
            "resume": None,
        }

    def _recorded_head(self) -> Message:
        return head_of(self.settings.as_dict(), self._service.speculates, **self._service.provenance)

    def _hinted(self, words: Words) -> None:
        if self.settings.endpoint == "adaptive" and (words.text or words.reason in REJECTIONS):
            self._came("hint")

    def _came(self, name: str) -> None:
        self.recording.came(name, self.session.heard_samples)

    async def _tell(self, heard: Heard) -> None:
        for channel, outputs in heard:
            await channel.tell(outputs)

    async def _observe(self, event: Event) -> None:
        self._service.sessions.tell(self.observed, event)

    async def _transcribe(self, stretch: Stretch, job: Job) -> Words:
        # The time limit counts from when the audio would have been heard, had it been spoken.
        job.session, job.background, job.patience_s = self.id, not self._live, self._ahead_s()
        timeout_s = self._service.limits.words_timeout_s + job.patience_s
        language = self.session.settings.language
        known = language, stretch.speech_ms, stretch.speech_prob
        timed = self.settings.word_times
        return await self._service.transcribe(stretch.samples, *known, job, timeout_s, word_times=timed)

    async def _listen(self, utterance: Utterance) -> Voice:
        return await self._threads.run(voice_of, self._release, utterance, self.settings)

    def _ahead_s(self) -> float:
        return max(0.0, self._clock.ahead_s(self.session.heard_samples))

    async def _transcribe_so_far(self, so_far: SoFar) -> str | None:
        known = self.session.settings.language, so_far.speech_ms, so_far.speech_prob
        return await self._service.transcribe_so_far(so_far.samples, Job(session=self.id), *known)

    def _trajectory(self) -> list[Message]:
        if len(self._channels) == 1:
            return self.finals.trajectory
        numbered = enumerate(self._channels, 1)
        points = [self._numbers.point(place, number) for number, one in numbered for place in one.finals.trajectory]
        return sorted(points, key=lambda point: point["utterance_id"])

    def _totals(self) -> dict[str, Any]:
        own = [channel.session.totals for channel in self._channels]
        heard = [entry["label"] for channel in self._channels for entry in channel.finals.trajectory]
        sent = sum(channel.session.speculations for channel in self._channels)
        used = sum(channel.finals.used for channel in self._channels)
        return {
            **own[0],
            **{name: sum(totals[name] for totals in own) for name in ("speech_ms", "utterances")},
            "labels": {label: heard.count(label) for label in LABELS},
            "speculations": {"sent": sent, "used": used, "wasted": sent - used},
        }
