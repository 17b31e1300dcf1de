"""Sessions in each encoding on the real server: the words of PCM, and clear errors."""

import json
import socket as sockets

import numpy as np
import pytest
from material.sounds.encoded import ENCODED, encoded
from material.wire import receive, receive_until, send, session, stream
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

import undertone
from undertone.audio import RATE_HZ
from undertone.audio_file import read


@pytest.fixture(scope="module")
def turn(samples):
    """Says two things, with a pause between them."""
    return read(samples / "06_turn.flac")


def finals_of(messages):
    return [message for message in messages if message["type"] == "utterance.final"]


def words_of(final):
    return final["text"].lower().strip(".!?").replace(",", "").split()


@pytest.fixture(scope="module")
def as_pcm(listening_server, turn):
    return finals_of(stream(listening_server.ws_url, turn.tobytes(), 3200))


@pytest.mark.parametrize("encoding", ENCODED)
def test_each_encoding_is_understood_like_pcm(listening_server, turn, as_pcm, encoding):
    messages = stream(listening_server.ws_url, encoded(turn, encoding), 700, encoding=encoding)
    assert messages[0]["settings"]["encoding"] == encoding
    assert messages[-1]["reason"] == "finished"
    assert messages[-1]["totals"]["audio_ms"] == pytest.approx(1000 * len(turn) / RATE_HZ, abs=150)
    for final, plain in zip(finals_of(messages), as_pcm, strict=True):
        assert final["start_ms"] == pytest.approx(plain["start_ms"], abs=150)
        assert final["end_ms"] == pytest.approx(plain["end_ms"], abs=150)
        said, heard = words_of(plain), words_of(final)
        assert sum(word in heard for word in said) >= 0.7 * len(said)


@pytest.mark.parametrize("encoding", ENCODED)
def test_chunks_of_any_size_give_the_same_finals(server, turn, encoding):
    data, seen = encoded(turn, encoding), []
    for chunk_bytes in (101, len(data)):
        finals = finals_of(stream(server.ws_url, data, chunk_bytes, encoding=encoding))
        seen.append([{**final, "timings": None, "seq": None} for final in finals])
    assert seen[0] == seen[1]


def test_an_opus_utterance_is_over_while_the_stream_goes_on(server, turn):
    """Nothing waits for the end of the container."""
    silence = np.zeros(2 * RATE_HZ, np.int16)
    data = encoded(np.concatenate([turn, silence]), "webm_opus")
    with session(server.ws_url) as socket:
        send(socket, "session.update", encoding="webm_opus")
        for start in range(0, len(data), 500):
            socket.send(data[start : start + 500])
        assert len(finals_of(receive_until(socket, "utterance.final"))) == 1


@pytest.mark.parametrize(
    ("encoding", "data", "said"),
    [
        ("ogg_opus", b"RIFF" + bytes(996), "this is no Ogg: it begins with 52 49 46 46"),
        ("webm_opus", b"OggS" + bytes(996), "this is no WebM: it begins with 4f 67 67 53"),
        ("webm_opus", b"\x1a\x45\xdf\xa3" + bytes(2000), "the WebM cannot be decoded"),
    ],
)
def test_what_is_not_in_the_encoding_of_the_session_ends_it_with_a_clear_error(server, encoding, data, said):
    with session(server.ws_url) as socket:
        send(socket, "session.update", encoding=encoding)
        socket.send(data)
        send(socket, "session.finish")
        messages = receive_until(socket, "session.closed")
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=10)
        assert socket.close_code in (1000, 1007)
    (fault,) = [message for message in messages if message["type"] == "error"] or [{}]
    assert (fault.get("code"), fault.get("fatal")) == ("damaged_audio", True)
    assert said in fault["message"]
    assert messages[-1]["reason"] == "damaged_audio"


def test_what_was_heard_before_bad_bytes_is_answered(server, turn):
    data = encoded(np.concatenate([turn, np.zeros(RATE_HZ, np.int16)]), "webm_opus")
    with session(server.ws_url) as socket:
        send(socket, "session.update", encoding="webm_opus")
        socket.send(data)
        for _ in range(20):
            socket.send(bytes(100_000))
        messages = receive_until(socket, "session.closed")
    assert len(finals_of(messages)) == 2
    assert messages[-1]["reason"] == "damaged_audio"


