"""The running server with the promoted release, spoken to over its WebSocket."""

import asyncio
import contextlib
import json
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from conftest import running_server
from litserve.utils import WorkerSetupStatus
from material.wire import receive, receive_until, send, send_in_real_time, session, stream, without_latencies
from pydantic import TypeAdapter
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from serving.server import UndertoneServer
from serving.settings import ServerLimits
from undertone.audio_file import read
from undertone.manifest import load
from undertone.protocol import ServerMessage


@pytest.fixture(scope="module")
def clip(samples):
    return read(sorted(samples.glob("*.flac"))[0]).tobytes()


@pytest.fixture(scope="module")
def speech(samples):
    # The first six: less than the 1 MiB of one frame.
    return b"".join(read(path).tobytes() + bytes(32_000) for path in sorted(samples.glob("*.flac"))[:6])


def close_code(socket):
    with contextlib.suppress(ConnectionClosed):
        while True:
            socket.recv(timeout=20)
    return socket.close_code


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def test_health_is_ok_and_info_says_which_release_is_served(server, promoted_release):
    assert get(server.url + "/health") == "ok"
    model = json.loads(get(server.url + "/info"))["model"]
    manifest = load(promoted_release)
    assert model["release"]["version"] == manifest.version
    assert model["release"]["models"]["acoustic.int8.onnx"] == manifest.files["acoustic.int8.onnx"].sha256
    assert model["asr"]["engine"] == "none"


def test_the_protocol_document_is_served(server, repository):
    assert get(server.url + "/asyncapi.yaml") == (repository / "serving" / "asyncapi.yaml").read_text()


def test_the_queue_of_the_workers_is_not_open_to_the_public(server):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(server.url + "/internal/words", data=b"{}", timeout=10)
    with refused.value:
        assert refused.value.code == 404


def test_a_spoken_clip_gets_moods_and_one_final_by_voice_alone(server, clip):
    messages = stream(server.ws_url, clip, 640)
    messages = [message for message in messages if message["type"] not in ("utterance.provisional", "audio.ack")]
    kinds = [message["type"] for message in messages]
    assert kinds[0] == "speech.started"
    assert kinds.count("mood") >= 3
    assert kinds[-3:] == ["speech.ended", "utterance.final", "session.closed"]
    final = messages[-2]
    assert (final["mode"], final["reason"], final["text"]) == ("audio_only", "asr_unavailable", None)
    assert final["fused_sentiment"] == final["audio_sentiment"]
    assert messages[-1]["totals"]["utterances"] == 1


def test_every_message_follows_the_protocol_document(server, speech, documented):
    with connect(server.ws_url, proxy=None) as socket:
        send(socket, "ping", id=7)
        send(socket, "nonsense")
        socket.send(speech)
        send(socket, "session.finish")
        messages = receive_until(socket, "session.closed")
    assert {message["type"] for message in messages} >= {"session.created", "pong", "error", "mood", "utterance.final"}
    for message in messages:
        documented(message)
        TypeAdapter(ServerMessage).validate_json(json.dumps(message))


@pytest.mark.parametrize("chunk_ms", [10, 20, 32, 100, 1000])
def test_chunks_of_any_size_give_the_same_utterances_and_finals(server, speech, chunk_ms):
    whole = without_latencies(stream(server.ws_url, speech, len(speech)))
    assert without_latencies(stream(server.ws_url, speech, chunk_ms * 32)) == whole


def test_what_is_sent_at_once_gets_the_same_answers_as_what_is_spoken(server, clip):
    with session(server.ws_url) as socket:
        send_in_real_time(socket, clip)
        send(socket, "session.finish")
        spoken = receive_until(socket, "session.closed")
    assert without_latencies(spoken) == without_latencies(stream(server.ws_url, clip, 1024))


def test_four_sessions_at_once_get_the_answers_of_one(server, speech):
    alone = without_latencies(stream(server.ws_url, speech, 3200))
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda _: stream(server.ws_url, speech, 3200), range(4)))
    assert all(without_latencies(messages) == alone for messages in together)


