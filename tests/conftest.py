"""Fixtures shared by all tests: where the RAVDESS mirror is, the promoted release, a running server."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import soxr
import yaml
from hibari import Hibari
from material.tiny_release import make_release
from numpy.typing import NDArray
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from serving.cli.demo_server import DemoServer
from undertone.audio import Samples
from undertone.release import Release, open_release
from undertone.words.engines.recogniser import AsrSettings, Recogniser, load_recogniser

ROOT = Path(__file__).resolve().parent.parent

os.environ.pop("COLUMNS", None)  # of readline, which pytest loads: the processes of `pytest -n` would inherit it

# Whose tests talk to running servers: with `pytest -n 3` two processes share them, those whose tests need their server
# in time in one of them, and the processes of all other tests stand behind both.
NICENESS = 10
IN_TIME = ("tests/serving/live/", "tests/serving/sessions/", "tests/serving/faults/", "tests/serving/workers/")
SERVED = ("tests/serving/", "tests/undertone/client/", "tests/test_readme.py", "tests/test_pages.py")


class TwoProcessesForServers(LoadScopeScheduling):
    """Keeps a file in one process, for the fixtures of its module; and what talks to servers in two."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(IN_TIME):
            return "in time"
        return "served" if nodeid.startswith(SERVED) else nodeid.partition("::")[0]


def pytest_runtest_setup(item: pytest.Item) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ and not item.nodeid.startswith(SERVED):
        os.nice(NICENESS - os.nice(0))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Of the everyday tests read only the files that have any: what the others import takes long."""
    if config.option.markexpr != "fast" or not collection_path.match("test_*.py"):
        return None
    return None if "mark.fast" in collection_path.read_text(encoding="utf-8") else True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the whole numbers to those who ask for them: `pytest -m exhaustive`."""
    if "exhaustive" in (config.option.markexpr or ""):
        return
    left_out = [item for item in items if item.get_closest_marker("exhaustive")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> TwoProcessesForServers:
    return TwoProcessesForServers(config, log)


@pytest.fixture(scope="session")
def jsonschema() -> ModuleType:
    """The library of this name, which takes four seconds to load: grammars of its formats."""
    return import_module("jsonschema")


@pytest.fixture(scope="session")
def documented(jsonschema: ModuleType) -> Callable[[dict[str, Any]], None]:
    """Check that a message of the server is as serving/asyncapi.yaml describes it."""
    components = yaml.safe_load((ROOT / "serving" / "asyncapi.yaml").read_text(encoding="utf-8"))["components"]

    def check(message: dict[str, Any]) -> None:
        schema = {"$ref": f"#/components/schemas/{message['type']}", "components": components}
        jsonschema.Draft202012Validator(schema).validate(message)

    return check


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout under test."""
    return ROOT


@pytest.fixture(scope="session")
def ravdess_mirror() -> Path:
    """The folder of RAVDESS clips named by UNDERTONE_DATA; tests that need it are skipped by name without it."""
    mirror = os.environ.get("UNDERTONE_DATA")
    if not mirror:
        pytest.skip("UNDERTONE_DATA is not set: no RAVDESS clips on this machine")
    folder = (ROOT / mirror).resolve() / "ravdess"
    if not folder.is_dir():
        pytest.skip(f"UNDERTONE_DATA={mirror} has no ravdess/ folder")
    return folder


@pytest.fixture(scope="session")
def promoted_release() -> Path:
    """The promoted release, as `dvc pull` brings it."""
    return pulled(ROOT / "models" / "promoted", "models/promoted.dvc")


@pytest.fixture(scope="session")
def samples() -> Path:
    """The spoken clips of data/samples, as `dvc pull` brings them."""
    return pulled(ROOT / "data" / "samples", "data.dvc")


@pytest.fixture(scope="session")
def tiny_en() -> Recogniser:
    """Whisper tiny.en as it runs in service, loaded and warm; the extra `whisper` carries its weights."""
    return load_recogniser(AsrSettings())


@pytest.fixture(scope="session")
def say() -> Callable[..., Samples]:
    """Speaks a text with a natural voice: `say(text, speed=1.0)` is (samples,) int16 at 16 kHz; always the same."""
    voice = Hibari()
    return lambda text, speed=1.0: spoken(voice(text, speed=speed, seed=0))


def spoken(waveform: NDArray[np.float32]) -> Samples:
    """Return what the voice of 24 kHz said as a microphone of 16 kHz and 16 bits hears it."""
    heard = soxr.resample(waveform, 24_000, 16_000)
    return np.rint(heard * 32767).clip(-32768, 32767).astype(np.int16)


def pulled(folder: Path, target: str) -> Path:
    """Return `folder` after pulling `target`, which holds it, where it is not there yet."""
    if not folder.is_dir():
        subprocess.run([sys.executable, "-m", "dvc", "pull", "-q", target], cwd=ROOT, check=True)
    return folder


@pytest.fixture(scope="session")
def tiny_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release with the real VAD and an acoustic graph of a few nodes."""
    return make_release(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="session")
def engine(tiny_release: Path) -> Release:
    """The tiny release, loaded and warm."""
    return open_release(tiny_release)


def flags(**options: object) -> list[str]:
    """Return the settings of a server as flags: `flags(drain_s=1)` is `["--drain-s", "1"]`."""
    return [text for name, value in options.items() for text in (f"--{name.replace('_', '-')}", str(value))]


@contextmanager
def running_server(release: Path, log: Path, *options: str) -> Iterator[DemoServer]:
    """Start `undertone serve`, wait until /health is 200, leave nothing of it behind; without words by default.

    The server takes the hub for out of reach, whether it is or not.
    """
    with patch.dict(os.environ, HF_HUB_OFFLINE="1"):
        server = DemoServer(release, log, options or ("--asr-model", "none"))
    with server:
        server.wait_until_ready()
        yield server


@pytest.fixture(scope="session")
def server(promoted_release: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """The server with the promoted release, shared by all tests that do it no harm."""
    with running_server(promoted_release, tmp_path_factory.mktemp("server") / "server.log") as running:
        yield running


@pytest.fixture(scope="session")
def listening_server(promoted_release: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """The server with the promoted release and tiny.en as an installed package has it; patient, for busy machines."""
    log = tmp_path_factory.mktemp("listening") / "server.log"
    with running_server(promoted_release, log, "--asr-timeout-s", "60", "--start-workers", "all") as running:
        yield running
