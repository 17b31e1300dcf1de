"""API keys and the file that holds them."""

import os
import stat
import threading

import pytest

from serving.guard.credentials import key_file
from serving.guard.credentials.key_file import KeyFile, KeyFileError, add, load, revoke
from serving.guard.credentials.keys import parts
from serving.guard.grant import UNBOUNDED, Quota

pytestmark = pytest.mark.fast


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys.json"


def test_a_key_holds_and_no_other_text_does(path):
    text = add(path, "alice", Quota(sessions=2))
    other = add(path, "bob", UNBOUNDED)
    keys = KeyFile(path)
    grant = keys.grant(text)
    assert (grant.name, grant.quota, grant.key_id) == ("alice", Quota(sessions=2), text[3:11])
    for wrong in ("", "alice", text[:-1], text + "x", text[:12] + other[12:], f"ut_00000000_{text[12:]}", text.upper()):
        assert keys.grant(wrong) is None


def test_the_file_holds_no_secret_and_only_its_owner_reads_it(path):
    text = add(path, "alice", UNBOUNDED)
    assert parts(text)[1] not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    add(path, "bob", UNBOUNDED)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(path.parent.iterdir()) == [path]
    assert load(path)[0].salt != load(path)[1].salt


def test_a_link_stays_one_and_the_file_stays_who_it_belonged_to(path, tmp_path):
    real = tmp_path / "real" / "keys.json"
    real.parent.mkdir()
    add(real, "alice", UNBOUNDED)
    path.symlink_to(real)
    if os.geteuid() == 0:
        os.chown(real, 65534, 65534)
    before = real.stat()
    revoke(path, "alice")
    assert path.is_symlink()
    assert load(real)[0].revoked
    assert (real.stat().st_uid, real.stat().st_gid) == (before.st_uid, before.st_gid)


def test_who_reads_the_file_learns_of_new_and_revoked_keys_at_once(path):
    first = add(path, "alice", UNBOUNDED)
    keys = KeyFile(path)
    second = add(path, "bob", UNBOUNDED)
    assert keys.grant(second).name == "bob"
    revoke(path, "alice")
    assert keys.grant(first) is None
    assert not keys.is_active(first[3:11])
    assert keys.is_active(second[3:11])


def test_a_file_that_is_broken_later_takes_no_key_from_anybody(path, caplog):
    text = add(path, "alice", UNBOUNDED)
    keys = KeyFile(path)
    path.write_text("{")
    assert keys.grant(text)
    assert "go on to hold" in caplog.text
    path.unlink()
    assert keys.grant(text)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read: No such file"),
        ("[]", "is no file of keys"),
        ('{"version": 2}', "version"),
        ('{"keys": [{"id": "xyz"}]}', "keys.0.id"),
    ],
)
def test_a_file_that_is_none_is_refused_by_its_name(content, told, path):
    if content is not None:
        path.write_text(content)
    with pytest.raises(KeyFileError, match=told) as refused:
        KeyFile(path)
    assert str(path) in str(refused.value)


def test_a_name_is_taken_by_one_key_that_holds_at_a_time(path):
    add(path, "alice", UNBOUNDED)
    with pytest.raises(ValueError, match="there is a key alice"):
        add(path, "alice", UNBOUNDED)
    revoke(path, "alice")
    again = add(path, "alice", UNBOUNDED)
    with pytest.raises(ValueError, match="no key bob holds"):
        revoke(path, "bob")
    assert revoke(path, again[3:11]).name == "alice"


@pytest.mark.parametrize("name", ["", "anonymous", "a b", "-a", "jwt:a", "a" * 65, "a\n"])
def test_a_name_that_could_be_taken_for_another_is_refused(name, path):
    with pytest.raises(ValueError, match="is no name for a key"):
        add(path, name, UNBOUNDED)
    assert not path.exists()


def test_keys_that_are_added_at_once_are_all_there(path):
    threads = [threading.Thread(target=add, args=(path, f"k{number}", UNBOUNDED)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(key.name for key in load(path)) == [f"k{number}" for number in range(8)]


def test_a_file_that_cannot_be_written_stays_as_it_was(path, monkeypatch):
    add(path, "alice", UNBOUNDED)
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(key_file.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        add(path, "bob", UNBOUNDED)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
