"""The wheel: built here, installed into an empty environment, used from a folder that is no clone.

`UNDERTONE_PYTHONS=python3.11:python3.12:python3.13 pytest tests/deploy/test_wheel.py` does the same with other Pythons.
"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PYTHONS = os.environ.get("UNDERTONE_PYTHONS", sys.executable).split(":")
EXTRAS = "serve,whisper,evaluate"


@pytest.fixture(scope="module")
def wheel(repository: Path, promoted_release: Path, samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(repository)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module", params=PYTHONS)
def installed(request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of an environment that holds the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([request.param, "-m", "venv", folder], check=True)
    install = [folder / "bin/python", "-m", "pip", "install", "--quiet", "--no-compile", f"{wheel}[{EXTRAS}]"]
    # Without the clone on the path, or pip takes undertone for installed.
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(install, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "bin"


@pytest.fixture
def undertone(installed: Path, tmp_path: Path):
    """Runs a command of the installed wheel in a folder of its own, and returns what it printed."""

    def run(*arguments: str) -> str:
        variables = {"PATH": f"{installed}:{os.environ['PATH']}", "HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
        command = [str(installed / "undertone"), *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    return run


def test_the_wheel_carries_the_release_the_samples_and_its_types(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    carried = "undertone/carried"
    assert {f"{carried}/models/promoted/manifest.json", f"{carried}/data/samples/01_glad.flac"} <= names
    assert {"undertone/py.typed", "undertone/__init__.pyi", "serving/asyncapi.yaml"} <= names
    assert {"serving/web/page/index.html", "serving/web/client/undertone.js"} <= names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "notebooks/"))]


def test_it_serves_and_streams(undertone):
    shown = undertone("demo")
    assert "done: every clip was heard" in shown
    assert "words: faster-whisper tiny.en" in shown


def test_it_analyses_and_evaluates(undertone, installed, samples, tmp_path):
    clip = samples / "01_glad.flac"
    assert "positive" in undertone("analyze", str(clip))
    (tmp_path / "mine.csv").write_text(f"audio,label\n{clip},positive\n")
    carried = next(installed.parent.glob("lib/python*/site-packages/undertone/carried"))
    said = undertone("evaluate", "mine.csv", "--release", str(carried / "models/promoted"), "--report", "report")
    assert said.startswith("1 of 1 judged")
    assert (tmp_path / "report/report.html").is_file()
