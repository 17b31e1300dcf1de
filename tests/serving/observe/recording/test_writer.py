"""The thread that writes recordings: in order, until it succeeds, and never more than may wait."""

import threading
import time

import pytest
from prometheus_client import CollectorRegistry

from serving.observe.recording import writer as writing
from serving.observe.recording.counts import Counts
from serving.observe.recording.writer import Writer
from undertone.recorded.store import Store, StoreError

pytestmark = pytest.mark.fast


@pytest.fixture
def writer(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "_RETRY_S", 0.01)
    writer = Writer(Store(str(tmp_path)), Counts(CollectorRegistry()), most_bytes=100)
    writer.start()
    yield writer
    writer.close(5)


def test_a_store_that_is_away_is_asked_again_and_the_order_holds(writer, caplog):
    caplog.set_level("WARNING", logger="undertone.recording")
    tries, written = [], []

    def first(store):
        tries.append(store)
        if len(tries) < 4:
            raise StoreError("the store is away")
        written.append(1)

    writer.put(first, 10)
    writer.put(lambda _: written.append(2), 10)
    writer.close(5)
    assert written == [1, 2]
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert "the store is away; sessions go on, and it is tried again" in caplog.messages[0]
    assert writer._counts.errors._value.get() == 3
    assert writer._counts.waiting_bytes._value.get() == 0


def test_what_does_not_fit_is_refused_and_fits_again_once_something_is_written(writer):
    go = threading.Event()
    assert writer.put(lambda _: go.wait(5) and None, 60)
    assert not writer.put(lambda _: None, 60)
    assert writer.put(lambda _: None, 40)
    assert writer.put(lambda _: None, 0), "what needs no room, a deletion, is always taken"
    go.set()
    deadline_s = time.monotonic() + 5
    while not writer.put(lambda _: None, 100) and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert time.monotonic() < deadline_s


def test_a_store_that_hangs_is_said_to_give_no_answer(writer, caplog, monkeypatch):
    monkeypatch.setattr(writing, "_SLOW_S", 0.05)
    go = threading.Event()
    writer.put(lambda _: go.wait(5) and None, 1)
    time.sleep(0.2)
    writer.put(lambda _: None, 1)
    assert "does not answer; sessions go on" in caplog.text
    go.set()


def test_a_fault_of_ours_holds_up_nothing_behind_it(writer, caplog):
    written = []
    writer.put(lambda _: 1 / 0, 1)
    writer.put(lambda _: written.append(2), 1)
    writer.close(5)
    assert written == [2]
    assert "ZeroDivisionError" in caplog.text


def test_what_is_not_written_when_the_server_goes_down_is_told(writer, caplog):
    def away(_):
        raise StoreError("the store is away")

    writer.put(away, 50)
    writer.put(lambda store: None, 0, owed="the deletion of session ab")
    writer.close(0.1)
    assert "MB of recordings are lost: the server went down" in caplog.text
    assert "before this was done: the deletion of session ab" in caplog.text