def test_commit_ends_the_utterance_now(server, clip):
    with session(server.ws_url) as socket:
        socket.send(clip[: len(clip) * 2 // 3])
        assert receive(socket)["type"] == "speech.started"
        send(socket, "utterance.commit")
        messages = receive_until(socket, "utterance.final")
        assert [message["cause"] for message in messages if message["type"] == "speech.ended"] == ["commit"]


def test_a_commit_in_silence_is_told_that_there_is_nothing(server):
    with session(server.ws_url) as socket:
        send(socket, "utterance.commit")
        answer = receive(socket)
        assert (answer["code"], answer["fatal"]) == ("invalid_message", False)


def test_settings_are_taken_before_audio_and_refused_after(server, clip):
    with session(server.ws_url) as socket:
        send(socket, "session.update", mood_interval_ms=1000)
        socket.send(clip)
        send(socket, "session.update", mood_interval_ms=100)
        send(socket, "session.finish")
        messages = receive_until(socket, "session.closed")
    errors = [message for message in messages if message["type"] == "error"]
    moods = [message["end_ms"] for message in messages if message["type"] == "mood"]
    assert [error["code"] for error in errors] == ["invalid_setting"]
    assert len(moods) < 2 or moods[1] - moods[0] > 900


@pytest.mark.parametrize("field", [{"volume": 11}, {"alpha": 2}, {"endpoint_silence_ms": 5}, {"partials": True}])
def test_a_bad_setting_is_refused_by_name_and_the_session_goes_on(server, clip, field):
    with session(server.ws_url) as socket:
        send(socket, "session.update", **field)
        answer = receive(socket)
        assert (answer["code"], answer["fatal"]) == ("invalid_setting", False)
        assert next(iter(field)) in answer["message"]
        socket.send(clip)
        send(socket, "session.finish")
        assert receive_until(socket, "session.closed")[-1]["totals"]["utterances"] == 1


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '"ping"', "{}", '{"type": 5}', '{"type": "sing"}'])
def test_nonsense_is_refused_and_the_session_goes_on(server, text):
    with session(server.ws_url) as socket:
        socket.send(text)
        assert receive(socket)["code"] == "invalid_message"
        send(socket, "ping", id="still there")
        assert receive(socket) == {"type": "pong", "id": "still there", "seq": 3}


@pytest.mark.parametrize("frame", [b"", b"\0", bytes(641)])
def test_a_frame_of_broken_samples_is_ignored_with_an_error(server, clip, frame):
    with session(server.ws_url) as socket:
        socket.send(frame)
        assert receive(socket)["code"] == "odd_frame_length"
        socket.send(clip)
        send(socket, "session.finish")
        assert receive_until(socket, "session.closed")[-1]["totals"]["audio_ms"] == len(clip) // 32


def test_a_frame_over_a_mebibyte_is_refused_and_explained(server):
    with session(server.ws_url) as socket:
        socket.send(bytes((1 << 20) + 2))
        messages = receive_until(socket, "session.closed")
        assert [message["code"] for message in messages if message["type"] == "error"] == ["message_too_large"]
        assert close_code(socket) == 1009


def test_a_frame_of_exactly_a_mebibyte_is_heard(server):
    with session(server.ws_url) as socket:
        socket.send(bytes(1 << 20))
        send(socket, "session.finish")
        assert receive_until(socket, "session.closed")[-1]["totals"]["audio_ms"] == 32_768


def test_finishing_an_empty_session_is_acknowledged_with_an_ordinary_close(server):
    with session(server.ws_url) as socket:
        send(socket, "session.finish")
        closed = receive(socket)
        assert (closed["reason"], closed["trajectory"]) == ("finished", [])
        assert close_code(socket) == 1000


def test_a_full_server_says_so_and_the_slot_of_a_vanished_client_is_free_again(tmp_path, tiny_release):
    options = ("--max-sessions", "1", "--resume-s", "0", "--asr-model", "none")
    with running_server(tiny_release, tmp_path / "server.log", *options) as running:
        for _ in range(3):
            with session(running.ws_url) as socket:
                assert refusal_of(running)["code"] == "server_full"
                send(socket, "ping", id=1)
                assert receive(socket)["type"] == "pong"
                socket.socket.shutdown(2)  # gone without a goodbye
            wait_for_a_slot(running)


def refusal_of(running):
    with connect(running.ws_url, proxy=None) as second:
        refusal = receive(second)
        assert refusal["fatal"] is True
        assert refusal["retry_after_s"] > 0
        assert close_code(second) == 1013
    return refusal


def wait_for_a_slot(running):
    for _ in range(100):
        with connect(running.ws_url, proxy=None) as socket:
            if receive(socket)["type"] == "session.created":
                send(socket, "session.finish")
                assert close_code(socket) == 1000
                return
        time.sleep(0.05)
    pytest.fail("the slot of a vanished client was not freed")


@pytest.mark.ravdess
def test_held_out_speech_gets_the_same_answers_in_chunks_of_any_size_and_a_mood_in_time(server, ravdess_mirror):
    clips = [next(ravdess_mirror.rglob(f"03-01-05-02-01-01-{actor}.*")) for actor in (21, 22, 23, 24)]
    for clip in clips:
        pcm = read(clip).tobytes()
        events, finals = without_latencies(stream(server.ws_url, pcm, len(pcm)))
        assert [final["mode"] for final in finals] == ["audio_only"]
        started, mood = events[0], next(event for event in events if event["type"] == "mood")
        assert mood["end_ms"] - started["speech_start_ms"] <= 500
        for chunk_ms in (10, 20, 32, 100, 1000):
            assert without_latencies(stream(server.ws_url, pcm, chunk_ms * 32)) == (events, finals)


@pytest.mark.fast
def test_health_is_503_until_the_models_are_loaded_and_warm(tiny_release):
    unready = UndertoneServer(tiny_release, ServerLimits())
    unready.workers_setup_status = {"words_0": WorkerSetupStatus.READY}
    assert asyncio.run(health_of(unready)) == 503
    unready.admission.open()
    assert asyncio.run(health_of(unready)) == 200


async def health_of(unstarted):
    """Ask the app without its lifespan, which is what loads the models."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(unstarted.app), base_url="http://test") as client:
        return (await client.get("/health")).status_code
