"""The record that an interrupted evaluation goes on from."""

import pytest

from undertone.evaluation.journal import Journal, JournalError

pytestmark = pytest.mark.fast
PROTOCOL = {"manifest_sha256": "a", "release": "1"}


def test_what_was_heard_is_known_again(tmp_path):
    Journal(tmp_path / "events.jsonl", PROTOCOL).add("a.wav", [{"type": "utterance.final"}], final_ms=[3.0])
    assert Journal(tmp_path / "events.jsonl", PROTOCOL).heard["a.wav"]["final_ms"] == [3.0]


def test_a_line_that_was_cut_off_is_asked_again(tmp_path):
    path = tmp_path / "events.jsonl"
    journal = Journal(path, PROTOCOL)
    journal.add("a.wav", [])
    journal.add("b.wav", [])
    path.write_bytes(path.read_bytes()[:-9])
    again = Journal(path, PROTOCOL)
    assert set(again.heard) == {"a.wav"}
    again.add("b.wav", [])
    assert set(Journal(path, PROTOCOL).heard) == {"a.wav", "b.wav"}


def test_what_was_hardly_begun_on_a_full_disk_begins_anew(tmp_path):
    path = tmp_path / "events.jsonl"
    for begun in ("", '{"type": "eval', '{"type": "evaluation.begun", "protocol": {"mani'):
        path.write_text(begun)
        Journal(path, PROTOCOL).add("a.wav", [])
        assert set(Journal(path, PROTOCOL).heard) == {"a.wav"}
    path.write_text("somebody's notes")
    with pytest.raises(JournalError, match="no record of an evaluation"):
        Journal(path, PROTOCOL)


def test_what_could_not_be_heard_is_tried_again(tmp_path):
    Journal(tmp_path / "events.jsonl", PROTOCOL).add("a.wav", [], failure="no server")
    assert Journal(tmp_path / "events.jsonl", PROTOCOL).heard == {}


def test_another_evaluation_is_not_mixed_in(tmp_path):
    Journal(tmp_path / "events.jsonl", PROTOCOL)
    with pytest.raises(JournalError, match="begun with another release: name another folder"):
        Journal(tmp_path / "events.jsonl", {**PROTOCOL, "release": "2"})
    (tmp_path / "notes.jsonl").write_text("hello\n")
    with pytest.raises(JournalError, match="no record of an evaluation"):
        Journal(tmp_path / "notes.jsonl", PROTOCOL)
