"""A release that is not what was promoted: the server does not start, and names what is wrong in one line."""

import json
import shutil
import subprocess
import sys

import pytest

from serving.cli.demo_server import free_port


def truncated(release):
    file = release / "acoustic.int8.onnx"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def tampered(release):
    file = release / "text.int8.onnx"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def newer(release):
    file = release / "manifest.json"
    manifest = json.loads(file.read_text())
    file.write_text(json.dumps({**manifest, "schema_version": manifest["schema_version"] + 1}))


def cut_off(release):
    file = release / "manifest.json"
    file.write_text(file.read_text()[:200])


@pytest.mark.parametrize(
    ("harm", "named"),
    [
        (truncated, "acoustic.int8.onnx"),
        (tampered, "text.int8.onnx"),
        (newer, "schema"),
        (cut_off, "manifest.json"),
    ],
)
def test_a_release_that_was_harmed_is_refused_by_the_name_of_what_is_wrong(tiny_release, tmp_path, harm, named):
    release = shutil.copytree(tiny_release, tmp_path / "release")
    harm(release)
    command = [sys.executable, "-m", "serving.cli.main", "serve", "--release", str(release)]
    refused = subprocess.run(
        [*command, "--port", str(free_port())], capture_output=True, text=True, timeout=60, check=False
    )
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert line.startswith("cannot serve ")
    assert named in line
