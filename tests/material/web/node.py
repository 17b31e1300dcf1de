"""JavaScript under node: the one of the system, else the one that playwright brings along."""

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

OLDEST, WITH_SOCKETS = (20, 10), (22, 0)


def run_tests(*files: Path, **variables: str) -> str:
    """Run `node --test` over `files` and return what it printed; the test fails with it."""
    node, version = _node()
    flags = [] if version >= WITH_SOCKETS else ["--experimental-websocket"]
    command = [node, *flags, "--test", *map(str, files)]
    variables = {"NO_COLOR": "1", "NODE_NO_WARNINGS": "1", **variables}
    done = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    return done.stdout


def _node() -> tuple[str, tuple[int, ...]]:
    for path in _found():
        printed = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
        version = tuple(map(int, printed.strip().lstrip("v").split(".")))
        if version >= OLDEST:
            return path, version
    pytest.skip("there is no node here, of the system or of playwright, that is 20.10 or newer")


def _found() -> list[str]:
    spec = find_spec("playwright")
    bundled = Path(spec.origin).parent / "driver" / "node" if spec and spec.origin else None
    return [path for path in (shutil.which("node"), str(bundled) if bundled and bundled.exists() else None) if path]
