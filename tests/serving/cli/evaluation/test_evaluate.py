"""`undertone evaluate` and `undertone compare` on spoken samples: a release, a server live and by upload."""

import csv
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from conftest import running_server
from material.waiting import metric, until

LABELS = {"01_glad": "positive", "02_upset": "negative", "03_plain": "neutral", "04_sad": "negative"}


@pytest.fixture(scope="module")
def manifest(samples, tmp_path_factory):
    said = {row["clip"]: row["said"] for row in csv.DictReader((samples / "said.csv").read_text().splitlines())}
    path = tmp_path_factory.mktemp("evaluated") / "samples.csv"
    rows = [f'{samples / name}.flac,{label},"{said[f"{name}.flac"]}",hibari' for name, label in LABELS.items()]
    path.write_text("\n".join(["audio,label,text,speaker", *rows]) + "\n")
    return path


def undertone(*arguments, **options):
    command = [sys.executable, "-m", "serving.cli.main", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


@pytest.fixture(scope="module")
def here(manifest, promoted_release, tmp_path_factory):
    """What the promoted release says, heard in a process of its own."""
    folder = tmp_path_factory.mktemp("here")
    done = undertone("evaluate", manifest, "--release", promoted_release, "--report", folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("4 of 4 judged: UAR ")
    return folder


def test_everything_is_written(here):
    summary = json.loads((here / "summary.json").read_text())
    assert summary["counts"]["judged"] == 4
    assert summary["words"]["word_error_rate"] < 0.15
    assert list(pd.read_parquet(here / "predictions.parquet")["label"]) == list(LABELS.values())
    page = (here / "report.html").read_text()
    assert "<svg" in page
    assert not re.findall(r'(?:src|href)="(?!data:|#)[^"]+"', page)  # it needs no other file, and no other host


def test_a_server_says_the_same_streamed_and_uploaded(here, manifest, listening_server, tmp_path):
    ways = {"live": ("--speed", "max"), "upload": ("--upload",)}
    for name, way in ways.items():
        done = undertone("evaluate", manifest, "--url", listening_server.ws_url, *way, "--report", tmp_path / name)
        assert done.returncode == 0, done.stderr
        compared = undertone("compare", here, tmp_path / name, "--fail-if-worse", "UAR:0.0", "accuracy:0")
        assert (compared.returncode, "0 verdicts changed" in compared.stdout) == (0, True), compared.stdout
    assert json.loads((tmp_path / "live/summary.json").read_text())["latency_ms"]["ttfs_ms"]["p50"] > 0


def test_a_killed_evaluation_asks_nothing_twice(manifest, promoted_release, tmp_path):
    command = [sys.executable, "-m", "serving.cli.main", "evaluate", manifest, "--release", promoted_release]
    killed = subprocess.Popen([*command, "--concurrency", "1", "--report", tmp_path], stderr=subprocess.PIPE)
    journal = tmp_path / "events.jsonl"
    while not journal.exists() or len(journal.read_bytes().splitlines()) < 3:
        assert killed.poll() is None
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    before = journal.read_bytes().splitlines()[:3]
    done = undertone("evaluate", manifest, "--release", promoted_release, "--report", tmp_path)
    assert done.returncode == 0, done.stderr
    lines = journal.read_bytes().splitlines()
    assert (lines[:3], len(lines)) == (before, 5)


def test_a_worse_one_fails_a_build(here, tmp_path):
    worse = pd.read_parquet(here / "predictions.parquet").assign(verdict="neutral")
    worse.to_parquet(tmp_path / "predictions.parquet")
    compared = undertone("compare", here, tmp_path, "--fail-if-worse", "UAR:0.01")
    assert compared.returncode == 3
    assert compared.stderr == "undertone compare: B is worse in UAR than allowed\n"


def test_a_recording_that_cannot_be_read_is_named_and_costs_nothing_else(promoted_release, samples, tmp_path):
    (tmp_path / "m.csv").write_text(f"audio,label\n{samples / '04_sad.flac'},negative\nbroken.wav,neutral\n")
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    done = undertone("evaluate", tmp_path / "m.csv", "--release", promoted_release, "--report", tmp_path / "r")
    assert done.returncode == 1
    assert "broken.wav" in done.stderr
    assert done.stdout.startswith("1 of 2 judged")


@pytest.mark.parametrize("way", ["here", "live", "upload"])
def test_a_recording_that_ends_early_is_judged_by_what_is_there_and_named(
    way, promoted_release, listening_server, samples, tmp_path
):
    (tmp_path / "half.flac").write_bytes((samples / "01_glad.flac").read_bytes()[:30_000])
    (tmp_path / "m.csv").write_text("audio,label\nhalf.flac,positive\n")
    url = ("--url", listening_server.ws_url)
    asked = {"here": ("--release", promoted_release), "live": (*url, "--speed", "max"), "upload": (*url, "--upload")}
    done = undertone("evaluate", tmp_path / "m.csv", *asked[way], "--report", tmp_path / "r")
    assert (done.returncode, done.stderr.count("half.flac: the file ends early")) == (1, 1), done.stderr
    assert json.loads((tmp_path / "r/summary.json").read_text())["counts"]["damaged"] == 1


@pytest.fixture(scope="module")
def small_server(promoted_release, tmp_path_factory):
    log = tmp_path_factory.mktemp("small") / "server.log"
    with running_server(promoted_release, log, "--asr-model", "none", "--max-sessions", "1") as running:
        yield running


def test_a_full_server_is_waited_for(small_server, samples, tmp_path):
    rows = [f"{samples / name}.flac,{label}" for name, label in LABELS.items()]
    (tmp_path / "m.csv").write_text("\n".join(["audio,label", *rows]) + "\n")
    where = ("--url", small_server.ws_url, "--report", tmp_path / "r")
    done = undertone("evaluate", tmp_path / "m.csv", *where, "--speed", "max", timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("4 of 4 judged")


def test_an_interruption_does_not_wait_for_the_end_of_long_recordings(small_server, tmp_path):
    soundfile.write(tmp_path / "long.wav", np.zeros(16_000 * 300, np.int16), 16_000)
    (tmp_path / "m.csv").write_text("audio,label\nlong.wav,neutral\n")
    command = [sys.executable, "-m", "serving.cli.main", "evaluate", tmp_path / "m.csv", "--url", small_server.ws_url]
    asking = subprocess.Popen([*command, "--report", tmp_path / "r"], stderr=subprocess.PIPE, text=True)
    until(lambda: metric(small_server, 'slots_taken{kind="live"}') == 1)
    asking.send_signal(signal.SIGINT)
    _, told = asking.communicate(timeout=60)
    assert (asking.returncode, told) == (130, "undertone evaluate: stopped\n")


@pytest.mark.fast
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((".", "--upload", "--release", "r"), "--upload sends recordings to a server"),
        (("nowhere.csv",), "nowhere.csv: No such file"),
        ((".", "--concurrency", "0"), "0 is no number of recordings"),
        ((".", "--url", "ws://127.0.0.1:9/ws/analyze"), "nothing to evaluate"),
    ],
)
def test_what_cannot_be_evaluated_is_said_in_a_line(arguments, message, repository, tmp_path):
    done = undertone("evaluate", *arguments, cwd=tmp_path, env={"PYTHONPATH": str(repository)})
    assert done.returncode == 2
    assert message in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.fast
def test_only_the_evaluation_room_needs_pandas(repository: Path) -> None:
    program = "import serving.cli.main, sys; print('pandas' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
