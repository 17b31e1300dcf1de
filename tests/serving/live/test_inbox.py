"""What a session reads of what its client has sent: in order, audio that waits in one piece."""

import asyncio
import time

import pytest

from serving.live.inbox import JOINED_BYTES, Cut, Drain, Inbox
from undertone.encodings.forms import form_of

pytestmark = pytest.mark.fast

AUDIO = bytes(1024)


class Socket:
    """Gives out `messages`, then breaks, which wakes its reader."""

    def __init__(self, messages):
        self._messages = iter(messages)

    async def receive(self):
        await asyncio.sleep(0)
        message = next(self._messages, None)
        if message is None:
            self.inbox.wake()
            return None
        return {"type": "websocket.receive", "bytes" if isinstance(message, bytes) else "text": message}


def attached(socket, clock, most_s=7200.0):
    inbox = socket.inbox = Inbox(clock, most_s)
    inbox.attach(socket)
    return inbox


def read(messages, drain=False):
    """Return what a session reads of `messages` that are all there when it looks, and how it ends."""

    async def reading():
        ticks = iter(range(1000))
        inbox = attached(Socket(messages), lambda: float(next(ticks)))
        if drain:
            inbox.drain()
        await asyncio.sleep(0.05)
        frames = []
        try:
            while True:
                frames.append(await inbox.next(1.0))
        except (Cut, Drain) as end:
            return frames, type(end)
        finally:
            inbox.close()

    return asyncio.run(reading())


def told(frames):
    return [frame.text if frame.data is None else len(frame.data) for frame in frames]


def test_audio_that_waits_is_read_in_one_piece_and_is_as_old_as_its_first():
    frames, end = read([AUDIO, AUDIO, AUDIO])
    assert (told(frames), end) == ([3072], Cut)
    assert frames[0].arrived_s == 0.0


def test_a_message_between_audio_keeps_its_place():
    frames, _ = read([AUDIO, AUDIO, "commit", "ping", AUDIO, AUDIO])
    assert told(frames) == [2048, "commit", "ping", 2048]


def test_the_samples_stay_in_their_order():
    frames, _ = read([bytes([number, 0]) for number in range(20)])
    assert b"".join(frame.data for frame in frames) == b"".join(bytes([number, 0]) for number in range(20))


@pytest.mark.parametrize("wrong", [b"", b"odd"])
def test_a_frame_that_is_refused_is_read_by_itself(wrong):
    frames, _ = read([AUDIO, wrong, AUDIO, AUDIO])
    assert told(frames) == [1024, len(wrong), 2048]


def test_pieces_stay_short():
    frames, _ = read([AUDIO] * 20)
    assert told(frames) == [JOINED_BYTES, JOINED_BYTES, 4096]
    frames, _ = read([bytes(100_000), AUDIO])
    assert told(frames) == [100_000, 1024], "what comes in one frame stays in one"


def test_a_drain_comes_after_what_was_there():
    assert read([], drain=True)[1] is Drain


def test_patience_ends():
    async def reading():
        socket = Socket([])
        socket.receive = asyncio.Event().wait
        inbox = attached(socket, lambda: 0.0)
        try:
            with pytest.raises(TimeoutError):
                await inbox.next(0.01)
        finally:
            inbox.close()

    asyncio.run(reading())


def test_audio_is_early_once_more_came_than_time_has_passed():
    frames, _ = read(6 * [bytes(32_000)])
    assert [frame.early for frame in frames] == 3 * [False] + 3 * [True]


def test_no_more_is_read_than_may_wait():
    async def reading(most_s):
        inbox = attached(Socket(100 * [AUDIO]), lambda: 0.0, most_s)
        await asyncio.sleep(0.3)
        came_s = inbox.audio_s
        inbox.close()
        return came_s

    second = len(AUDIO) / 32_000
    assert asyncio.run(reading(most_s=7200)) == pytest.approx(100 * second)
    assert asyncio.run(reading(most_s=1)) < 1 + second


def test_a_session_that_comes_to_its_end_reads_no_more():
    async def reading():
        inbox = attached(Socket(100 * [AUDIO]), lambda: 0.0)
        while inbox.audio_s < 0.1:
            await asyncio.sleep(0)
        inbox.stop()
        came_s = inbox.audio_s
        await asyncio.sleep(0.1)
        assert inbox.audio_s == came_s
        inbox.close()

    asyncio.run(reading())


def test_audio_is_counted_as_the_message_before_it_says():
    """Telephone bytes, of which an odd number is whole samples: they came with the message that says so."""

    async def reading():
        inbox = attached(Socket(["pcm_mulaw", bytes(8001), bytes(7999)]), lambda: 0.0)
        await asyncio.sleep(0.02)
        assert (await inbox.next(1.0)).text == "pcm_mulaw"
        assert inbox.audio_s == 0, "nothing more is read before the message is done with"
        inbox.count_as(form_of("pcm_mulaw"))
        frame = await inbox.next(1.0)
        await asyncio.sleep(0.02)
        inbox.close()
        return len(frame.data), inbox.units, inbox.audio_s

    assert asyncio.run(reading()) == (8001, 16_000, 2.0)


class PacedSocket(Socket):
    """Gives out a message every 20 ms, and stays open."""

    def __init__(self, messages):
        super().__init__(messages)
        self._left = len(messages)

    async def receive(self):
        await asyncio.sleep(0.02 if self._left else 60)
        self._left -= 1
        return await super().receive()


def first_read(messages, together_s):
    """Return the first piece of audio that is read of `messages`, and after how many seconds."""

    async def reading():
        inbox = attached(PacedSocket(messages), time.monotonic)
        began_s = time.monotonic()
        frame = await inbox.next(5.0, together_s)
        inbox.close()
        return len(frame.data), time.monotonic() - began_s

    return asyncio.run(reading())


def test_audio_may_wait_for_what_follows_it():
    alone, _ = first_read(10 * [AUDIO], 0.0)
    joined, waited_s = first_read(10 * [AUDIO], 0.09)
    assert alone == len(AUDIO)
    assert 2 * len(AUDIO) <= joined <= 6 * len(AUDIO)
    assert waited_s >= 0.09


def test_audio_that_nothing_follows_is_read_after_the_wait():
    assert first_read([AUDIO], 0.09)[0] == len(AUDIO)


def test_a_message_behind_audio_ends_its_wait():
    length, waited_s = first_read([AUDIO, AUDIO, "commit", AUDIO], 5.0)
    assert length == 2 * len(AUDIO)
    assert waited_s < 2.5


def test_what_is_long_by_itself_or_faster_than_life_waits_for_nothing():
    length, waited_s = first_read([bytes(64_000), AUDIO], 2.0)
    assert (length, waited_s < 1.0) == (64_000, True)
    assert first_read([AUDIO, bytes(96_000), AUDIO], 5.0)[1] < 2.5