@pytest.mark.parametrize("encoding", ["ogg_opus", "webm_opus"])
def test_what_is_missing_in_the_midst_of_a_stream_is_told_at_its_end(server, turn, encoding):
    data = encoded(np.tile(turn, 2), encoding)
    with session(server.ws_url) as socket:
        send(socket, "session.update", encoding=encoding)
        socket.send(data[: len(data) // 3])
        socket.send(data[2 * len(data) // 3 :])
        send(socket, "session.finish")
        closed = receive_until(socket, "session.closed")[-1]
    assert closed["reason"] == "finished"
    (note,) = [note for note in closed["notes"] if note["code"] == "damaged"]
    assert "s of the stream are missing" in note["message"]


def test_an_encoding_that_nobody_knows_is_refused_by_name(server):
    with session(server.ws_url) as socket:
        send(socket, "session.update", encoding="mp3")
        refused = receive(socket)
    assert refused["code"] == "invalid_setting"
    known = "one of pcm_s16le, pcm_mulaw, pcm_alaw, ogg_opus, webm_opus"
    assert refused["message"] == f"encoding must be {known}, not 'mp3'"


def test_the_encoding_stays_once_audio_came(server):
    with session(server.ws_url) as socket:
        send(socket, "session.update", encoding="ogg_opus")
        socket.send(b"OggS")
        send(socket, "session.update", encoding="pcm_mulaw")
        refused = receive_until(socket, "error")[-1]
    assert refused["message"] == "session.update is taken only before the first audio frame"


def test_an_update_and_audio_that_come_at_once_are_taken_in_their_order(server):
    """An odd number of telephone bytes is no half sample, even where nobody waited for session.updated."""
    with session(server.ws_url) as socket:
        socket.send(json.dumps({"type": "session.update", "encoding": "pcm_alaw"}))
        socket.send(b"\xd5" * 8001)
        send(socket, "session.finish")
        messages = receive_until(socket, "session.closed")
    assert [message["type"] for message in messages] == ["session.updated", "audio.ack", "session.closed"]
    assert (messages[1]["samples"], messages[-1]["totals"]["audio_ms"]) == (8001, 1000)


@pytest.mark.parametrize("encoding", ["pcm_alaw", "ogg_opus"])
def test_a_lost_session_goes_on_with_the_byte_that_the_server_has_not(server, turn, encoding):
    data = encoded(np.concatenate([turn, np.zeros(RATE_HZ, np.int16)]), encoding)
    whole = finals_of(stream(server.ws_url, data, 500, encoding=encoding))
    half = len(data) // 2
    lost = connect(server.ws_url, proxy=None).__enter__()
    created = receive(lost)
    send(lost, "session.update", encoding=encoding)
    lost.send(data[:half])
    seen = receive_until(lost, "audio.ack")
    lost.socket.shutdown(sockets.SHUT_RDWR)
    with connect(f"{server.ws_url}?resume={created['session_id']}", proxy=None) as socket:
        shown = {"session_id": created["session_id"], "secret": created["resume"]["secret"]}
        send(socket, "session.resume", **shown, after_seq=seen[-1]["seq"])
        missed = receive_until(socket, "session.resumed")
        assert missed[-1]["samples"] == half
        socket.send(data[half:])
        send(socket, "session.finish")
        told = [*seen, *missed, *receive_until(socket, "session.closed")]
    finals = [{**final, "timings": None, "seq": None} for final in finals_of(told)]
    assert finals == [{**final, "timings": None, "seq": None} for final in whole]


@pytest.mark.parametrize("settings", [{"encoding": "ogg_opus"}, {"channels": 2}])
def test_the_python_client_says_that_it_sends_mono_pcm(server, settings):
    with pytest.raises(undertone.SettingError, match="this client sends 16-bit PCM of one channel"):
        undertone.Client(server.ws_url, **settings).__enter__()
