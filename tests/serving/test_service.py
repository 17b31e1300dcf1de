"""What sessions share: threads for uploads that live sessions never wait for."""

import asyncio
import threading
import time

import pytest

from serving.service import Service
from serving.sessions.session import ServedSession
from serving.settings import Recognition, ServerLimits
from undertone.audio_file import read

pytestmark = pytest.mark.fast


@pytest.fixture
def service(tiny_release, engine):
    ready = Service(tiny_release, ServerLimits(), Recognition(asr=None))
    ready.engine = engine
    ready.transcribe = no_words
    return ready


async def no_words(*_):
    raise TimeoutError


async def session_of(service, pcm, live=True):
    """Return the types of the messages about `pcm` and the seconds that they took."""
    kinds, began_s = [], time.monotonic()

    async def send(message):
        kinds.append(message["type"])

    served = ServedSession(service, send, live=live)
    await served.hear(pcm)
    await served.close("finished")
    return kinds, time.monotonic() - began_s


def test_a_live_session_is_answered_while_uploads_have_all_of_their_threads(service, samples):
    pcm = read(samples / "05_thanks.flac").tobytes()
    release = threading.Event()

    async def scene():
        stuck = [asyncio.create_task(service.upload_threads.run(release.wait, 30)) for _ in range(100)]
        try:
            upload = asyncio.create_task(session_of(service, pcm, live=False))
            kinds, took_s = await session_of(service, pcm)
            return kinds, took_s, upload.done()
        finally:
            release.set()
            await asyncio.gather(*stuck, upload)

    kinds, took_s, upload_done = asyncio.run(scene())
    assert "utterance.final" in kinds
    assert kinds[-1] == "session.closed"
    assert took_s < 20
    assert not upload_done
