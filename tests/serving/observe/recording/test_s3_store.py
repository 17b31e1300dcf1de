"""A running server that records into a real S3 server: kept, replayed, deleted, and what happens while it is away."""

import os
import time
from unittest.mock import patch

import pytest
from conftest import running_server
from material.recording.s3_server import BUCKET, s3_server
from material.recording.sessions import kept, recorded, told_to_record

from serving.cli.main import main
from undertone.audio_file import read
from undertone.recorded.store import Store

URL = f"s3://{BUCKET}/recordings"


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    with s3_server(tmp_path_factory.mktemp("s3")) as server, patch.dict(os.environ, server.environment):
        make_bucket()
        yield server


@pytest.fixture(scope="module")
def recording(s3, tmp_path_factory, tiny_release):
    log = tmp_path_factory.mktemp("recording") / "server.log"
    with running_server(tiny_release, log, "--asr-model", "none", "--record", URL) as running:
        yield running


@pytest.fixture(scope="module")
def clip(samples):
    return read(samples / "05_thanks.flac").tobytes() + bytes(32_000)


def make_bucket(within_s=30):
    """Make the bucket once there is room for files: the server answers a little earlier."""
    files, deadline_s = Store(f"s3://{BUCKET}")._files, time.monotonic() + within_s
    while True:
        try:
            files.makedirs(BUCKET, exist_ok=True)
            files.pipe_file(f"{BUCKET}/first", b"")
            files.rm(f"{BUCKET}/first")
            return
        except OSError:
            assert time.monotonic() < deadline_s
            time.sleep(0.3)


def test_a_session_is_kept_there_and_replays_to_the_bit(recording, clip, tiny_release, capsys):
    session, messages = recorded(recording, clip, speaker="anna")
    told = told_to_record(messages)
    assert kept(URL, session).messages == told
    assert main(["replay", URL, "--release", str(tiny_release)]) == 0
    assert f"{session}  the same to the bit" in capsys.readouterr().out


def test_while_the_store_is_away_no_session_is_lost_and_afterwards_no_recording(recording, s3, clip):
    s3.stop()
    during, messages = recorded(recording, clip, speaker="anna")
    assert [one["type"] for one in messages].count("utterance.final") == 1
    deadline_s = time.monotonic() + 30
    while "recordings cannot be written: s3://" not in (log := recording.log.read_text()):
        assert time.monotonic() < deadline_s, log
        time.sleep(0.2)
    s3.start()
    assert kept(URL, during, within_s=60).is_whole
    assert "recordings are written again" in recording.log.read_text()
    assert "Traceback" not in recording.log.read_text()


def test_what_is_deleted_is_gone_from_the_bucket(recording, clip, capsys):
    session, _ = recorded(recording, clip, speaker="berta")
    kept(URL, session)
    assert main(["recordings", "delete", "--record", URL, "--speaker", "anna"]) == 0
    assert set(Store(URL).sessions()) == {session}
    assert main(["recordings", "delete", "--record", URL, "--session", session]) == 0
    left = Store(f"s3://{BUCKET}")
    left._files.invalidate_cache()
    assert left._files.find(BUCKET) == []
