"""`undertone demo`: a server of its own, the samples in real time, and nothing left behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from serving.cli.demo_server import DemoServer, ServerFailedError


@pytest.fixture
def start(tmp_path):
    """Starts the demo in an empty folder, where its log goes."""

    def start(*options):
        command = [sys.executable, "-m", "serving.cli.main", "demo", *map(str, options)]
        return subprocess.Popen(
            command,
            cwd=tmp_path,
            env={
                **os.environ,
                "COLUMNS": "100",
                "HF_HUB_OFFLINE": "1",
            },  # readline, which pytest loads, sets another one for child processes
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return start


@pytest.fixture
def two_samples(samples, tmp_path):
    folder = tmp_path / "samples"
    folder.mkdir()
    for name in ("04_sad.flac", "05_thanks.flac"):
        shutil.copy(samples / name, folder)
    return folder


def port_of(line):
    return int(line.partition("on port ")[2].partition(";")[0])


def answers(port):
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2).close()
    except urllib.error.HTTPError as error:
        error.close()
    except OSError:
        return False
    return True


def group_is_gone(group, within_s=5.0):
    """Whether no process of the group runs any more; the dead whom no parent has asked about yet do not count."""
    deadline_s = time.monotonic() + within_s
    while running(group) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    return not running(group)


def running(group):
    with suppress(ProcessLookupError):
        os.killpg(group, 0)
        return [pid for pid in Path("/proc").glob("[0-9]*") if state_and_group(pid) == (True, group)]
    return []


def state_and_group(folder):
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False, 0
    return fields[0] != "Z", int(fields[2])


def test_the_demo_shows_words_for_and_against_the_voice_and_stops_its_server(
    start, promoted_release, samples, tmp_path
):
    folder = tmp_path / "samples"
    folder.mkdir()
    for name in ("07_proud.flac", "08_garden.flac", "11_noise.flac", "said.csv"):
        shutil.copy(samples / name, folder)
    output, errors = start("--release", promoted_release, "--samples", folder).communicate(timeout=120)
    assert errors == ""
    lines = output.splitlines()
    said = lines.index("07_proud.flac   said   I am so proud, and so happy about the music!")
    assert lines[said + 1] == "                heard  I am so proud and so happy about the music."
    assert lines[-6:-3] == ["done: every clip was heard", "", "next:"]
    assert [line.split()[:2] for line in lines[-3:]] == [
        ["undertone", "serve"],
        ["undertone", "stream"],
        ["undertone", "text"],
    ]
    for text in (
        "07_proud.flac: 1 utterance (1 fused)",
        "11_noise.flac: 1 utterance (1 fused)",
        "mood",
        "happy",
        "angry",
    ):
        assert text in output
    rows = [line for line in output.splitlines() if "└" in line and "fused" in line]
    assert ["words positive" in row for row in rows] == [True, False, False]
    assert ["no agreement" in row for row in rows] == [False, True, False]
    assert "is loaded and warm" in (tmp_path / "logs" / "demo-server.log").read_text()
    assert not answers(port_of(output.splitlines()[0]))


def test_a_server_that_dies_early_is_shown_with_its_last_words(start, tiny_release, two_samples, tmp_path):
    tampered = tmp_path / "tampered"
    shutil.copytree(tiny_release, tampered)
    with (tampered / "acoustic.int8.onnx").open("ab") as file:
        file.write(b"!")
    process = start("--release", tampered, "--samples", two_samples)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the server ended with code 1 before it was ready" in errors
    assert "acoustic.int8.onnx" in errors
    assert "logs/demo-server.log" in errors


@pytest.mark.parametrize("missing", ["--release", "--samples"])
def test_a_missing_release_or_missing_samples_are_told_at_once(start, tiny_release, two_samples, missing):
    folders = {"--release": tiny_release, "--samples": two_samples, missing: "nowhere"}
    process = start(*(part for option in folders.items() for part in option))
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "nowhere" in errors
    assert "dvc pull" in errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_stopped_takes_its_server_along(start, tiny_release, samples, number):
    process = start("--release", tiny_release, "--samples", samples)  # more than is heard before the signal
    port = port_of(process.stdout.readline())
    while "mood" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.splitlines()[-1] == "undertone demo: stopped"
    assert "Traceback" not in errors
    assert not answers(port)


def test_a_server_that_does_not_stop_is_killed_with_all_of_its_processes(tiny_release, tmp_path):
    with DemoServer(tiny_release, tmp_path / "server.log") as server:
        server.wait_until_ready()
        group = server.pid
        os.killpg(group, signal.SIGSTOP)  # deaf to SIGTERM
        with pytest.raises(ServerFailedError, match="was killed"):
            server.stop(timeout_s=0.5)
    assert group_is_gone(group)


def test_an_orderly_stop_leaves_nothing_behind(tiny_release, tmp_path):
    with DemoServer(tiny_release, tmp_path / "server.log") as server:
        server.wait_until_ready()
        server.stop()
    assert group_is_gone(server.pid)


def test_a_server_that_is_not_ready_in_time_is_given_up(tiny_release, tmp_path):
    with (
        DemoServer(tiny_release, tmp_path / "server.log") as server,
        pytest.raises(ServerFailedError, match=r"not ready after 0\.01 s"),
    ):
        server.wait_until_ready(timeout_s=0.01)
    assert group_is_gone(server.pid)
