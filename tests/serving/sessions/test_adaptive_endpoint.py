"""An adaptive endpoint in service: words come from a worker, after they were asked for. Scripted words, no server."""

import asyncio

import numpy as np
import pytest

from serving.service import Service
from serving.sessions.session import ServedSession
from serving.settings import Recognition, ServerLimits
from undertone.audio_file import read
from undertone.release import open_release
from undertone.stream.settings import SettingError
from undertone.words.reading import Words

pytestmark = pytest.mark.fast

WHISPER = {"engine": "faster-whisper", "open_vocabulary": True, "reason": "a test", "sha256": "0" * 64}
COMPLETE, HANGS = Words(text="We are here.", end_prob=0.97), Words(text="We are here and", end_prob=0.1)


class Says(Service):
    """A service that says the same of everything, at once."""

    def __init__(self, release, words=COMPLETE, recognition=None, **asr):
        super().__init__(release, ServerLimits(), recognition or Recognition())
        self.engine, self._same = open_release(release), words
        self.told(WHISPER | asr)

    async def transcribe(self, *arguments, **named):
        """Return the words, after a turn of the event loop."""
        await asyncio.sleep(0)
        if isinstance(self._same, Exception):
            raise self._same
        return self._same


@pytest.fixture(scope="module")
def speech(samples):
    clip = read(samples / "05_thanks.flac")[:24_000]
    return np.concatenate([clip, np.zeros(24_000, np.int16)]).tobytes()


def ends_ms(service, pcm, chunk_bytes=1024, endpoint="adaptive", live=True):
    """Return how long each utterance had to wait for its endpoint."""

    async def through():
        messages = []

        async def send(message):
            messages.append(message)

        served = ServedSession(service, send, live=live)
        served.update({"endpoint": endpoint})
        served._clock.ahead_s = lambda samples: 0.0
        for start in range(0, len(pcm), chunk_bytes):
            await served.hear(pcm[start : start + chunk_bytes])
        await served.close("finished")
        return [message["timings"]["endpoint_wait_ms"] for message in messages if message["type"] == "utterance.final"]

    return asyncio.run(through())


def test_the_words_bring_the_endpoint_forward_or_put_it_off(tiny_release, speech):
    (usual,) = ends_ms(Says(tiny_release), speech, endpoint="fixed")
    (complete,) = ends_ms(Says(tiny_release), speech)
    (hangs,) = ends_ms(Says(tiny_release, HANGS), speech)
    assert usual - complete >= 250
    assert hangs - usual == 416  # 900 and 500 ms in whole frames


def test_words_that_fail_leave_the_endpoint_where_it_is(tiny_release, speech):
    usual = ends_ms(Says(tiny_release), speech, endpoint="fixed")
    assert ends_ms(Says(tiny_release, TimeoutError()), speech) == usual


def test_a_recording_ends_its_utterances_at_the_same_places_in_pieces_of_any_size(tiny_release, speech):
    waits_ms = [ends_ms(Says(tiny_release), speech, size, live=False) for size in (1000, 10_000_000)]
    assert waits_ms[0] == waits_ms[1]
    assert waits_ms[0][0] < 300


@pytest.mark.parametrize(
    ("recognition", "asr", "reason"),
    [
        (Recognition(), {"engine": "none"}, "this server has no speech recognition"),
        (Recognition(speculation=False), {}, "asks for no words ahead of an endpoint"),
        (Recognition(), {"engine": "pocketsphinx", "sha256": None}, "does not tell where a sentence ends"),
    ],
)
def test_an_adaptive_endpoint_is_refused_by_name_where_no_words_can_bring_it(tiny_release, recognition, asr, reason):
    asyncio.run(_refused(Says(tiny_release, recognition=recognition, **asr), reason))


async def _refused(service, reason):
    served = ServedSession(service, send=None)
    with pytest.raises(SettingError, match=f"endpoint: .*{reason}"):
        served.update({"endpoint": "adaptive", "alpha": 0.5})
    assert (served.settings.endpoint, served.settings.alpha) == ("fixed", None)
    served.cancel()
