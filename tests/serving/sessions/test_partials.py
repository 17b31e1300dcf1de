"""Words while they are spoken: what waits, what is dropped, what is never sent."""

import asyncio
import time

import numpy as np
import pytest

from serving.sessions import partials
from serving.sessions.partials import Partials
from serving.workers.queue import WorkerLostError
from undertone.stream.utterance import SoFar

pytestmark = pytest.mark.fast


class Recogniser:
    """Answers with the utterance's length when told to."""

    def __init__(self):
        self.heard, self.go_on, self.error = [], asyncio.Event(), None

    async def __call__(self, so_far):
        self.heard.append(len(so_far.samples))
        await self.go_on.wait()
        if self.error:
            raise self.error
        return f"{len(so_far.samples)} samples"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(partials, "EVERY_S", 0.05)


def so_far(length, utterance_id=1):
    return SoFar(utterance_id, np.zeros(length, np.int16), speech_ms=100)


def play(scene):
    async def played():
        sent, recogniser = [], Recogniser()

        async def publish(event):
            sent.append((event.utterance_id, event.text))

        slot = Partials(publish, recogniser)
        await scene(slot, recogniser)
        await asyncio.sleep(0.15)
        slot.cancel()
        return sent, recogniser.heard

    return asyncio.run(played())


def test_only_the_newest_of_what_waits_is_transcribed_and_one_at_a_time():
    async def scene(slot, recogniser):
        for length in (1, 2, 3, 4):
            slot.offer(so_far(length))
            await asyncio.sleep(0.01)
        recogniser.go_on.set()

    assert play(scene) == ([(1, "1 samples"), (1, "4 samples")], [1, 4])


def test_nothing_is_sent_of_an_utterance_that_has_ended():
    async def scene(slot, recogniser):
        slot.offer(so_far(1))
        slot.offer(so_far(2))
        await asyncio.sleep(0.01)
        slot.offer(so_far(3))
        slot.drop()
        recogniser.go_on.set()
        await asyncio.sleep(0.1)
        slot.offer(so_far(4, utterance_id=2))

    assert play(scene) == ([(2, "4 samples")], [2, 4])


def test_they_come_no_faster_than_the_interval():
    offered_s = []

    async def scene(slot, recogniser):
        recogniser.go_on.set()
        for length in range(1, 11):
            offered_s.append(time.monotonic())
            slot.offer(so_far(length))
            await asyncio.sleep(0.01)

    _, heard = play(scene)
    assert 2 <= len(heard) <= 2 + (offered_s[-1] - offered_s[0]) / partials.EVERY_S
    assert heard[-1] == 10


@pytest.mark.parametrize("error", [TimeoutError(), WorkerLostError("gone")])
def test_one_that_fails_is_left_out(error):
    async def scene(slot, recogniser):
        recogniser.error = error
        recogniser.go_on.set()
        slot.offer(so_far(1))
        await asyncio.sleep(0.1)
        recogniser.error = None
        slot.offer(so_far(2))

    assert play(scene) == ([(1, "2 samples")], [1, 2])


def test_with_redaction_the_words_stay_here():
    async def scene(slot, recogniser):
        slot.redacts = True
        recogniser.go_on.set()
        slot.offer(so_far(1))

    assert play(scene)[0] == [(1, None)]
