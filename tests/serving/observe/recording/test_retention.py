"""How long recordings are kept: by their beginning, whatever day it was written; what is damaged goes as well."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from serving.observe.recording.retention import Retention
from undertone.recorded.store import Store

pytestmark = pytest.mark.fast

NOW = datetime.now(UTC)


@pytest.fixture
def store(tmp_path):
    """Sessions of one and of ten days ago, and one whose events cannot be read."""
    store = Store(str(tmp_path))
    for session, days in (("new", 1), ("old", 10)):
        head = {"type": "recording", "format": 1, "began": (NOW - timedelta(days=days)).isoformat()}
        store.write(f"asr/{session}.jsonl", json.dumps(head).encode())
        store.write(f"raw/{session}/1.wav", bytes(100))
    store.write("raw/damaged/1.wav", bytes(100))
    return store


def test_what_is_too_old_is_deleted_and_the_rest_is_measured(store):
    retention = Retention(store, 5)
    left = retention.look_through(NOW)
    assert set(store.sessions()) == {"new", "damaged"}
    assert left == sum(sum(files.values()) for files in store.sessions().values()) > 200
    retention.look_through(NOW + timedelta(days=6))
    assert store.sessions() == {}


def test_without_a_bound_nothing_is_deleted(store):
    Retention(store, None).look_through(NOW + timedelta(days=10_000))
    assert set(store.sessions()) == {"new", "old", "damaged"}
