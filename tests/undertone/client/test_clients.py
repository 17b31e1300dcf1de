"""`undertone.Client` and `undertone.AsyncClient` against the real server: what programs send, and what they get."""

import asyncio
import json
import threading

import numpy as np
import pytest
import soxr
from material.scripted_server import CLOSED, CREATED, hear_all, say, scripted_server

import undertone
from undertone.audio_file import read


@pytest.fixture(scope="module")
def turn(samples):
    """Two utterances, (samples,) int16 at 16 kHz."""
    return read(samples / "06_turn.flac")


def everything(url, pieces, rate_hz=16_000, **settings):
    """Return all events of a session that is sent `pieces`."""
    with undertone.Client(url, **settings) as session:
        for piece in pieces:
            session.send(piece, rate_hz)
        session.finish()
        return list(session)


def test_nothing_is_sent_behind_what_was_sent(server, turn):
    for piece in (np.float32(turn) / 32_768, np.stack([turn, turn], axis=1), turn.astype(np.int32) * 65_536):
        assert [event for event in everything(server.ws_url, [piece]) if isinstance(event, undertone.Refusal)] == []


def test_a_client_that_nobody_entered_or_that_was_left_says_how_it_is_used(server, turn):
    client = undertone.Client(server.ws_url)
    with pytest.raises(ValueError, match="use it inside `with`"):
        client.send(turn)
    with client:
        client.send(turn)
        events = iter(client)
        next(events)
    with pytest.raises(ValueError, match="use it inside `with`"):
        client.finish()
    events.close()


def test_an_end_that_comes_in_place_of_the_settings_is_one_of_the_stream():
    def ending(socket):
        say(socket, CREATED)
        socket.recv()
        say(socket, {"type": "error", "code": "server_draining", "message": "going down", "fatal": True})

    def silent(socket):
        say(socket, CREATED)
        hear_all(socket)

    for script, why in ((ending, "going down"), (silent, "has not answered for 0.5 s")):
        with (
            scripted_server(script) as url,
            pytest.raises(undertone.StreamError, match=why),
            undertone.Client(url, patience_s=0.5, alpha=0.5),
        ):
            pass


def finals(events):
    return [event for event in events if isinstance(event, undertone.Final)]


def test_events_are_those_of_the_library_and_the_last_one_closes_the_session(server, turn):
    events = everything(server.ws_url, [turn])
    kinds = [type(event) for event in events if not isinstance(event, undertone.Mood | undertone.Provisional)]
    assert (
        kinds.count(undertone.SpeechStarted) == kinds.count(undertone.SpeechEnded) == kinds.count(undertone.Final) == 2
    )
    assert kinds[0] is undertone.SpeechStarted
    match events[-1]:
        case undertone.SessionClosed(reason="finished", totals=totals, trajectory=[first, second]):
            assert totals["utterances"] == 2
            assert (first["utterance_id"], second["utterance_id"]) == (1, 2)
        case other:
            pytest.fail(f"{other} is no end")


def test_the_server_and_the_library_give_the_same_utterances(server, promoted_release, samples):
    path = samples / "06_turn.flac"
    with undertone.Client(server.ws_url) as session:
        heard = list(session.transcribe(path))
    alone = undertone.open_release(promoted_release).analyze(path, words=False)
    assert [final.span for final in heard] == [final.span for final in alone]
    for final, other in zip(heard, alone, strict=True):
        assert final.verdict.label == other.verdict.label
        assert final.verdict.probabilities == pytest.approx(other.verdict.probabilities, abs=1e-4)
        assert final.verdict.lanes["voice"].probabilities == pytest.approx(
            other.verdict.lanes["voice"].probabilities, abs=1e-4
        )
        assert (final.verdict.mode, final.verdict.reason) == ("audio_only", "asr_unavailable")


def test_bytes_arrays_and_any_size_of_piece_are_heard_alike(server, turn):
    wanted = finals(everything(server.ws_url, [turn]))
    pcm = turn.tobytes()
    for pieces in (
        [pcm],
        [pcm[start : start + 1000] for start in range(0, len(pcm), 1000)],
        [turn.astype(np.float32) / 32768],
        [np.stack([turn, turn], axis=1)],
    ):
        assert finals(everything(server.ws_url, pieces)) == wanted


@pytest.mark.parametrize("rate_hz", [8000, 44_100, 48_000])
def test_any_rate_is_heard_piece_by_piece_as_if_it_were_whole(server, turn, rate_hz):
    sound = soxr.resample(turn.astype(np.float32) / 32768, 16_000, rate_hz)
    pieces = [sound[start : start + 777] for start in range(0, len(sound), 777)]
    wanted = finals(everything(server.ws_url, [turn]))
    heard = finals(everything(server.ws_url, pieces, rate_hz))
    assert finals(everything(server.ws_url, [sound], rate_hz)) == heard
    assert [final.utterance_id for final in heard] == [1, 2]
    for final, other in zip(heard, wanted, strict=True):
        assert abs(final.end_ms - other.end_ms) <= 64


@pytest.mark.parametrize("wrong", [b"odd", np.zeros((2, 2, 2)), np.array(["a"]), np.array([np.nan])])
def test_what_is_no_audio_is_refused_before_it_is_sent_and_the_session_goes_on(server, turn, wrong):
    with undertone.Client(server.ws_url) as session:
        with pytest.raises(ValueError, match=r"sample|buffer size"):
            session.send(wrong)
        session.send(turn)
        session.finish()
        assert len(finals(session)) == 2


