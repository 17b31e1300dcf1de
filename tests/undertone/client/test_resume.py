"""A client whose network breaks: the same utterances, to the digit, as without a cut; what cannot be mended is said."""

import asyncio
import json
import random
import threading
import time
from itertools import islice

import numpy as np
import pytest
from material.scripted_server import CLOSED, CREATED, hear_all, say, scripted_server
from material.servers.cutting_proxy import cutting_proxy

import undertone
from undertone.audio_file import read
from undertone.client.backoff import delays_s
from undertone.client.stream import stream
from undertone.client.timing import MAX_SPEED, Pace

SECOND = np.zeros(16_000, np.int16)
RESUME = {"secret": "first", "within_s": 5.0}


@pytest.fixture(scope="module")
def conversation(samples):
    """Eight utterances and the pauses after them, (samples,) int16 at 16 kHz."""
    pause = np.zeros(12_800, np.int16)
    return np.concatenate([np.concatenate([read(path), pause]) for path in sorted(samples.glob("*.flac"))[:8]])


def heard(audio, url, speed=MAX_SPEED):
    """Return the finals and the moods of a session, without what the clock decides."""

    async def collected():
        return [event.message async for event in stream([audio], url=url, pace=Pace(speed=speed))]

    messages = asyncio.run(collected())
    bare = [{name: value for name, value in message.items() if name != "timings"} for message in messages]
    return [[message for message in bare if message["type"] == kind] for kind in ("utterance.final", "mood")]


def test_fifty_cuts_at_random_places_change_no_digit_of_a_conversation(server, conversation):
    wanted = heard(conversation, server.ws_url)
    assert len(wanted[0]) >= 8
    with cutting_proxy(server.port, most=50, bytes_between=12_000, seed=1) as (proxy, url):
        assert heard(conversation, url) == wanted
    assert proxy.cuts == 50
    assert proxy.connections > 40


def test_cuts_change_no_word_of_a_conversation(listening_server, conversation):
    wanted = heard(conversation, listening_server.ws_url)
    with cutting_proxy(listening_server.port, most=8, bytes_between=60_000, seed=2) as (proxy, url):
        assert heard(conversation, url) == wanted
    assert proxy.cuts == 8
    assert all(final["text"] for final in wanted[0])


def test_events_and_commits_of_a_program_outlive_cuts_too(server, samples):
    audio = read(samples / "04_sad.flac")

    def spoken(url):
        with undertone.Client(url) as session:
            for start in range(0, 3 * 16_000, 1600):
                session.send(audio[start : start + 1600])
                if start == 16_000:
                    session.commit()
            session.finish()
            return [event for event in session if not isinstance(event, undertone.Provisional)]

    wanted = spoken(server.ws_url)
    assert next(event.cause for event in wanted if isinstance(event, undertone.SpeechEnded)) == "commit"
    with cutting_proxy(server.port, most=10, bytes_between=8000, seed=3) as (proxy, url):
        cut = spoken(url)
    assert proxy.cuts >= 5
    refused = [event for event in cut if isinstance(event, undertone.Refusal)]
    assert sorted_by_kind(event for event in cut if event not in refused) == sorted_by_kind(wanted)
    assert {refusal.message for refusal in refused} <= {"nothing to commit: no speech is under way"}


def sorted_by_kind(events):
    """Return the events of each kind in their order: a final is computed beside the listening."""
    return sorted(events, key=lambda event: type(event).__name__)


# What the real server does not do when asked.


def breaking(connection, *messages):
    """Say `messages` and let the connection break, as far as a client can tell."""
    say(connection, *messages)
    connection.close(1011, "breaks")


def numbered(*messages):
    return [{**message, "seq": seq} for seq, message in enumerate(messages, 1)]


def scripted(*scripts):
    """A server that follows one script after the other, the last one again and again; and what they were asked."""
    asked, left = [], list(scripts)

    def script(connection):
        current = left.pop(0) if len(left) > 1 else left[0]
        if "resume=" in connection.request.path:
            asked.append((connection.request.path.partition("?")[2], json.loads(connection.recv())))
        current(connection)

    return scripted_server(script), asked


