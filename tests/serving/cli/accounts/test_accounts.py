"""`undertone keys` and `undertone usage`."""

import csv
import io
import json

import pytest

from serving.cli.main import main
from serving.guard.credentials.key_file import KeyFile
from serving.guard.grant import Quota
from serving.guard.usage.store import UsageStore, Use

pytestmark = pytest.mark.fast


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    monkeypatch.delenv("UNDERTONE_KEYS", raising=False)
    monkeypatch.delenv("UNDERTONE_USAGE", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def told(capsys):
    """Run a command and return what it prints."""

    def run(*arguments):
        assert main(arguments) == 0
        return capsys.readouterr().out

    return run


def test_a_key_is_shown_once_and_listed_without_its_secret(told, tmp_path):
    key = told("keys", "add", "alice", "--sessions", "2", "--audio-minutes-per-day", "1.5").strip()
    assert KeyFile(tmp_path / "keys.json").grant(key).quota == Quota(sessions=2, audio_minutes_per_day=1.5)
    head, row = told("keys", "list").splitlines()
    assert head.split() == ["id", "name", "created", "revoked", "quota"]
    assert row.startswith(f"{key[3:11]}  alice")
    assert row.endswith("sessions=2, audio_minutes_per_day=1.5")
    (listed,) = map(json.loads, told("keys", "list", "--json").splitlines())
    assert set(listed) == {"id", "name", "created", "quota"}
    assert told("keys", "revoke", "alice") == f"revoked alice ({key[3:11]})\n"
    assert "revoked" in json.loads(told("keys", "list", "--json"))


@pytest.mark.parametrize("command", [["keys", "revoke", "bob"], ["keys", "list"], ["usage"]])
def test_what_is_not_there_is_told_in_one_line(command):
    with pytest.raises(SystemExit, match=rf"^undertone {command[0]}: [^\n]+$"):
        main(command)


def test_a_wrong_quota_is_refused_with_its_flag(capsys):
    with pytest.raises(SystemExit) as refused:
        main(["keys", "add", "alice", "--connections-per-minute", "0"])
    assert refused.value.code == 2
    assert "--connections-per-minute: Input should be greater than or equal to 1" in capsys.readouterr().err


@pytest.fixture
def used(tmp_path):
    store = UsageStore(tmp_path / "usage.sqlite")
    uses = {"alice": Use(1.25, 1, 1, 0, 0, 2), "bob": Use(0.5, 0, 0, 1, 10, 0)}
    for day in ("2026-01-30", "2026-01-31"):
        store.add({(day, key): use for key, use in uses.items()})
    return store


def test_usage_is_shown_by_day_and_key_as_table_csv_and_json(told, used):
    table = told("usage").splitlines()
    assert table[0].split() == [
        "day",
        "key",
        "audio_s",
        "utterances",
        "sessions",
        "uploads",
        "upload_bytes",
        "refusals",
    ]
    assert table[1].split() == ["2026-01-30", "alice", "1.2", "1", "1", "0", "0", "2"]
    assert len(table) == 5
    assert len({len(line) for line in table}) == 1
    rows = list(csv.DictReader(io.StringIO(told("usage", "--by", "key", "--format", "csv"))))
    assert [(row["key"], row["audio_s"]) for row in rows] == [("alice", "2.5"), ("bob", "1.0")]
    day = json.loads(told("usage", "--by", "day", "--format", "json", "--since", "2026-01-31"))
    assert day == {"day": "2026-01-31"} | vars(Use(1.75, 1, 1, 1, 10, 2))
    assert told("usage", "--key", "carol", "--format", "json") == ""


def test_a_day_is_written_as_one(used, capsys):
    with pytest.raises(SystemExit) as refused:
        main(["usage", "--since", "yesterday"])
    assert refused.value.code == 2
    assert "a day is such as 2026-01-31" in capsys.readouterr().err
