"""A running server with tiny.en that may record: what it keeps of whom, and that it keeps nothing of anybody else."""

import json
import os
import shutil
from pathlib import Path
from unittest.mock import patch

import httpx
import numpy as np
import pytest
import soundfile
from conftest import running_server
from material.recording.sessions import kept, recorded, told_to_record, traces
from material.server_processes import family_of
from material.wire import receive, receive_until, send, session
from websockets.sync.client import connect

from serving.cli.main import main
from serving.guard.credentials import key_file
from serving.guard.grant import UNBOUNDED
from undertone.audio_file import read
from undertone.recorded.recording import stream_of
from undertone.recorded.sound import flac, samples_of
from undertone.recorded.store import Store


class Recording:
    """A running server with the promoted release and tiny.en that asks for a key and may record, and its places."""

    def __init__(self, folder):
        self.store, self.temporary, self.log = folder / "store", folder / "temporary", folder / "server.log"
        self.temporary.mkdir()
        self.keys = folder / "keys.json"
        self.key = key_file.add(self.keys, "alice", UNBOUNDED)
        self.options = ("--record", str(self.store), "--record-keep-days", "30", "--keys", str(self.keys))


@pytest.fixture(scope="module")
def recording(tmp_path_factory, promoted_release):
    recording = Recording(tmp_path_factory.mktemp("recording"))
    options = (*recording.options, "--log-level", "debug", "--asr-timeout-s", "60")
    with (
        patch.dict(os.environ, TMPDIR=str(recording.temporary)),
        running_server(promoted_release, recording.log, *options) as recording.server,
    ):
        yield recording


@pytest.fixture(scope="module")
def clip(samples):
    """Two sentences, and silence after each."""
    clips = [read(samples / f"{name}.flac") for name in ("05_thanks", "09_calm")]
    return np.concatenate([part for one in clips for part in (one, np.zeros(16_000, np.int16))]).tobytes()


@pytest.fixture(scope="module")
def talk(recording, clip):
    """The id of a recorded session, and its messages."""
    return recorded(recording.server, clip, recording.key, speaker="anna")


def of_type(messages, kind):
    return [message for message in messages if message["type"] == kind]


def opened_to_write(server):
    """Return the files that processes of the server have open for writing, their logs apart."""
    found = set()
    for process in family_of(server):
        for entry in Path(f"/proc/{process.pid}/fdinfo").iterdir():
            flags = int(next(line.split()[1] for line in entry.read_text().splitlines() if line.startswith("flags")), 8)
            target = (entry.parent.parent / "fd" / entry.name).readlink()
            if flags & (os.O_WRONLY | os.O_RDWR) and target.is_file():
                found.add(target)
    return found - {server.log}


def without_words(server, texts):
    log = server.log.read_text().lower()
    return not any(text.lower().strip(".!?") in log for text in texts)


def test_by_default_nothing_of_a_session_is_on_disk_or_in_the_log(listening_server, clip):
    before = {path.name for path in listening_server.log.parent.iterdir()}
    with session(listening_server.ws_url) as socket:
        socket.send(clip)
        receive_until(socket, "speech.ended")
        opened = opened_to_write(listening_server)
        send(socket, "session.finish")
        finals = of_type(receive_until(socket, "session.closed"), "utterance.final")
    texts = [final["text"] for final in finals]
    assert all(texts)
    assert opened == set()
    assert {path.name for path in listening_server.log.parent.iterdir()} == before
    assert without_words(listening_server, texts)


def test_a_server_that_records_nothing_says_so_and_refuses_consent(listening_server):
    with connect(listening_server.ws_url, proxy=None) as socket:
        created = receive(socket)
        assert created["recording"] == {"allowed": False, "keep_days": None}
        assert created["settings"]["record"] is False
        send(socket, "session.update", record=True)
        assert receive(socket)["message"] == "record: this server keeps no sessions (see --record)"


