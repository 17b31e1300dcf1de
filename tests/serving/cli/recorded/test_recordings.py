"""`undertone recordings`: what is listed, what is deleted, and what is refused in one line."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from serving.cli.main import main
from undertone.recorded.store import Store

pytestmark = pytest.mark.fast

NOW = datetime.now(UTC)


@pytest.fixture
def store(tmp_path):
    """Three recordings, of today and of 3 and 40 days ago, the first by nobody, and one that is damaged."""
    store = Store(str(tmp_path / "store"))
    for session, speaker, days in (("aa", None, 0), ("bb", "anna", 3), ("cc", "anna", 40)):
        began = (NOW - timedelta(days=days)).isoformat()
        head = {"type": "recording", "format": 1, "session_id": session, "began": began, "kind": "live"}
        head |= {"speaker": speaker, "release": {"version": "1.2"}}
        end = {"type": "recording.end", "reason": "finished", "cut": None, "samples": 48_000}
        finish = {"type": "recording.input", "input": "finish", "at_samples": 48_000}
        store.write(f"asr/{session}.jsonl", "\n".join(map(json.dumps, (head, finish, end))).encode())
        store.write(f"raw/{session}/1.wav", bytes(200_000))
    store.write("raw/dd/1.wav", b"")
    return store


def recordings(store, *arguments):
    return main(["recordings", arguments[0], "--record", store.url, *arguments[1:]])


def test_all_that_is_there_is_listed_with_what_an_operator_wants_to_know(store, capsys):
    assert recordings(store, "list", "--json") == 0
    first, *_, damaged = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert first["began"].startswith(NOW.date().isoformat())
    del first["began"], first["mb"]
    assert first == {
        "session": "aa",
        "kind": "live",
        "speaker": None,
        "seconds": 3.0,
        "utterances": 0,
        "version": "1.2",
        "state": "whole",
    }
    assert damaged["state"].startswith("damaged: ")
    assert recordings(store, "list", "--speaker", "anna") == 0
    table = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in table] == ["session", "bb", "cc"]


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        (("--session", "aa"), {"bb", "cc", "dd"}),
        (("--session", "dd"), {"aa", "bb", "cc"}),
        (("--speaker", "anna"), {"aa", "dd"}),
        (("--before", "30d"), {"aa", "bb", "dd"}),
        (("--before", "2999-01-31"), set()),
        (("--before", (NOW - timedelta(days=20)).isoformat()), {"aa", "bb", "dd"}),
        (("--speaker", "anna", "--before", "30d"), {"aa", "bb", "dd"}),
        (("--speaker", "nobody"), {"aa", "bb", "cc", "dd"}),
        (("--before", "30d", "--dry-run"), {"aa", "bb", "cc", "dd"}),
    ],
)
def test_what_is_asked_for_is_deleted_and_nothing_else(asked, left, store, tmp_path):
    assert recordings(store, "delete", *asked) == 0
    assert set(store.sessions()) == left
    names = {path.stem for path in tmp_path.glob("store/*/*")}
    assert names == left


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("delete",), 2, "which ones? --session, --speaker or --before"),
        (("delete", "--before", "yesterday"), 2, "yesterday: such as 2026-01-31, 2026-01-31T12:00:00+01:00 or 30d"),
        (("delete", "--session", "../.."), 1, "has no such session"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line_and_nothing_is_deleted(arguments, code, told, store, capsys):
    with pytest.raises(SystemExit) as refused:
        recordings(store, *arguments)
    message = capsys.readouterr().err or str(refused.value.code) + "\n"
    assert told in message
    assert message.count("\n") == 1
    assert (refused.value.code if code == 2 else 1) == code
    assert len(store.sessions()) == 4


def test_a_folder_that_is_not_there_is_no_empty_store_and_what_there_is_none_of_is_said(store, tmp_path, capsys):
    for action in (["list"], ["delete", "--speaker", "anna"]):
        with pytest.raises(SystemExit, match="typo: there is no such folder"):
            main(["recordings", *action, "--record", str(tmp_path / "typo")])
    assert recordings(store, "delete", "--speaker", "nobody") == 0
    assert "has none of those" in capsys.readouterr().err


def test_the_store_is_named_by_a_variable_too(store, capsys, monkeypatch):
    with pytest.raises(SystemExit):
        main(["recordings", "list"])
    assert "where are they? --record DIR|URL, or UNDERTONE_RECORD" in capsys.readouterr().err
    monkeypatch.setenv("UNDERTONE_RECORD", store.url)
    assert main(["recordings", "list"]) == 0


def test_a_replay_of_nothing_and_of_what_cannot_be_read_says_so(store, tmp_path, tiny_release, capsys):
    release = ["--release", str(tiny_release)]
    assert main(["replay", str(tmp_path / "empty"), *release]) == 1
    assert "has no recordings" in capsys.readouterr().err
    assert main(["replay", store.url, *release, "--session", "ee"]) == 2
    assert "has no session ee" in capsys.readouterr().err
    assert main(["replay", store.url, *release, "--session", "dd"]) == 1
    assert main(["replay", "nowhere://x", *release]) == 2
    assert "Protocol not known: nowhere" in capsys.readouterr().err
