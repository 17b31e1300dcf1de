"""The clock of a server is set, forward and back, in the midst of sessions: what lasts is measured by another clock.

`libfaketime` sets it for one server: `time.time` jumps as after `date --set`, `time.monotonic` does not.
"""

import importlib.util
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from conftest import running_server
from material.waiting import until
from material.wire import end_of, receive, receive_until, send, session

from serving.guard.usage.store import totals
from undertone.audio_file import read

DAY_S = 86_400


class Clock:
    """How far the clock of the server is off."""

    def __init__(self, file):
        self._file = file
        self.set(0)

    def set(self, off_s):
        replacement = self._file.with_suffix(".new")
        replacement.write_text(f"{off_s:+}\n")
        replacement.rename(self._file)


def preloaded():
    """Return the library that stands before the clock of a process."""
    found = importlib.util.find_spec("libfaketime")
    if sys.platform != "linux" or found is None:
        pytest.skip("libfaketime is for Linux, and comes with the extra dev")
    return Path(found.origin).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"


@pytest.fixture(scope="module")
def clip(samples):
    return read(sorted(samples.glob("*.flac"))[0]).tobytes() + bytes(32_000)


@pytest.fixture(scope="module")
def clock(tmp_path_factory):
    return Clock(tmp_path_factory.mktemp("clock") / "offset")


@pytest.fixture(scope="module")
def usage(tmp_path_factory):
    return tmp_path_factory.mktemp("used") / "usage.sqlite"


@pytest.fixture(scope="module")
def shifted(tmp_path_factory, tiny_release, clock, usage):
    log = tmp_path_factory.mktemp("shifted") / "server.log"
    faked = {"FAKETIME_TIMESTAMP_FILE": clock._file, "FAKETIME_NO_CACHE": 1, "FAKETIME_DONT_FAKE_MONOTONIC": 1}
    options = ("--asr-model", "none", "--idle-session-s", "20", "--max-session-s", "60", "--usage", str(usage))
    with pytest.MonkeyPatch.context() as changed:
        for name, value in {"LD_PRELOAD": preloaded(), "DONT_FAKE_MONOTONIC": 1, **faked}.items():
            changed.setenv(name, str(value))
        with running_server(tiny_release, log, *options) as running:
            yield running
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize("off_s", [40 * DAY_S, -40 * DAY_S])
def test_a_session_under_way_hears_on_and_every_utterance_has_one_final(shifted, clock, clip, off_s):
    with session(shifted.ws_url) as socket, session(shifted.ws_url) as silent:
        socket.send(clip[: len(clip) // 4 * 2])
        assert receive(socket)["type"] == "speech.started"
        clock.set(off_s)
        socket.send(clip[len(clip) // 4 * 2 :])
        first = receive_until(socket, "utterance.final")[-1]
        clock.set(0)
        socket.send(clip)
        send(socket, "session.finish")
        messages, errors, code = end_of(socket, within_s=20)
        send(silent, "ping", id=1)
        assert receive(silent)["type"] == "pong", "whoever was silent meanwhile was not silent for forty days"
    finals = [first, *(message for message in messages if message["type"] == "utterance.final")]
    assert [final["utterance_id"] for final in finals] == [1, 2]
    assert all(0 <= final["timings"]["total_latency_ms"] < 20_000 for final in finals)
    assert (errors, code, messages[-1]["reason"]) == ([], 1000, "finished")


def test_a_recording_is_heard_whatever_the_clock_says(shifted, clock, samples):
    content = sorted(samples.glob("*.flac"))[0].read_bytes()
    answers = []
    for off_s in (0, 40 * DAY_S, -40 * DAY_S):
        clock.set(off_s)
        answers.append(httpx.post(shifted.url + "/predict", content=content, timeout=60).text.splitlines()[-1])
    clock.set(0)
    assert len(set(answers)) == 1
    assert '"reason": "finished"' in answers[0]


def test_use_is_counted_on_the_day_that_the_clock_shows_and_none_is_lost(shifted, clock, usage, clip):
    days = set()
    for off_s in (DAY_S, -DAY_S):
        clock.set(off_s)
        days.add((datetime.now(UTC) + timedelta(seconds=off_s)).date().isoformat())
        with session(shifted.ws_url) as socket:
            socket.send(clip)
            send(socket, "session.finish")
            receive_until(socket, "session.closed")
    clock.set(0)
    assert len(days) == 2
    # By day: what the tests before this one used may be written as late; of a day, its audio before its utterances.
    until(lambda: {day: utterances(usage).get(day) for day in days} == dict.fromkeys(days, 1))


def utterances(usage):
    """Return how many were counted, by day."""
    return {day: use.utterances for (day, _), use in totals(usage, by="day")}