def test_one_client_hears_one_recording_after_the_other_and_each_from_its_beginning(server, samples):
    with undertone.Client(server.ws_url) as session:
        heard = {name: list(session.transcribe(samples / name)) for name in ("04_sad.flac", "06_turn.flac")}
        again = list(session.transcribe(read(samples / "04_sad.flac"), 16_000))
    assert [len(found) for found in heard.values()] == [1, 2]
    assert again == heard["04_sad.flac"]


def test_words_come_as_they_are_spoken_and_with_the_verdict(listening_server, samples):
    with undertone.Client(listening_server.ws_url, partials=True, alpha=0.25) as session:
        assert session.info["settings"]["alpha"] == 0.25
        (final,) = session.transcribe(samples / "07_proud.flac")
    assert final.text == "I am so proud and so happy about the music."
    assert final.verdict.lanes["words"].weight == 0.25
    assert final.verdict.lanes["voice"].weight == 0.75


def test_a_setting_that_the_server_refuses_is_an_error_at_once(server):
    with (
        pytest.raises(undertone.SettingError, match="mood_interval_ms"),
        undertone.Client(server.ws_url, mood_interval_ms=1),
    ):
        pytest.fail("it was taken")


def test_a_recording_that_cannot_be_read_is_named_and_the_next_one_is_heard(server, samples, tmp_path):
    (tmp_path / "letter.wav").write_text("not a recording")
    with undertone.Client(server.ws_url) as session:
        with pytest.raises(undertone.AudioFileError, match=r"letter\.wav"):
            list(session.transcribe(tmp_path / "letter.wav"))
        assert len(list(session.transcribe(samples / "04_sad.flac"))) == 1


def test_without_a_server_the_url_is_named():
    with pytest.raises(undertone.ServerUnreachableError, match=r"no server at ws://127\.0\.0\.1:1/ws/analyze"):
        undertone.Client("ws://127.0.0.1:1/ws/analyze").__enter__()
    with pytest.raises(ValueError, match="inside `with`"):
        asyncio.run(undertone.AsyncClient().send(bytes(2)))


def test_an_utterance_is_ended_when_the_program_says_so(server, samples):
    async def scene():
        async with undertone.AsyncClient(server.ws_url) as session:
            await session.send(read(samples / "04_sad.flac")[:24_000])
            async for event in session:
                match event:
                    case undertone.SpeechStarted():
                        await session.commit()
                    case undertone.SpeechEnded(cause=cause):
                        return cause

    assert asyncio.run(scene()) == "commit"


@pytest.mark.fast
def test_a_program_that_sends_too_fast_is_held_up_while_the_server_reads_nothing():
    read_on = threading.Event()

    def script(connection):
        say(connection, CREATED)
        assert read_on.wait(20)
        hear_all(connection)
        say(connection, CLOSED)

    async def scene(url):
        minute, taken = np.zeros(960_000, np.int16), 0
        async with undertone.AsyncClient(url) as session:
            try:
                async with asyncio.timeout(1):
                    while True:
                        await session.send(minute)
                        taken += 1
            except TimeoutError:
                read_on.set()
        return taken

    with scripted_server(script) as url:
        assert asyncio.run(scene(url)) < 10


@pytest.mark.fast
def test_a_refusal_in_the_midst_of_a_session_is_an_event_and_what_is_newer_than_the_client_is_skipped():
    refusal = {"type": "error", "code": "odd_frame_length", "message": "a frame of 3 bytes", "fatal": False}

    def script(connection):
        say(connection, CREATED, {"type": "of.the.future"}, refusal)
        hear_all(connection)
        say(connection, {**CLOSED, "totals": {"utterances": 0}})

    async def scene(url):
        async with undertone.AsyncClient(url) as session:
            await session.finish()
            return [event async for event in session]

    with scripted_server(script) as url:
        events = asyncio.run(scene(url))
    assert events[0] == undertone.Refusal("odd_frame_length", "a frame of 3 bytes")
    assert [type(event) for event in events] == [undertone.Refusal, undertone.SessionClosed]


@pytest.mark.fast
def test_a_program_that_only_sends_learns_that_its_session_is_over():
    refusal = {"type": "error", "code": "quota_exceeded", "message": "used up", "fatal": True}

    def script(connection):
        say(connection, CREATED)
        connection.recv()
        say(connection, refusal)
        connection.close(4429)

    with scripted_server(script) as url, undertone.Client(url) as session:
        with pytest.raises(undertone.SessionRefusedError, match="used up"):
            speak_on(session)
        with pytest.raises(undertone.SessionRefusedError, match="used up"):
            list(session)


def speak_on(session):
    for _ in range(1000):
        session.send(bytes(32_000))


@pytest.mark.fast
def test_the_token_is_shown_in_the_handshake():
    shown = []

    def script(connection):
        shown.append(connection.request.headers["Authorization"])
        refusal = {"type": "error", "code": "unauthorized", "message": "no", "fatal": True}
        connection.send(json.dumps(refusal))
        connection.close(4401)

    with scripted_server(script) as url, pytest.raises(undertone.SessionRefusedError, match="unauthorized") as refused:
        undertone.Client(url, token="ut_secret").__enter__()
    assert shown == ["Bearer ut_secret"]
    assert refused.value.code == "unauthorized"
