"""A running server whose folder of recordings fills up or turns read-only: sessions go on; and one that is killed."""

import subprocess
import time
from contextlib import suppress

import httpx
import numpy as np
import pytest
from conftest import running_server
from material.recording.sessions import kept, recorded
from material.wire import receive, receive_until, send, stream, without_latencies
from websockets.sync.client import connect

from serving.cli.main import main
from undertone.audio_file import read
from undertone.recorded.recording import read_recording, stream_of
from undertone.recorded.store import Store


def mount(folder, *options):
    """Mount a file system in memory, or change it; False where nobody lets us."""
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """A file system of 2 MB of its own."""
    folder = tmp_path_factory.mktemp("disk")
    if not mount(folder, "size=2m"):
        pytest.skip("no file system can be mounted here: a full disk is not to be had")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="module")
def recording(disk, tmp_path_factory, tiny_release):
    """A server without words that records there."""
    log = tmp_path_factory.mktemp("faulty") / "server.log"
    options = ("--asr-model", "none", "--record", str(disk / "store"))
    with running_server(tiny_release, log, *options) as running:
        yield running


@pytest.fixture(scope="module")
def clip(samples):
    return read(samples / "05_thanks.flac").tobytes() + bytes(32_000)


def fill(file):
    """Let `file` take all the room that there is."""
    with file.open("wb", buffering=0) as opened, suppress(OSError):
        while opened.write(bytes(4096)):
            pass


def metric(server, name):
    text = httpx.get(server.url + "/metrics", trust_env=False).text
    return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith(f"undertone_{name} "))


def eventually(holds, within_s=20):
    deadline_s = time.monotonic() + within_s
    while not holds() and time.monotonic() < deadline_s:
        time.sleep(0.1)
    assert holds()


def untouched(server, clip, recorded_messages):
    """Whether a recorded session told what another one tells, which is not recorded."""
    told, other = (without_latencies(messages) for messages in (recorded_messages, stream(server.ws_url, clip, 3200)))
    return told[1] == other[1] and [one for one in told[0] if one["type"] != "session.updated"] == other[0]


@pytest.mark.parametrize(
    ("fault", "why"), [("full", "No space left on device"), ("read-only", "Read-only file system")]
)
def test_sessions_go_on_and_what_could_not_be_kept_is_kept_once_it_can(fault, why, recording, disk, clip):
    filler = disk / "filler"
    if fault == "full":
        fill(filler)
    else:
        assert mount(disk, "remount", "ro")
    before = metric(recording, "recording_errors_total")
    session, messages = recorded(recording, clip)
    assert untouched(recording, clip, messages)
    eventually(lambda: metric(recording, "recording_errors_total") > before)
    assert metric(recording, "recording_waiting_bytes") > 0
    assert why in recording.log.read_text()
    if fault == "full":
        filler.unlink()
    else:
        assert mount(disk, "remount", "rw")
    assert kept(disk / "store", session).is_whole
    eventually(lambda: metric(recording, "recording_waiting_bytes") == 0)
    assert "Traceback" not in recording.log.read_text()


def test_a_folder_that_cannot_be_written_to_is_told_at_the_start(disk, tiny_release, capsys):
    (disk / "file").write_text("no folder")
    with pytest.raises(SystemExit) as refused:
        main(["serve", "--release", str(tiny_release), "--record", str(disk / "file")])
    assert refused.value.code == 2
    told = capsys.readouterr().err
    assert "argument --record: " in told
    assert told.count("\n") == 1


def test_a_server_that_is_killed_leaves_the_beginning_of_a_session_that_can_be_replayed(
    recording, disk, clip, tiny_release, capsys
):
    store = Store(str(disk / "store"))
    with connect(recording.ws_url, proxy=None, max_size=None) as socket:
        session = receive(socket)["session_id"]
        send(socket, "session.update", record=True)
        for _ in range(5):
            socket.send(clip)
        receive_until(socket, "utterance.final")
        eventually(lambda: any("/stream/" in name for name in store.sessions().get(session, {})))
        eventually(lambda: metric(recording, "recording_waiting_bytes") == 0)
        recording._kill_group()
    beginning = kept_unfinished(store, session)
    heard = np.concatenate([*stream_of(store, beginning)])
    assert 10 <= len(heard) / 16_000 < 12
    assert heard.tobytes() == (5 * clip)[: 2 * len(heard)]
    assert any(message["type"] == "utterance.final" for message in beginning.messages)
    assert not [path for path in (disk / "store").rglob("*partial*")]
    assert main(["replay", str(disk / "store"), "--release", str(tiny_release), "--session", session]) == 0
    assert "the same to the bit" in capsys.readouterr().out


def kept_unfinished(store, session):
    recording = read_recording(store, session, store.sessions()[session])
    assert recording.state == "under way"
    return recording