@pytest.mark.fast
def test_what_was_not_acknowledged_is_sent_again_from_where_the_server_says_and_shown_once():
    heard = []
    created, ack = numbered({**CREATED, "session_id": "s1", "resume": RESUME}, {"type": "audio.ack", "samples": 8000})
    mood = {"type": "mood", "utterance_id": 1, "start_ms": 0, "end_ms": 500}

    def first(connection):
        say(connection, created)
        for _ in range(10):
            connection.recv()
        breaking(connection, ack)

    def second(connection):
        again = {
            "type": "session.resumed",
            "session_id": "s1",
            "samples": 12_000,
            "resume": {**RESUME, "secret": "next"},
        }
        say(connection, ack, {**mood, "seq": 3}, {**again, "seq": 4})
        heard.append(hear_all(connection))
        say(connection, {**CLOSED, "seq": 5})

    server, asked = scripted(first, second)
    with server as url:
        kinds = [event.type for event in collected([SECOND] * 3, url)]
    assert asked == [("resume=s1", {"type": "session.resume", "session_id": "s1", "secret": "first", "after_seq": 2})]
    assert heard == [([{"type": "session.finish"}], 2 * (48_000 - 12_000))]
    assert kinds == ["session.created", "mood", "session.closed"]


def collected(blocks, url, **options):
    async def run():
        return [event async for event in stream(blocks, url=url, pace=Pace(100, MAX_SPEED), **options)]

    return asyncio.run(run())


@pytest.mark.fast
@pytest.mark.parametrize("resume", [None, RESUME])
def test_a_connection_that_cannot_be_made_again_is_a_failure_that_says_so(resume):
    created = {**CREATED, "session_id": "s1", "resume": resume and {**resume, "within_s": 0.5}}
    server, asked = scripted(lambda connection: breaking(connection, *numbered(created)))
    began_s = time.monotonic()
    with server as url, pytest.raises(undertone.ConnectionLostError, match=r"code 1011: breaks") as lost:
        collected([SECOND], url)
    assert ("could not be made again in 0.5 s" in str(lost.value)) == bool(asked) == bool(resume)
    assert time.monotonic() - began_s < 10


@pytest.mark.fast
def test_a_session_that_the_server_does_not_know_any_more_is_not_asked_for_again():
    created = {**CREATED, "session_id": "s1", "resume": RESUME}
    refusal = {"type": "error", "code": "resume_refused", "message": "no session waits", "fatal": True}
    begin, refuse = (lambda c: breaking(c, *numbered(created))), (lambda c: (say(c, refusal), c.close(4404)))
    server, asked = scripted(begin, refuse)
    with server as url, pytest.raises(undertone.SessionRefusedError, match="no session waits") as refused:
        collected([SECOND], url)
    assert refused.value.code == "resume_refused"
    assert len(asked) == 1


@pytest.mark.fast
def test_messages_that_are_missing_are_no_small_thing():
    created = {**CREATED, "session_id": "s1", "resume": RESUME, "seq": 1}
    server, _ = scripted(lambda connection: (say(connection, created, {**CLOSED, "seq": 4}), hear_all(connection)))
    with server as url, pytest.raises(undertone.ConnectionLostError, match="messages 2 to 3 of the server are missing"):
        collected([SECOND], url)


def test_no_more_than_a_minute_of_audio_is_kept_for_a_server_that_acknowledges_nothing():
    taken, over = [], threading.Event()

    def script(connection):
        say(connection, {**CREATED, "session_id": "s1", "resume": RESUME, "seq": 1})
        while not over.is_set():
            try:
                taken.append(len(connection.recv(timeout=0.5)) // 2)
            except TimeoutError:
                over.set()

    server, _ = scripted(script)
    with server as url, pytest.raises(undertone.ConnectionLostError):
        collected([SECOND] * 120, url)
    assert 59 * 16_000 <= sum(taken) <= 61 * 16_000


@pytest.mark.fast
def test_tries_come_further_and_further_apart_and_not_for_all_clients_at_once():
    delays = [list(islice(delays_s(random.Random(client)), 12)) for client in range(200)]
    means = np.mean(delays, axis=0)
    assert means[:5] == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6], rel=0.2)
    assert max(map(max, delays)) <= 5.0
    assert len({first for first, *_ in delays}) == 200
