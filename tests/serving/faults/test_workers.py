"""Workers that go wrong under the real server, with real words: every utterance keeps its final, and words come again.

Memory is eaten by what the test puts into the worker (a `sitecustomize`), not by anything of ours.
"""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import flags, running_server
from material.server_processes import workers_of
from material.waiting import is_healthy, until
from material.wire import receive_until, send, session

from undertone.audio_file import read

PATIENCE_S, MOST_MB = 4, 900
EATS = """
import os, sys, threading, time

def eat():
    while not os.path.exists(f"{os.environ['EATEN_FOLDER']}/{os.getpid()}"):
        time.sleep(0.05)
    globals()["eaten"] = bytearray(b"x") * 1_000_000_000

if any("multiprocessing.forkserver" in word for word in sys.orig_argv):  # whose threads do not live in a worker
    os.register_at_fork(after_in_child=lambda: threading.Thread(target=eat, daemon=True).start())
"""


@pytest.fixture(scope="module")
def clip(samples):
    return read(sorted(samples.glob("*.flac"))[0]).tobytes() + bytes(32_000)


@pytest.fixture(scope="module")
def eating(tmp_path_factory):
    """The folder in which a file named as a worker lets it eat a gigabyte."""
    folder = tmp_path_factory.mktemp("eating")
    (folder / "sitecustomize.py").write_text(EATS)
    return folder


@pytest.fixture(scope="module")
def listening(tmp_path_factory, tiny_release, eating):
    options = flags(asr_timeout_s=PATIENCE_S, asr_workers=1, partial_workers=0, worker_max_mb=MOST_MB)
    log = tmp_path_factory.mktemp("workers") / "server.log"
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("PYTHONPATH", os.pathsep.join([str(eating), os.environ.get("PYTHONPATH", "")]))
        changed.setenv("EATEN_FOLDER", str(eating))
        with running_server(tiny_release, log, *options) as running:
            yield running
    assert "Traceback" not in log.read_text()


def worker_of(server):
    (worker,) = workers_of(server)
    return worker


def finals(server, clip):
    """Return the finals of a session that hears `clip`."""
    with session(server.ws_url) as socket:
        socket.send(clip)
        send(socket, "session.finish")
        messages = receive_until(socket, "session.closed")
    return [message for message in messages if message["type"] == "utterance.final"]


def test_a_worker_that_eats_memory_is_started_anew_between_utterances_and_no_words_are_lost(listening, eating, clip):
    fat = worker_of(listening)
    with session(listening.ws_url) as bystander, ThreadPoolExecutor(3) as pool:
        bystander.send(clip[: len(clip) // 4 * 2])
        asked = [pool.submit(finals, listening, clip) for _ in range(3)]
        (eating / str(fat.pid)).touch()
        answered = [final for one in asked for final in one.result()]
        fat.wait(timeout=60)
        send(bystander, "session.finish")
        closed = receive_until(bystander, "session.closed")[-1]
    assert [final["utterance_id"] for final in answered] == [1, 1, 1]
    assert "worker_lost" not in [final["reason"] for final in answered]
    assert closed["totals"]["utterances"] == 1
    assert f"over {MOST_MB} (--worker-max-mb): it is started anew" in listening.log.read_text()


def test_a_worker_that_hangs_for_ever_is_killed_and_words_come_again(listening, clip):
    until(lambda: is_healthy(listening))
    hung = worker_of(listening)
    hung.send_signal(signal.SIGSTOP)
    (lost,) = finals(listening, clip)
    assert (lost["mode"], lost["reason"]) == ("audio_only", "asr_timeout")
    hung.wait(timeout=60)
    assert f"worker {hung.pid} has not answered for {3 * PATIENCE_S:g} s: killed" in listening.log.read_text()
    until(lambda: finals(listening, clip)[0]["mode"] == "fused")