def test_a_session_without_consent_leaves_nothing_where_others_are_recorded(recording, clip):
    headers = {"Authorization": f"Bearer {recording.key}"}
    with connect(recording.server.ws_url, proxy=None, additional_headers=headers, max_size=None) as socket:
        created = receive(socket)
        assert created["recording"] == {"allowed": True, "keep_days": 30}
        send(socket, "session.update", speaker="nobody-is-recorded")
        socket.send(clip)
        send(socket, "session.finish")
        finals = of_type(receive_until(socket, "session.closed"), "utterance.final")
    texts = [final["text"] for final in finals]
    assert all(texts)
    assert traces(recording.store, created["session_id"], "nobody-is-recorded", *texts) == []
    assert traces(recording.temporary, created["session_id"], *texts) == []
    assert without_words(recording.server, texts)


def test_with_consent_sound_words_probabilities_timings_and_release_are_kept_and_no_key(recording, talk, clip):
    name, messages = talk
    kept_one = kept(recording.store, name)
    told = told_to_record(messages)
    assert kept_one.messages == told
    final = of_type(kept_one.messages, "utterance.final")[0]
    assert final["text"]
    assert {"probabilities", "label"} <= set(final["fused_sentiment"])
    assert final["timings"]["total_latency_ms"] > 0
    head = kept_one.head
    assert (head["session_id"], head["speaker"], head["kind"]) == (name, "anna", "live")
    assert head["release"]["version"]
    assert head["asr"]["model"] == "tiny.en"
    assert np.concatenate([*stream_of(Store(str(recording.store)), kept_one)]).tobytes() == clip
    for one in of_type(kept_one.messages, "utterance.final"):
        sound, rate_hz = soundfile.read(recording.store / f"raw/{name}/{one['utterance_id']}.wav", dtype="int16")
        heard = np.frombuffer(clip, np.int16)[16 * one["start_ms"] :][: len(sound)]
        assert (rate_hz, len(sound) // 16) == (16_000, one["end_ms"] - one["start_ms"])
        assert np.array_equal(sound, heard)
    assert traces(recording.store, recording.key, "alice") == []
    assert without_words(recording.server, [one["text"] for one in of_type(messages, "utterance.final")])
    assert "anna" not in recording.log.read_text()


def test_what_is_recorded_while_sessions_go_on_is_to_be_seen_in_the_metrics(recording, talk):
    kept(recording.store, talk[0])
    answer = httpx.get(recording.server.url + "/metrics", headers={"X-API-Key": recording.key}, trust_env=False)
    counts = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if line.startswith("undertone_recording"))
    assert float(counts['undertone_recordings_total{outcome="whole"}']) >= 1
    assert float(counts["undertone_recording_stored_bytes"]) > 100_000
    assert float(counts["undertone_recording_errors_total"]) == 0


def test_a_session_that_keeps_its_words_to_itself_keeps_them_from_the_recording(recording, talk, clip):
    said = [final["text"] for final in of_type(talk[1], "utterance.final")]
    name, _ = recorded(recording.server, clip, recording.key, redact_text=True, endpoint="adaptive", partials=True)
    events = (recording.store / f"asr/{kept(recording.store, name).session}.jsonl").read_text()
    assert '"text": null' in events
    assert not any(text in events for text in said)


def test_a_consent_can_be_withdrawn_in_the_midst_and_then_nothing_is_left(recording, clip):
    headers = {"Authorization": f"Bearer {recording.key}"}
    with connect(recording.server.ws_url, proxy=None, additional_headers=headers, max_size=None) as socket:
        name = receive(socket)["session_id"]
        send(socket, "session.update", record=True, speaker="changes-her-mind")
        receive(socket)
        socket.send(clip)
        receive_until(socket, "utterance.final")
        send(socket, "session.update", partials=True)
        assert receive_until(socket, "error")[-1]["message"].startswith("session.update is taken only before")
        send(socket, "session.update", record=False)
        assert receive_until(socket, "session.updated")[-1]["settings"]["record"] is False
        socket.send(clip)
        send(socket, "session.finish")
        assert receive_until(socket, "session.closed")[-1]["totals"]["utterances"] > 2
    later, _ = recorded(recording.server, clip[:32_000], recording.key)
    kept(recording.store, later)  # and so what was to be done before it is done
    assert traces(recording.store, name, "changes-her-mind") == []


