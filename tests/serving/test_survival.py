"""What the server does when parts of it die and when it is told to stop."""

import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from conftest import running_server
from material.server_processes import family_of, workers_of
from material.wire import receive_until, send, session
from websockets.exceptions import ConnectionClosed

from serving.cli.demo_server import free_port
from undertone.audio_file import read


@pytest.fixture(scope="module")
def clip(samples):
    return read(sorted(samples.glob("*.flac"))[0]).tobytes() + bytes(32_000)


@pytest.fixture
def own_server(tmp_path, tiny_release):
    with running_server(tiny_release, tmp_path / "server.log") as running:
        yield running


@pytest.fixture(scope="module")
def listening(tmp_path_factory, tiny_release):
    """A server with a recogniser and a worker for partials, for the tests to harm."""
    log = tmp_path_factory.mktemp("listening") / "server.log"
    options = ("--asr-timeout-s", "8", "--asr-workers", "1", "--start-workers", "all")
    with running_server(tiny_release, log, *options) as running:
        yield running


def heard(server, clip):
    """Return every message about `clip` up to its final, in a session of its own."""
    with session(server.ws_url) as socket:
        socket.send(clip)
        return receive_until(socket, "utterance.final")


def heard_to_the_end(server, clip):
    """Return every message about `clip`, in a session that then ends."""
    with session(server.ws_url) as socket:
        socket.send(clip)
        send(socket, "session.finish")
        return receive_until(socket, "session.closed")


def kill_at_work(worker):
    before_s, deadline_s = worker.cpu_times().user, time.monotonic() + 20
    while worker.cpu_times().user < before_s + 0.03 and time.monotonic() < deadline_s:
        time.sleep(0.01)
    worker.kill()


def until_healthy(server):
    deadline_s = time.monotonic() + 60
    while not is_healthy(server) and time.monotonic() < deadline_s:
        time.sleep(0.1)
    assert is_healthy(server)


def test_a_worker_killed_over_an_utterance_costs_its_words_and_the_next_is_fused_again(listening, clip):
    with session(listening.ws_url) as socket:
        socket.send(clip)
        kill_at_work(workers_of(listening)[0])
        lost = receive_until(socket, "utterance.final")[-1]
        assert (lost["mode"], lost["reason"], lost["text"]) == ("audio_only", "worker_lost", None)
        until_healthy(listening)
        socket.send(clip)
        again = receive_until(socket, "utterance.final")[-1]
        assert (again["utterance_id"], again["mode"], again["reason"]) == (2, "fused", None)
        send(socket, "session.finish")
        closed = receive_until(socket, "session.closed")[-1]
    assert [entry["utterance_id"] for entry in closed["trajectory"]] == [1, 2]


def test_a_worker_killed_over_the_utterances_of_several_costs_each_of_them_no_more_than_its_words(listening, clip):
    until_healthy(listening)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(heard_to_the_end, listening, clip) for _ in range(4)]
        kill_at_work(workers_of(listening)[0])
        told = [[message for message in one.result() if message["type"] == "utterance.final"] for one in asked]
    assert [len(finals) for finals in told] == [1, 1, 1, 1]
    reasons = [final["reason"] for (final,) in told]
    assert "worker_lost" in reasons
    assert set(reasons) <= {None, "worker_lost", "asr_timeout"}


def test_a_lost_worker_for_partials_costs_no_final_its_words(listening, clip):
    until_healthy(listening)
    workers_of(listening)[1].kill()
    with session(listening.ws_url) as socket:
        send(socket, "session.update", partials=True)
        socket.send(clip)
        final = receive_until(socket, "utterance.final")[-1]
    assert (final["mode"], final["reason"]) == ("fused", None)


def test_a_worker_that_hangs_costs_the_words_after_the_time_limit_and_then_all_is_well(listening, clip):
    until_healthy(listening)
    hung = workers_of(listening)[0]
    hung.suspend()
    try:
        messages = heard(listening, clip)
    finally:
        hung.resume()
    provisional, final = messages[-2:]
    assert (provisional["type"], provisional["mode"]) == ("utterance.provisional", "audio_only")
    assert provisional["reason"] == "pending"
    assert (final["mode"], final["reason"]) == ("audio_only", "asr_timeout")
    assert 7_000 < final["timings"]["total_latency_ms"] < 25_000
    assert heard(listening, clip)[-1]["mode"] == "fused"


def test_a_model_that_cannot_be_loaded_is_told_and_leaves_no_process(tiny_release, tmp_path):
    (tmp_path / "model.bin").write_bytes(b"no model")
    port = str(free_port())
    refused = serve("--release", str(tiny_release), "--port", port, "--asr-model", str(tmp_path))
    assert refused.returncode == 1
    assert "the models could not be loaded" in refused.stderr.splitlines()[-1]
    assert not [process for process in psutil.process_iter(["cmdline"]) if port in (process.info["cmdline"] or [])]


def test_a_killed_worker_costs_no_verdict_and_a_new_one_takes_its_place(own_server, clip):
    with session(own_server.ws_url) as socket:
        workers_of(own_server)[0].kill()
        socket.send(clip)
        first = receive_until(socket, "utterance.final")[-1]
        assert (first["utterance_id"], first["mode"]) == (1, "audio_only")
        socket.send(clip)
        second = receive_until(socket, "utterance.final")[-1]
        assert second["utterance_id"] == 2
        assert second["reason"] in ("asr_unavailable", "asr_timeout")  # on a busy machine the new one is up, and late
        assert second["timings"]["total_latency_ms"] < 5000


def test_a_stop_answers_what_was_heard_then_says_why_and_leaves_no_process(own_server, clip):
    with session(own_server.ws_url) as socket:
        socket.send(clip[: len(clip) // 4 * 2])  # whole samples
        receive_until(socket, "mood")
        family = family_of(own_server)
        own_server.process.terminate()
        messages = receive_until(socket, "session.closed")
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=10)
        assert socket.close_code == 1012
    kinds = [message["type"] for message in messages if message["type"] not in ("mood", "audio.ack")]
    assert kinds == ["speech.ended", "utterance.final", "error", "session.closed"]
    assert messages[-2]["code"] == "server_draining"
    assert own_server.process.wait(timeout=30) == 0
    _, left = psutil.wait_procs(family, timeout=10)
    assert left == []


def test_a_tampered_release_is_refused_by_name_before_anything_starts(tiny_release, tmp_path):
    release = shutil.copytree(tiny_release, tmp_path / "release")
    with (release / "silero_vad.onnx").open("ab") as file:
        file.write(b"\0")
    refused = serve("--release", str(release), "--port", str(free_port()))
    assert refused.returncode == 1
    assert "silero_vad.onnx" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("port", ["80", "70000"])
def test_a_port_that_cannot_be_used_is_refused_by_number(tiny_release, port):
    refused = serve("--release", str(tiny_release), "--port", port)
    assert refused.returncode == 2
    assert port in refused.stderr


def test_a_port_that_is_taken_is_named_in_one_line(own_server, tiny_release):
    port = own_server.url.rsplit(":", 1)[1]
    refused = serve("--release", str(tiny_release), "--port", port)
    assert refused.returncode == 2
    (line,) = refused.stderr.splitlines()
    assert f"port {port} on 127.0.0.1 cannot be used (Address already in use)" in line


def test_health_is_no_longer_ok_while_the_server_drains(own_server, clip):
    with session(own_server.ws_url) as socket:
        socket.send(clip)
        own_server.process.terminate()
        deadline_s = time.monotonic() + 20
        while is_healthy(own_server) and time.monotonic() < deadline_s:
            time.sleep(0.01)
        assert not is_healthy(own_server)


def is_healthy(server):
    try:
        with urllib.request.urlopen(server.url + "/health", timeout=5) as answer:
            return answer.status == 200
    except urllib.error.HTTPError as refused:
        refused.close()
        return False
    except OSError:
        return False


def serve(*options):
    command = [sys.executable, "-m", "serving.cli.main", "serve", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
