"""A server at rest is small: workers start when somebody needs them, and not before (benchmarks/start.py: how fast)."""

import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from conftest import running_server
from material.server_processes import family_of, workers_of
from material.wire import receive_until, send, session

from serving.workers.on_demand import Unstarted, WorkersOnDemand
from serving.workers.words import MOST_AT_ONCE, PARTIALS_NICENESS, WORDS_NICENESS
from undertone.audio_file import read

AT_REST_BYTES = 450e6  # 330 MB measured, and 700 where every worker starts by itself


@pytest.fixture(scope="module")
def clip(samples):
    return read(sorted(samples.glob("*.flac"))[0]).tobytes() + bytes(32_000)


@pytest.fixture(scope="module")
def own_server(promoted_release, tmp_path_factory):
    """The promoted release and tiny.en, with places for two workers and one for partials."""
    log = tmp_path_factory.mktemp("demand") / "server.log"
    with running_server(promoted_release, log, "--asr-workers", "2", "--asr-timeout-s", "60") as running:
        yield running


def eventually(holds):
    deadline_s = time.monotonic() + 30
    while not holds() and time.monotonic() < deadline_s:
        time.sleep(0.1)
    assert holds()


def heard(server, clip, **settings):
    with session(server.ws_url) as socket:
        send(socket, "session.update", **settings)
        socket.send(clip)
        return receive_until(socket, "utterance.final")[-1]


def test_at_rest_one_worker_runs_and_all_processes_together_are_small(own_server):
    everybody = [psutil.Process(own_server.pid), *family_of(own_server)]
    assert sum(process.memory_full_info().pss for process in everybody) < AT_REST_BYTES
    assert len(workers_of(own_server)) == 1


def nice_of_words(server):
    return workers_of(server)[0].nice()


def test_one_speaker_needs_no_other_worker_and_whoever_asks_for_partials_gets_theirs(own_server, clip):
    assert heard(own_server, clip)["mode"] == "fused"
    assert len(workers_of(own_server)) == 1
    assert heard(own_server, clip, partials=True)["mode"] == "fused"
    apart = PARTIALS_NICENESS - WORDS_NICENESS
    eventually(lambda: [worker.nice() for worker in workers_of(own_server)][1:] == [nice_of_words(own_server) + apart])


def test_another_worker_starts_while_the_first_is_busy_and_nobody_loses_words(own_server, clip):
    speakers = 2 * MOST_AT_ONCE  # of whom one worker takes half together
    with ThreadPoolExecutor(speakers) as pool:
        finals = list(pool.map(lambda _: heard(own_server, clip), range(speakers)))
    assert [final["mode"] for final in finals] == ["fused"] * speakers
    eventually(lambda: len(workers_of(own_server)) == 3)
    assert "Traceback" not in own_server.log.read_text()


def test_each_worker_is_asked_for_once_and_in_order():
    started = []
    workers = WorkersOnDemand({"/words": 1, "/partials": 0})
    workers.ask("/words", 1)
    workers.ask("/words", 3)
    workers.ask("/words", 2)
    workers.ask("/partials", 1)

    def start(*worker):
        started.append(worker)
        if len(started) == 3:
            raise EOFError

    with pytest.raises(EOFError):
        workers.start(start)
    assert started == [("/words", 1), ("/words", 2), ("/partials", 0)]
    assert workers.asked == {"/words": 3, "/partials": 1}


def test_a_place_is_no_dead_worker_until_the_server_stops():
    place = Unstarted()
    assert place.is_alive()
    place.terminate()
    place.join(timeout=5)
    assert not place.is_alive()
