"""The processes of a server live and die together; none listens alone, none serves without its parent."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from conftest import running_server
from material.server_processes import api_process_of, family_of
from material.wire import session
from websockets.exceptions import ConnectionClosed

from serving.cli.demo_server import free_port


@pytest.fixture
def own_server(tmp_path, tiny_release):
    with running_server(tiny_release, tmp_path / "server.log") as running:
        yield running


def test_without_its_api_process_the_server_goes_down_and_says_so(own_server):
    family = family_of(own_server)
    api_process = api_process_of(own_server)
    api_process.kill()
    assert own_server.process.wait(timeout=30) == 1
    assert f"cannot serve: the API process {api_process.pid} ended" in own_server.log.read_text()
    assert "Traceback" not in own_server.log.read_text()
    _, left = psutil.wait_procs(family, timeout=10)
    assert left == []


def test_without_the_queues_of_its_workers_the_server_goes_down_and_says_so(own_server):
    family, api_process = family_of(own_server), api_process_of(own_server)
    command = psutil.Process(own_server.pid).cmdline()
    (manager,) = [child for child in family if child.cmdline() == command and child != api_process]
    manager.kill()
    assert own_server.process.wait(timeout=30) == 1
    assert own_server.log.read_text().splitlines()[-1].startswith("cannot serve: the process that holds the queues")
    assert psutil.wait_procs(family, timeout=10)[1] == []


def test_an_api_process_that_is_told_to_end_takes_the_server_with_it(own_server):
    api_process_of(own_server).terminate()
    assert own_server.process.wait(timeout=30) == 1


def test_nothing_is_left_of_a_server_whose_main_process_is_killed(own_server):
    family = family_of(own_server)
    assert len(family) >= 3
    own_server.process.kill()
    _, left = psutil.wait_procs(family, timeout=10)
    assert left == []


def test_a_client_of_a_server_that_is_killed_is_told_by_the_end_of_its_connection(own_server):
    with session(own_server.ws_url) as socket:
        own_server.process.kill()
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=10)


def test_of_two_that_start_at_once_on_one_port_one_serves_and_the_other_says_why_not(tiny_release, tmp_path):
    port = str(free_port())
    options = ["--release", str(tiny_release), "--port", port, "--asr-model", "none"]
    command = [sys.executable, "-m", "serving.cli.main", "serve", *options]
    logs = [tmp_path / "first.log", tmp_path / "second.log"]
    both = [start(command, log) for log in logs]
    try:
        (loser,) = [index for index, process in enumerate(both) if ended(process, both)]
        assert both[loser].returncode == 2
        assert gone(both[loser].pid)  # no process of it is left
        assert f"port {port} on 127.0.0.1 cannot be used" in logs[loser].read_text()
        assert "running on" not in logs[loser].read_text()
        assert "listening on" not in logs[loser].read_text()
        assert both[1 - loser].poll() is None
    finally:
        for process in both:
            process.send_signal(signal.SIGTERM)
        for process in both:
            process.wait(timeout=30)


def gone(group, within_s=10):
    """Tell whether a process group ends: its fork server looks every second whether it is still needed."""
    until_s = time.monotonic() + within_s
    while time.monotonic() < until_s:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def start(command, log):
    with log.open("wb") as output:
        return subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)


def ended(process, both):
    deadline_s = time.monotonic() + 30
    while all(each.poll() is None for each in both) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    return process.poll() is not None
