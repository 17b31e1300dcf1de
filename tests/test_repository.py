"""What a clone must be: complete, small, free of other people's data and of traces of one machine."""

import re
import shutil
import subprocess
import sys

import pytest

BUNDLED_LIMIT_BYTES = 60_000_000


def git(repository, *arguments):
    return subprocess.run(["git", *arguments], cwd=repository, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def tracked(repository):
    if not (repository / ".git").exists():
        pytest.skip("not a git checkout")
    return [repository / name for name in git(repository, "ls-files").splitlines()]


@pytest.mark.fast
def test_what_is_bundled_stays_small(tracked):
    bundled = [path for path in tracked if "dvc-store" in path.parts]
    assert sum(path.stat().st_size for path in bundled) < BUNDLED_LIMIT_BYTES


@pytest.mark.fast
def test_no_audio_and_no_data_set_is_in_git(tracked):
    suffixes = {".wav", ".flac", ".mp3", ".ogg", ".zip", ".parquet", ".arrow", ".tsv"}
    assert [path.name for path in tracked if path.suffix in suffixes] == []


@pytest.mark.fast
def test_no_file_names_a_folder_of_one_machine(tracked):
    homes = re.compile(r"(?<![\w.])/(?:home|root|Users|work)/\w")
    texts = [
        path for path in tracked if path.suffix in {".py", ".md", ".yaml", ".json", ".toml", ".ipynb", ".lock", ".dvc"}
    ]
    guilty = [path.name for path in texts if homes.search(path.read_text(encoding="utf-8"))]
    assert [name for name in guilty if name != "test_repository.py"] == []


def test_a_fresh_clone_pulls_its_release_and_has_nothing_to_rebuild(repository, tracked, tmp_path):
    clone = tmp_path / "clone"
    git(repository, "clone", "--quiet", "--no-hardlinks", str(repository), str(clone))
    dvc(clone, "pull", "--quiet", "--allow-missing")
    assert (clone / "models" / "promoted" / "manifest.json").is_file()
    assert list((clone / "data" / "samples").glob("*.flac"))
    said = dvc(clone, "repro", "--allow-missing")
    assert "Data and pipelines are up to date." in said
    assert git(clone, "status", "--porcelain") == ""
    shutil.rmtree(clone)


def test_a_clone_whose_git_writes_windows_line_ends_has_the_same_bytes(repository, tracked, tmp_path):
    clone = tmp_path / "clone"
    git(repository, "clone", "--quiet", "--config", "core.autocrlf=true", str(repository), str(clone))
    assert [path for path in git(clone, "ls-files", "--eol").splitlines() if "w/crlf" in path] == []
    dvc(clone, "pull", "--quiet", "--allow-missing")
    said = dvc(clone, "repro", "--allow-missing", "--dry")
    assert "Running" not in said
    assert "Data and pipelines are up to date." in said
    shutil.rmtree(clone)


def dvc(folder, *arguments):
    command = [sys.executable, "-m", "dvc", *arguments]
    finished = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout
