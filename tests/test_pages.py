"""The pages of docs/: the site builds, what is generated is up to date, and the commands in them run."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from conftest import running_server

from serving.guard.usage.store import UsageStore
from undertone.audio_file import read

# Whose commands need another machine, or are asked for elsewhere (tests/test_readme.py, tests/deploy).
ELSEWHERE = (
    "make ",
    "dvc ",
    "docker ",
    "kubectl ",
    "gcloud ",
    "pip ",
    "git ",
    "python ",
    "deploy/",
    "nginx ",
    "redis-server ",
)
WITH_URL = ("undertone stream", "undertone listen", "undertone evaluate")
ENV = {"HF_HUB_OFFLINE": "1", "UNDERTONE_RECORD": "recordings", "NO_MKDOCS_2_WARNING": "1"}


def commands(page: Path) -> list[str]:
    """Return the lines of its `sh` blocks that run here, those that go on joined."""
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    lines = [line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line and not line.startswith(("#", *ELSEWHERE))]


PAGES = sorted(path.name for path in (Path(__file__).parents[1] / "docs").glob("*.md") if commands(path))


@pytest.fixture(scope="module")
def desk(samples: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the pages name: recordings, a folder of them, a clone's models and data."""
    desk: Path = tmp_path_factory.mktemp("desk")
    clips = [read(samples / name) for name in ("01_glad.flac", "04_sad.flac")]
    for name, clip in zip(("talk.wav", "interview.flac", "talk.mp3"), (*clips, clips[0]), strict=True):
        soundfile.write(desk / name, clip, 16_000)
    (desk / "calls.csv").write_text("audio,label\ntalk.wav,positive\ninterview.flac,negative\n")
    shutil.copy(repository / "serving/settings/capacity.json", desk)  # what a ramp of minutes would write
    UsageStore(desk / "usage.sqlite").close()
    (desk / "talks").mkdir()
    shutil.copy(desk / "interview.flac", desk / "talks")
    for folder in ("models", "data", "benchmarks"):
        (desk / folder).symlink_to(repository / folder)
    return desk


@pytest.fixture(scope="module")
def url(desk: Path, promoted_release: Path) -> Iterator[str]:
    """The server that the pages speak of, which may keep what consents."""
    options = ("--asr-timeout-s", "60", "--record", str(desk / "recordings"))
    with running_server(promoted_release, desk / "server.log", *options) as running:
        yield running.url


def here(command: str, url: str) -> str:
    """Return `command` as it is run: against the server of the test, and a server is only asked what it would do."""
    command = command.replace(".venv/bin/undertone", "undertone").replace("127.0.0.1:8000", url.partition("//")[2])
    bare = command.partition("  #")[0].rstrip()
    if bare.startswith("undertone serve"):
        return f"{bare} --show-config"
    ours = next((name for name in WITH_URL if bare.startswith(name) and "--release" not in bare), None)
    return bare.replace(ours, f"{ours} --url {url.replace('http', 'ws')}/ws/analyze") if ours else bare


@pytest.mark.parametrize("name", PAGES)
def test_the_commands_of_a_page_run(name, desk, repository, url):
    variables = os.environ | ENV | {"PYTHONPATH": str(repository)}
    variables["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command in commands(repository / "docs" / name):
        run = ["bash", "-euo", "pipefail", "-c", here(command, url)]
        done = subprocess.run(run, cwd=desk, env=variables, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{name}: {command}\n{done.stdout[-800:]}{done.stderr[-800:]}"


def test_the_site_builds_without_a_warning(repository, tmp_path):
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(build, cwd=repository, env=os.environ | ENV, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    site = (tmp_path / "site/index.html").read_text(encoding="utf-8")
    assert not re.findall(r'(?:src|href)="https?://[^"]*(?:fonts|cdn|unpkg)', site)


@pytest.mark.fast
def test_every_page_is_in_the_navigation(repository):
    named = set(re.findall(r"[\w-]+\.md", (repository / "mkdocs.yml").read_text()))
    assert named == {path.name for path in (repository / "docs").glob("*.md")}


@pytest.mark.fast
def test_the_page_of_the_wire_is_that_of_the_protocol(repository, tmp_path):
    for part in ("docs/make_wire.py", "serving/asyncapi.yaml"):
        (tmp_path / part).parent.mkdir(exist_ok=True)
        shutil.copy(repository / part, tmp_path / part)
    subprocess.run([sys.executable, "docs/make_wire.py"], cwd=tmp_path, check=True)
    assert (tmp_path / "docs/wire.md").read_text() == (repository / "docs/wire.md").read_text()
