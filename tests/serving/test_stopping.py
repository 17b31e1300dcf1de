"""A server that is told to stop: Ctrl-C and SIGTERM, with sessions and uploads under way."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress

import psutil
import pytest
from conftest import running_server
from material.server_processes import api_process_of
from material.uploads import begin_upload, everything
from material.wire import receive, receive_until, session
from websockets.sync.client import connect

from serving.cli.demo_server import free_port
from undertone.audio_file import read

NO_SAMPLES = b"\x82\x80" + bytes(4)  # an empty binary frame, masked


@pytest.fixture
def own_server(tmp_path, tiny_release):
    with running_server(tiny_release, tmp_path / "server.log") as running:
        yield running


@pytest.fixture(scope="module")
def clip(samples):
    return read(sorted(samples.glob("*.flac"))[0]).tobytes()


def press_ctrl_c(pid):
    """Send what a terminal sends to all processes of its foreground."""
    os.killpg(pid, signal.SIGINT)


def assert_quiet(log):
    assert "Traceback" not in log
    assert "is dead" not in log
    assert "KeyboardInterrupt\n" not in log


def until_at_rest(process):
    """Return when `process` has done next to nothing for half a second."""
    before_s, now_s = -1.0, 0.0
    while now_s - before_s > 0.02:
        time.sleep(0.5)
        before_s, now_s = now_s, sum(process.cpu_times()[:2])


def test_ctrl_c_ends_an_idle_server_without_a_traceback(own_server):
    press_ctrl_c(own_server.pid)
    assert own_server.process.wait(timeout=30) == 0
    assert_quiet(own_server.log.read_text())


def test_ctrl_c_answers_what_was_heard_and_no_worker_is_restarted(own_server, clip):
    with session(own_server.ws_url) as spoken:
        spoken.send(clip[: len(clip) // 4 * 2])
        receive_until(spoken, "mood")
        press_ctrl_c(own_server.pid)
        kinds = [message["type"] for message in receive_until(spoken, "session.closed")]
    assert "utterance.final" in kinds
    assert own_server.process.wait(timeout=30) == 0
    assert_quiet(own_server.log.read_text())


@pytest.mark.parametrize("after_s", [0.0, 0.3, 1.0, 2.0])
def test_ctrl_c_while_the_models_load_ends_it_without_a_traceback_or_a_process(tiny_release, tmp_path, after_s):
    log = tmp_path / "server.log"
    options = ("--release", str(tiny_release), "--port", str(free_port()))
    with log.open("wb") as output:
        command = [sys.executable, "-m", "serving.cli.main", "serve", *options]
        starting = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    while "listening on" not in log.read_text():
        time.sleep(0.01)
    time.sleep(after_s)
    family = psutil.Process(starting.pid).children(recursive=True)
    press_ctrl_c(starting.pid)
    assert starting.wait(timeout=30) == 0
    assert_quiet(log.read_text())
    assert psutil.wait_procs(family, timeout=10)[1] == []


def test_a_second_ctrl_c_does_not_wait_for_anybody(own_server, clip):
    with session(own_server.ws_url) as spoken:
        spoken.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        upload = begin_upload(own_server, clip)
        press_ctrl_c(own_server.pid)
        time.sleep(0.2)
        press_ctrl_c(own_server.pid)
        own_server.process.wait(timeout=5)
        upload.close()


def test_a_stalled_upload_is_refused_at_once_when_the_server_goes_down(own_server, clip):
    with begin_upload(own_server, clip) as upload:
        began_s = time.monotonic()
        own_server.process.terminate()
        answer = everything(upload)
        assert own_server.process.wait(timeout=30) == 0
    assert time.monotonic() - began_s < 8
    assert re.match(r"HTTP/1.1 503 ", answer)
    assert "server_draining" in answer
    assert re.search(r"(?i)^retry-after: \d+", answer, re.MULTILINE)
    assert "Forcibly" not in own_server.log.read_text()


def test_an_upload_that_stalls_keeps_no_session_from_its_last_answers(own_server, clip):
    with session(own_server.ws_url) as spoken, begin_upload(own_server, clip):
        spoken.send(clip)
        receive(spoken)
        own_server.process.terminate()
        messages = receive_until(spoken, "session.closed")
        assert messages[-1]["reason"] == "server_draining"
        assert own_server.process.wait(timeout=30) == 0
    assert "Forcibly" not in own_server.log.read_text()


def test_a_client_that_reads_nothing_holds_up_a_stop_no_longer_than_the_drain(tmp_path, tiny_release):
    flags = ("--drain-s", "1", "--asr-model", "none")
    with running_server(tiny_release, tmp_path / "server.log", *flags) as hurried_server:
        with socket.socket() as narrow:
            narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            narrow.connect(("127.0.0.1", hurried_server.port))
            with connect(hurried_server.ws_url, sock=narrow, proxy=None, max_queue=1) as deaf:
                deaf.socket.sendall(40_000 * NO_SAMPLES)  # each is answered by an error
                until_at_rest(api_process_of(hurried_server))  # there is no room for another
                began_s = time.monotonic()
                hurried_server.process.terminate()
                assert hurried_server.process.wait(timeout=30) == 0
                assert time.monotonic() - began_s < 12
                with suppress(OSError):  # its connection was taken for broken before
                    deaf.socket.shutdown(socket.SHUT_RDWR)
        log = hurried_server.log.read_text()
    assert "Forcibly" not in log
    assert "Traceback" not in log
