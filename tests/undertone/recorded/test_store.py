"""A store of recorded sessions: whole files or none, nothing left of what is deleted, in a folder and elsewhere."""

from uuid import uuid4

import pytest

from undertone.recorded.store import Store, StoreError, check_store

pytestmark = pytest.mark.fast

FILES = ("raw/ab/1.wav", "raw/ab/stream/00001.flac", "asr/ab.jsonl", "raw/cd/1.wav", "asr/cd.jsonl")


@pytest.fixture(params=["folder", "memory"])
def store(request, tmp_path):
    """A store with two sessions."""
    store = Store(str(tmp_path / "store") if request.param == "folder" else f"memory://{uuid4().hex}")
    for name in FILES:
        store.write(name, name.encode())
    return store


def names(store):
    return sorted(name for files in store.sessions().values() for name in files)


def test_what_was_written_is_there_by_session_with_its_size(store):
    sizes = {name: len(name) for name in FILES}
    assert store.sessions() == {one: {n: s for n, s in sizes.items() if one in n} for one in ("ab", "cd")}
    assert store.read("asr/ab.jsonl") == b"asr/ab.jsonl"
    assert (store.exists("asr/ab.jsonl"), store.exists("asr/ef.jsonl")) == (True, False)


def test_a_file_that_is_there_is_replaced(store):
    store.write("asr/ab.jsonl", b"anew")
    assert store.read("asr/ab.jsonl") == b"anew"


def test_nothing_is_left_of_a_deleted_session_and_the_others_stay(store, tmp_path):
    store.write("asr/.ab.jsonl.partial", b"as a killed server leaves it")
    store.delete("ab")
    assert names(store) == ["asr/cd.jsonl", "raw/cd/1.wav"]
    assert not [path for path in tmp_path.rglob("*") if "ab" in path.relative_to(tmp_path).as_posix()]
    store.delete("ab")  # there is nothing more to delete


def test_what_is_not_there_is_named(store):
    with pytest.raises(StoreError, match=r"there is no .*asr/ef.jsonl"):
        store.read("asr/ef.jsonl")


def test_an_empty_store_has_no_sessions(tmp_path):
    (tmp_path / "of_others.txt").write_text("a file of somebody else")
    assert Store(str(tmp_path)).sessions() == Store(str(tmp_path / "not there")).sessions() == {}


def test_files_of_a_folder_are_for_its_owner_alone(tmp_path):
    store = Store(str(tmp_path / "store"))
    store.write("raw/ab/1.wav", b"sound")
    assert (tmp_path / "store/raw/ab/1.wav").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "store/raw/ab").stat().st_mode & 0o777 == 0o700


def test_what_cannot_be_written_whole_leaves_what_was_there_and_no_part_of_it(tmp_path, monkeypatch):
    store = Store(str(tmp_path))
    store.write("asr/ab.jsonl", b"before")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("undertone.recorded.store.os.fsync", full)
    with pytest.raises(StoreError, match="No space left on device"):
        store.write("asr/ab.jsonl", b"after")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["ab.jsonl"]
    assert store.read("asr/ab.jsonl") == b"before"


def test_a_folder_that_cannot_be_written_to_and_a_place_of_no_kind_are_refused(tmp_path):
    check_store(str(tmp_path / "made"))
    assert list((tmp_path / "made").iterdir()) == []
    (tmp_path / "file").write_text("no folder")
    for url, why in ((str(tmp_path / "file"), "exists|directory"), ("nowhere://a/b", "Protocol not known: nowhere")):
        with pytest.raises(StoreError, match=why):
            check_store(url)
