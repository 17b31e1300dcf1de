"""What a conversation over a socket and a file have in common: one session and its verdicts, fed with PCM.

A talk knows nothing of sockets or requests; it tells what it hears to whoever gave it `send`. Hearing is in
serving/session.py, finals in serving/verdicts.py; serving/conversation.py and the HTTP routes feed it.
"""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from contract.labels import LABELS
from serving.desk import Desk
from serving.engine import describe_release
from serving.messages import Message, error
from serving.session import Output, Session, Utterance
from serving.settings import SettingError
from serving.verdicts import Verdicts

PROTOCOL_VERSION = 1

Send = Callable[[Message], Awaitable[None]]


class Talk:
    """One stream of audio from `created` to `close`; lives in the event loop, one call at a time.

    What `send` raises comes out of `hear`, `end_utterance` or `close`: the listener is gone.
    """

    def __init__(self, desk: Desk, send: Send) -> None:
        assert desk.engine is not None
        self.id = uuid.uuid4().hex
        self._desk, self._engine, self._send = desk, desk.engine, send
        self.session = Session(desk.engine)
        self.verdicts = Verdicts(send, desk.transcribe, self._alpha(), desk.limits.provisional_after_ms)

    def update(self, changes: dict[str, Any]) -> None:
        """Apply the fields of `session.update`, all or none.

        Raises:
            SettingError: an unknown setting, a value out of range, or audio was heard already.
        """
        if self.session.heard_samples:
            raise SettingError("session.update is taken only before the first audio frame")
        self.session.configure(self.session.settings.updated(changes))
        self.verdicts.alpha = self._alpha()

    async def hear(self, pcm: bytes) -> None:
        """Take the next samples, int16 little-endian at 16 kHz, an even number of bytes; send what they bring about."""
        await self._tell(await self._desk.compute(self.session.feed, pcm))

    async def end_utterance(self, cause: str) -> bool:
        """End the utterance under way (`commit`, `idle`); False where there is none."""
        outputs: list[Output] = await self._desk.compute(self.session.end_utterance, cause)
        await self._tell(outputs)
        return bool(outputs)

    async def close(self, reason: str, fault: str | None = None) -> None:
        """Finish what was heard, send every final due, `fault` as a fatal error if there is one, `session.closed`."""
        await self._tell(await self._desk.compute(self.session.finish))
        await self.verdicts.drain()
        if fault:
            await self._send(error(reason, fault, fatal=True))
        totals = {**self.session.totals, "labels": self._label_counts()}
        closed = {"type": "session.closed", "reason": reason, "totals": totals}
        await self._send({**closed, "trajectory": self.verdicts.trajectory})

    def cancel(self) -> None:
        """Give up what is still under way; harmless after `close`."""
        self.verdicts.cancel()

    def created(self) -> Message:
        """Return `session.created`."""
        limits = self._desk.limits
        return {
            "type": "session.created",
            "session_id": self.id,
            "protocol": PROTOCOL_VERSION,
            "audio": {"encoding": "pcm_s16le", "sample_rate_hz": 16_000, "channels": 1},
            "limits": {
                "max_frame_bytes": limits.max_frame_bytes,
                "max_session_s": limits.max_session_s,
                "idle_session_s": limits.idle_session_s,
                "max_wait_s": limits.max_wait_s,
            },
            "settings": self.session.settings.as_dict(),
            "labels": list(LABELS),
            "release": describe_release(self._engine.manifest),
            "asr": self._desk.asr,
            "fusion": self._engine.manifest.fusion,
        }

    async def _tell(self, outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, Utterance):
                self.verdicts.add(output)
            else:
                await self._send(output)

    def _label_counts(self) -> dict[str, int]:
        heard = [entry["label"] for entry in self.verdicts.trajectory]
        return {label: heard.count(label) for label in LABELS}

    def _alpha(self) -> float:
        wanted = self.session.settings.alpha
        return wanted if isinstance(wanted, int | float) else float(self._engine.manifest.fusion.get("alpha", 0.5))
