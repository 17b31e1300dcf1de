"""A call of two people in two channels: one conversation, two speakers, named in every event. The real server."""

import numpy as np
import pytest
from material.sounds.encoded import encoded
from material.wire import receive, receive_until, send, session, stream

from undertone.audio import RATE_HZ
from undertone.audio_file import read
from undertone.client.events import event_of
from undertone.stream.events import Final

OF_UTTERANCES = {"speech.started", "mood", "speech.ended", "utterance.final"}


@pytest.fixture(scope="module")
def speakers(samples):
    """Two people who speak one after the other and a little at once, (n,) each."""
    glad, upset = read(samples / "01_glad.flac"), read(samples / "02_upset.flac")
    both = np.zeros((2, len(glad) + len(upset) + RATE_HZ), np.int16)
    both[0, : len(glad)] = glad
    both[1, len(glad) - RATE_HZ // 2 :][: len(upset)] = upset
    return both


@pytest.fixture(scope="module")
def call(speakers):
    """The same as bytes: L R L R."""
    return speakers.T.astype("<i2").tobytes()


@pytest.fixture(scope="module")
def told(listening_server, call):
    return stream(listening_server.ws_url, call, 6400, channels=2)


def finals_of(messages):
    return [message for message in messages if message["type"] == "utterance.final"]


def test_each_speaker_has_the_words_of_one_channel(told):
    first, second = sorted(finals_of(told), key=lambda final: final["channel"])
    assert (first["channel"], second["channel"]) == (1, 2)
    assert "wonderful" in first["text"]
    assert "terrible" in second["text"]
    assert first["start_ms"] < second["start_ms"] < first["end_ms"]


def test_every_event_of_an_utterance_names_its_channel_and_no_other_does(told):
    channels = {}
    for message in told:
        assert ("channel" in message) == (message["type"] in OF_UTTERANCES)
        if "channel" in message:
            channels.setdefault(message["utterance_id"], set()).add(message["channel"])
    assert channels == {1: {1}, 2: {2}}


def test_each_channel_is_heard_as_if_it_were_alone(listening_server, speakers, told):
    for final in finals_of(told):
        own = speakers[final["channel"] - 1].tobytes()
        (alone,) = finals_of(stream(listening_server.ws_url, own, 3200))
        left_out = {name: None for name in ("utterance_id", "channel", "seq", "timings")}
        assert {**final, **left_out} == {**alone, **left_out}


def test_the_end_tells_of_both(told, speakers):
    closed = told[-1]
    assert [(point["utterance_id"], point["channel"]) for point in closed["trajectory"]] == [(1, 1), (2, 2)]
    assert closed["totals"]["audio_ms"] == 1000 * speakers.shape[1] // RATE_HZ
    assert closed["totals"]["utterances"] == sum(closed["totals"]["labels"].values()) == 2


@pytest.mark.parametrize("chunk_bytes", [1028, 1 << 20])
def test_chunks_of_any_size_give_the_same(server, call, chunk_bytes):
    seen = [stream(server.ws_url, call, size, channels=2) for size in (6400, chunk_bytes)]
    kept = ("speech.started", "mood", "speech.ended")
    first, second = ([{**m, "seq": None} for m in messages if m["type"] in kept] for messages in seen)
    assert first == second


@pytest.mark.parametrize("encoding", ["pcm_mulaw", "webm_opus"])
def test_other_encodings_have_two_channels_too(listening_server, speakers, encoding):
    if encoding == "webm_opus":
        data = encoded(speakers.T, encoding, 96_000)
    else:
        left, right = (np.frombuffer(encoded(one, encoding), np.uint8) for one in speakers)
        data = np.stack([left, right], axis=1).tobytes()
    finals = finals_of(stream(listening_server.ws_url, data, 1000, encoding=encoding, channels=2))
    texts = {final["channel"]: final["text"] for final in finals}
    assert "wonderful" in texts[1]
    assert "terrible" in texts[2]


def test_the_python_client_reads_the_channel(told):
    finals = [event for event in map(event_of, told) if isinstance(event, Final)]
    assert sorted(final.channel for final in finals) == [1, 2]


def test_a_sample_of_one_channel_alone_is_refused_by_itself(server):
    with session(server.ws_url) as socket:
        send(socket, "session.update", channels=2)
        assert receive(socket)["settings"]["channels"] == 2
        socket.send(bytes(6))
        refused = receive_until(socket, "error")[-1]
    assert refused["code"] == "odd_frame_length"
    assert refused["message"] == "a frame of 6 bytes was ignored: a sample has 4 bytes"


def test_three_channels_are_refused_by_name(server):
    with session(server.ws_url) as socket:
        send(socket, "session.update", channels=3)
        assert receive(socket)["message"] == "channels must be 1 or 2, not 3"


def test_commit_ends_what_both_are_saying(server, speakers):
    at_once = np.stack([speakers[0], speakers[0]], axis=1)[: 2 * RATE_HZ]
    with session(server.ws_url) as socket:
        send(socket, "session.update", channels=2)
        socket.send(at_once.astype("<i2").tobytes())
        send(socket, "utterance.commit")
        send(socket, "session.finish")
        ended = [one for one in receive_until(socket, "session.closed") if one["type"] == "speech.ended"]
    assert sorted((one["channel"], one["cause"]) for one in ended) == [(1, "commit"), (2, "commit")]