def test_an_upload_is_recorded_where_its_query_consents(recording, samples):
    content = (samples / "05_thanks.flac").read_bytes()
    address = f"{recording.server.url}/predict"
    headers = {"X-API-Key": recording.key}
    query = {"record": "true", "speaker": "007"}
    answer = httpx.post(address, content=content, headers=headers, params=query, timeout=60, trust_env=False)
    name = json.loads(answer.text.splitlines()[0])["session_id"]
    assert [kept(recording.store, name).head[key] for key in ("kind", "speaker")] == ["upload", "007"]


def test_a_replay_tells_the_same_to_the_bit_whatever_the_settings(recording, talk, promoted_release, clip, capsys):
    again = {"endpoint": "adaptive", "baseline": "adaptive", "endpoint_silence_ms": 300, "mood_interval_ms": 100}
    names = [talk[0], recorded(recording.server, clip, recording.key, **again)[0]]
    chosen = [word for name in names for word in ("--session", name) if kept(recording.store, name)]
    assert main(["replay", str(recording.store), "--release", str(promoted_release), *chosen]) == 0
    assert capsys.readouterr().out.count("the same to the bit") == len(names)


@pytest.fixture
def copy(recording, talk, tmp_path):
    """A store of its own with the talk, to be spoiled."""
    kept(recording.store, talk[0])
    shutil.copytree(recording.store / "raw" / talk[0], tmp_path / "raw" / talk[0])
    (tmp_path / "asr").mkdir()
    shutil.copy(recording.store / f"asr/{talk[0]}.jsonl", tmp_path / "asr")
    return tmp_path


def replayed(copy, release, capsys, *options):
    code = main(["replay", str(copy), "--release", str(release), *options])
    told = capsys.readouterr()
    return code, told.out + told.err


def test_a_replay_finds_one_number_that_was_changed(copy, talk, promoted_release, capsys):
    events = copy / f"asr/{talk[0]}.jsonl"
    score = of_type(talk[1], "utterance.final")[1]["fused_score"]
    events.write_text(events.read_text().replace(f'"fused_score": {score}', f'"fused_score": {score + 0.0001:.4f}'))
    code, told = replayed(copy, promoted_release, capsys)
    assert code == 1
    assert f"utterance.final 2: fused_score {score + 0.0001:.4f} -> {score}" in told


def test_a_replay_finds_sound_that_was_changed(copy, talk, promoted_release, capsys):
    part = copy / f"raw/{talk[0]}/stream/00001.flac"
    part.write_bytes(flac((samples_of(part.read_bytes()) // 2).tobytes()))
    code, told = replayed(copy, promoted_release, capsys)
    assert code == 1
    assert "differences" in told
    part.unlink()
    assert replayed(copy, promoted_release, capsys)[0] == 1


def test_a_replay_with_another_release_is_refused_unless_it_is_asked_for(copy, tiny_release, capsys):
    code, told = replayed(copy, tiny_release, capsys)
    assert code == 1
    assert "was heard with release" in told
    code, told = replayed(copy, tiny_release, capsys, "--any-models", "--json")
    differences = json.loads(told)["differences"]
    assert code == 1
    assert any("audio_sentiment" in line for line in differences)


def test_an_operator_deletes_by_speaker_and_by_session_and_nothing_is_left(recording, talk, clip, capsys):
    other, _ = recorded(recording.server, clip, recording.key, speaker="berta")
    kept(recording.store, other)
    store = ["--record", str(recording.store)]
    assert main(["recordings", "list", *store, "--speaker", "anna"]) == 0
    assert talk[0] in capsys.readouterr().out
    assert main(["recordings", "delete", *store, "--speaker", "anna"]) == 0
    assert capsys.readouterr().out == f"deleted {talk[0]}\n"
    said = [final["text"] for final in of_type(talk[1], "utterance.final")]
    assert traces(recording.store, talk[0], "anna") == []
    assert traces(recording.store, *said), "the others stay"
    assert main(["recordings", "delete", *store, "--before", "2099-01-01"]) == 0
    assert [path for path in recording.store.rglob("*") if path.is_file()] == []
    assert traces(recording.temporary, talk[0], *said) == []


def test_the_server_stayed_well(recording):
    assert "Traceback" not in recording.log.read_text()
    assert "ERROR" not in recording.log.read_text()
    assert "TEXT '{" not in recording.log.read_text(), "at no level are frames logged"
