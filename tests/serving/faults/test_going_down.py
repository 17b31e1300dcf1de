"""A server that is told to end while people speak to it: what was heard is answered within the time of the drain."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from conftest import running_server
from material.server_processes import api_process_of, family_of, workers_of
from material.waiting import until
from material.wire import end_of, receive_until, session

from undertone.audio_file import read

DRAIN_S = 6


@pytest.fixture(scope="module")
def clip(samples):
    return read(sorted(samples.glob("*.flac"))[0]).tobytes()


def test_with_a_worker_that_hangs_several_sessions_are_answered_within_the_drain(tmp_path, tiny_release, clip):
    patient = ("--asr-timeout-s", "60", "--asr-workers", "1", "--partial-workers", "0", "--drain-s", str(DRAIN_S))
    with running_server(tiny_release, tmp_path / "server.log", *patient) as server:
        family = family_of(server)
        (worker,) = workers_of(server)
        worker.send_signal(signal.SIGSTOP)
        with session(server.ws_url) as done, session(server.ws_url) as speaking, session(server.ws_url) as silent:
            done.send(clip + bytes(32_000))
            receive_until(done, "speech.ended")
            speaking.send(clip[: len(clip) // 4 * 2])
            receive_until(speaking, "mood")
            began_s = time.monotonic()
            server.process.terminate()
            with ThreadPoolExecutor(3) as pool:
                ends = list(pool.map(lambda socket: end_of(socket, within_s=30), (done, speaking, silent)))
            assert time.monotonic() - began_s < DRAIN_S
        worker.resume()
        assert server.process.wait(timeout=30) == 0
        assert psutil.wait_procs(family, timeout=10)[1] == []
    for messages, errors, code in ends:
        assert (errors, code, messages[-1]["reason"]) == (["server_draining"], 1012, "server_draining")
    finals = [[message for message in messages if message["type"] == "utterance.final"] for messages, _, _ in ends]
    assert [[final["reason"] for final in of_one] for of_one in finals] == [["asr_timeout"], ["asr_timeout"], []]
    assert "Traceback" not in (tmp_path / "server.log").read_text()


def test_a_second_sigterm_ends_everything_at_once(tmp_path, tiny_release, clip):
    slow = ("--asr-model", "none", "--drain-s", "60")
    with running_server(tiny_release, tmp_path / "server.log", *slow) as server:
        family = family_of(server)
        with session(server.ws_url) as speaking:
            speaking.send(clip[: len(clip) // 4 * 2])
            api_process_of(server).suspend()  # or it would be done before the second comes
            server.process.terminate()
            until(lambda: "Shutting down LitServe" in server.log.read_text())
            server.process.terminate()
            server.process.wait(timeout=10)
        assert psutil.wait_procs(family, timeout=10)[1] == []
        assert "Traceback" not in server.log.read_text()
