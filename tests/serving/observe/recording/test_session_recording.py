"""What one session hands over: with consent all of it, without consent nothing, and never half of a file."""

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from serving.observe.recording.policy import RecordPolicy
from serving.observe.recording.recorder import Recorder
from serving.observe.recording.session import PART_S, SessionRecording
from undertone.recorded.recording import read_recording, stream_of
from undertone.recorded.store import Store

pytestmark = pytest.mark.fast

SECOND = np.random.default_rng(1).integers(-9000, 9000, 16_000, np.int16)
MOOD = {"type": "mood", "utterance_id": 1}


class AtOnce(Recorder):
    """A recorder that writes at once; `room` False: it takes nothing more."""

    def __init__(self, folder, max_mb=None):
        super().__init__(RecordPolicy(str(folder), max_mb), CollectorRegistry())
        self.store, self.room = Store(str(folder)), True

    def put(self, write, size=0, owed=None):
        if size and not self.room:
            return False
        write(self.store)
        return True

    def outcomes(self):
        samples = self.counts.recordings.collect()[0].samples
        return {
            sample.labels["outcome"]: sample.value
            for sample in samples
            if sample.value and sample.name.endswith("_total")
        }


@pytest.fixture
def recorder(tmp_path):
    return AtOnce(tmp_path / "store")


def session(recorder, consents=True, name="ab"):
    recording = SessionRecording(recorder, name, "live", lambda: {"speaker": "anna", "settings": {}})
    recording.consents = consents
    return recording


def hear(recording, seconds):
    for _ in range(seconds):
        recording.heard(SECOND.tobytes())
        recording.told(MOOD)


def finish(recording):
    recording.came("finish", 0)
    recording.end("finished")


def read(recorder):
    return read_recording(recorder.store, "ab", recorder.store.sessions()["ab"])


def heard_s(recorder):
    return sum(map(len, stream_of(recorder.store, read(recorder)))) / 16_000


def test_without_consent_nothing_is_written(recorder, tmp_path):
    recording = session(recorder, consents=False)
    hear(recording, 25)
    recording.judged(1, SECOND)
    finish(recording)
    assert list(tmp_path.rglob("*")) == []
    assert recorder.outcomes() == {}


def test_with_consent_and_without_a_sound_nothing_is_written(recorder, tmp_path):
    finish(session(recorder))
    assert list(tmp_path.rglob("*")) == []


def test_all_that_was_heard_is_there_in_parts_and_every_message(recorder):
    recording = session(recorder)
    hear(recording, 25)
    recording.judged(1, SECOND)
    finish(recording)
    read_again = read(recorder)
    assert (read_again.state, read_again.heard_s, read_again.head["speaker"]) == ("whole", 25.0, "anna")
    assert read_again.messages == 25 * [MOOD]
    assert len(read_again.stream_files) == -(-25 // PART_S)
    assert np.array_equal(np.concatenate([*stream_of(recorder.store, read_again)]), np.tile(SECOND, 25))
    assert "raw/ab/1.wav" in read_again.files
    assert recorder.outcomes() == {"whole": 1}


def test_a_server_that_is_killed_leaves_the_beginning_of_a_session(recorder):
    hear(session(recorder), 25)  # and no more
    assert (read(recorder).state, heard_s(recorder)) == ("under way", 20)
    assert 0 < len(read(recorder).messages) <= 20


def test_a_consent_that_is_withdrawn_takes_all_of_it_away(recorder, tmp_path):
    recording = session(recorder)
    hear(recording, 15)
    recording.withdraw()
    hear(recording, 15)
    finish(recording)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert recorder.outcomes() == {"deleted": 1}
    assert recorder.counts.stored_bytes.collect()[0].samples[0].value == 0


def test_what_the_operator_deletes_while_it_goes_on_stays_deleted(recorder, tmp_path):
    recording = session(recorder)
    hear(recording, 15)
    recorder.store.delete("ab")
    hear(recording, 15)
    recording.judged(2, SECOND)
    finish(recording)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert recorder.outcomes() == {"deleted": 1}


def test_where_there_is_no_more_room_a_recording_stops_and_the_session_does_not(tmp_path):
    recorder = AtOnce(tmp_path / "store", max_mb=0.5)
    recording = session(recorder)
    hear(recording, 60)
    finish(recording)
    assert read(recorder).state == "cut: no room"
    assert read(recorder).heard_s == heard_s(recorder) == 20  # 10 s of noise take 0.3 MB
    assert recorder.refusal is not None
    assert recorder.outcomes() == {"cut": 1}


def test_a_store_that_is_away_for_too_long_cuts_the_recording_at_what_it_has(recorder):
    recording = session(recorder)
    hear(recording, 10)
    recorder.room = False
    hear(recording, 30)
    recorder.room = True
    finish(recording)
    assert read(recorder).state == "cut: the store was away for too long"
    assert heard_s(recorder) == 10
    assert len(read(recorder).messages) <= 10
    assert recorder.outcomes() == {"cut": 1}


def test_a_client_that_vanishes_leaves_a_recording_that_says_so(recorder):
    recording = session(recorder)
    hear(recording, 3)
    recording.end("gone")
    recording.end("finished")  # later reasons change nothing
    assert (read(recorder).state, read(recorder).end["reason"], heard_s(recorder)) == ("broken off", "gone", 3)
    assert recorder.outcomes() == {"broken_off": 1}
