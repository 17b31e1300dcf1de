"""Where a sentence ends is decided by its samples, however unevenly they come; `idle` is for who really fell silent."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import running_server
from material.server_processes import api_process_of
from material.wire import receive, receive_until, send, send_in_real_time, session, without_latencies
from websockets.sync.client import connect

from undertone.audio_file import read

IDLE_S = 0.5
SIX_S = 6 * 32_000  # bytes


@pytest.fixture(scope="module")
def speech(samples):
    """Two sentences with pauses, as PCM bytes."""
    return b"".join(read(path).tobytes() + bytes(25_600) for path in sorted(samples.glob("*.flac"))[:2])


@pytest.fixture(scope="module")
def impatient_server(tmp_path_factory, tiny_release):
    log = tmp_path_factory.mktemp("idle") / "server.log"
    with running_server(tiny_release, log, "--idle-speech-s", str(IDLE_S), "--asr-model", "none") as running:
        yield running


def in_slices(slice_ms):
    """Slices as a recorder gives them: each when its last sample is there."""

    def sending(socket, pcm):
        for start in range(0, len(pcm), 32 * slice_ms):
            piece = pcm[start : start + 32 * slice_ms]
            time.sleep(len(piece) / 32_000)
            socket.send(piece)

    return sending


def with_stall(stall_s, after_s=1.2):
    """Even frames but for one stall, after which what was held back comes at once."""

    def sending(socket, pcm):
        began_s = time.monotonic()
        for start in range(0, len(pcm), 1024):
            due_s = began_s + start / 32_000
            held = after_s < start / 32_000 < after_s + stall_s
            time.sleep(max(0.0, (began_s + after_s + stall_s if held else due_s) - time.monotonic()))
            socket.send(pcm[start : start + 1024])

    return sending


def with_jitter(socket, pcm):
    chance, late_s, began_s = random.Random(7), 0.0, time.monotonic()
    for start in range(0, len(pcm), 3200):
        late_s = max(late_s - 0.1, chance.choice([0.0, 0.0, 0.05, 0.9, 1.8]))
        time.sleep(max(0.0, began_s + start / 32_000 + late_s - time.monotonic()))
        socket.send(pcm[start : start + 3200])


def heard(server, pcm, sending):
    with session(server.ws_url) as socket:
        sending(socket, pcm)
        send(socket, "session.finish")
        return without_latencies(receive_until(socket, "session.closed"))


def test_stalls_slices_and_jitter_give_the_answers_of_the_same_samples_sent_evenly(server, speech):
    ways = [in_slices(1500), in_slices(1000), in_slices(4000), with_stall(1.2), with_stall(3.0), with_jitter]
    with ThreadPoolExecutor(len(ways) + 1) as pool:
        evenly = pool.submit(heard, server, speech, send_in_real_time)
        answers = [pool.submit(heard, server, speech, way) for way in ways]
        wanted = evenly.result()
        assert len(wanted[1]) == 2
        assert {event["cause"] for event in wanted[0] if event["type"] == "speech.ended"} == {"silence"}
        for answer in answers:
            assert answer.result() == wanted


def test_slices_longer_than_the_patience_are_no_silence(impatient_server, speech):
    speech = speech[:SIX_S]
    wanted = heard(impatient_server, speech, lambda socket, pcm: socket.send(pcm))
    assert heard(impatient_server, speech, in_slices(1500)) == wanted


def test_a_server_that_stood_still_itself_takes_nobody_for_silent(impatient_server, speech):
    process, speech = api_process_of(impatient_server), speech[:SIX_S]

    def stop():
        time.sleep(1.2)
        process.suspend()
        time.sleep(3 * IDLE_S)
        process.resume()

    standing_still = threading.Thread(target=stop)
    standing_still.start()
    answers = heard(impatient_server, speech, send_in_real_time)
    standing_still.join()
    assert answers == heard(impatient_server, speech, lambda socket, pcm: socket.send(pcm))


def test_a_client_that_stops_sending_in_the_middle_of_speech_gets_its_final(impatient_server, speech):
    with session(impatient_server.ws_url) as socket:
        socket.send(speech[:38_400])
        messages = receive_until(socket, "utterance.final")
        assert [message["cause"] for message in messages if message["type"] == "speech.ended"] == ["idle"]
        socket.send(bytes(3200))
        send(socket, "session.finish")
        assert receive_until(socket, "session.closed")[-1]["totals"]["utterances"] == 1


def test_how_long_is_told_and_what_comes_after_it_is_another_utterance(impatient_server, speech):
    with connect(impatient_server.ws_url, proxy=None) as socket:
        assert receive(socket)["limits"]["idle_speech_s"] == IDLE_S
        send_in_real_time(socket, speech[:38_400])
        began_s = time.monotonic()
        first = receive_until(socket, "utterance.final")
        assert 0.5 * IDLE_S < time.monotonic() - began_s < 10 * IDLE_S
        assert [message["cause"] for message in first if message["type"] == "speech.ended"] == ["idle"]
        socket.send(speech[38_400:])
        send(socket, "session.finish")
        second = receive_until(socket, "utterance.final")[-1]
    assert second["utterance_id"] == 2
    assert second["start_ms"] >= first[-1]["end_ms"]
