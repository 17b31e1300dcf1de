"""A stream of words whose reader stops reading, or that fails in its midst: it has an end that clients can tell."""

import asyncio
import json
from types import SimpleNamespace

import pytest
from starlette.requests import ClientDisconnect

from serving.files.openai import transcription

pytestmark = pytest.mark.fast

LIMITS = SimpleNamespace(send_timeout_s=0.05)
SERVICE = SimpleNamespace(asr={"model": "tiny.en"}, limits=LIMITS, no_language=lambda _: None, too_long=lambda _: None)


def streamed(monkeypatch, sends, fails=None):
    """Let a stream tell two utterances by `sends`, and fail then; return the messages of its body."""

    class Heard:
        segments, duration_s, session = [], 1.0, SimpleNamespace(id="one")

        def __init__(self, service, settings, upload, tell):
            self.tell = tell

        async def listen(self):
            for number in range(2):
                await self.tell({"id": number, "text": "well", "start": 0, "end": 1, "sentiment": {}})
            if fails:
                raise fails

    monkeypatch.setattr(transcription, "_Heard", Heard)
    sent = []

    async def send(message):
        await asyncio.sleep(0 if len(sent) < sends else 60)
        sent.append(message)

    upload = SimpleNamespace(fields=[("model", "whisper-1"), ("stream", "true")])
    asyncio.run(transcription.transcription(SERVICE, upload, send))
    return [json.loads(message["body"].removeprefix(b"data: ")) for message in sent[1:]]


def test_whoever_stops_reading_is_taken_for_gone(monkeypatch):
    with pytest.raises(ClientDisconnect):
        streamed(monkeypatch, sends=2)


def test_what_fails_in_the_midst_is_its_last_message(monkeypatch):
    *told, last = streamed(monkeypatch, sends=9, fails=RuntimeError("our fault"))
    assert [message["delta"] for message in told] == ["well", " well"]
    assert last["error"]["code"] == "internal"
    assert "session one" in last["error"]["message"]
