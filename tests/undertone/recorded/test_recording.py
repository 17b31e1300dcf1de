"""A recording as it is read from a store: what is damaged is named, what is cut short is told."""

import json

import numpy as np
import pytest

from undertone.recorded.recording import RecordingError, found_in, read_recording, recordings_in, stream_of
from undertone.recorded.sound import flac, samples_of, wav
from undertone.recorded.store import Store

pytestmark = pytest.mark.fast

HEAD = {"type": "recording", "format": 1, "session_id": "ab", "began": "2026-01-31T10:00:00.000+00:00"}
FINISH = {"type": "recording.input", "input": "finish", "at_samples": 3}
SOUND = np.array([-32768, 0, 32767], np.int16)


def end(cut=None, reason="finished"):
    return {"type": "recording.end", "reason": reason, "cut": cut, "samples": 3}


@pytest.fixture
def store(tmp_path):
    return Store(str(tmp_path))


def recorded(store, *lines, head=HEAD, parts=(1, 2)):
    """Write a recording of two parts and return it."""
    store.write("asr/ab.jsonl", b"".join(json.dumps(line).encode() + b"\n" for line in (head, *lines)))
    for part in parts:
        store.write(f"raw/ab/stream/{part:05}.flac", flac(SOUND.tobytes()))
    return read_recording(store, "ab", store.sessions()["ab"])


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        ((FINISH, end()), "whole"),
        ((end(reason="gone"),), "broken off"),
        ((FINISH, end("no room")), "cut: no room"),
        ((), "under way"),
    ],
)
def test_how_a_recording_ended_is_told(lines, state, store):
    recording = recorded(store, {"type": "mood", "utterance_id": 1}, *lines)
    assert (recording.state, recording.is_whole) == (state, state == "whole")
    assert recording.messages == [{"type": "mood", "utterance_id": 1}]


def test_all_that_was_heard_comes_back_sample_for_sample(store):
    heard = np.concatenate(list(stream_of(store, recorded(store))))
    assert heard.tolist() == 2 * SOUND.tolist()
    assert samples_of(wav(SOUND)).tolist() == SOUND.tolist()


def test_a_part_that_is_missing_or_damaged_is_named(store):
    with pytest.raises(RecordingError, match="ab: part 2 of what was heard is missing"):
        list(stream_of(store, recorded(store, parts=(1, 3))))
    recording = recorded(store)
    store.write("raw/ab/stream/00001.flac", b"fLaC and no more")
    with pytest.raises(RecordingError, match=r"00001.flac: no audio"):
        list(stream_of(store, recording))


@pytest.mark.parametrize("text", [b"", b"{", b"[]\n", b'{"type": "recording", "format": 1}\n', b"\xff\n"])
def test_events_that_cannot_be_read_are_told_with_the_files_that_there_are(text, store):
    recorded(store)
    store.write("asr/ab.jsonl", text)
    (found,) = recordings_in(store)
    assert found.recording is None
    assert found.fault.startswith("ab: no events")
    assert (len(found.files), found.began.tzinfo is not None) == (3, True)


def test_a_later_format_is_refused_by_its_number(store):
    with pytest.raises(RecordingError, match="format 2, this undertone reads 1"):
        recorded(store, head={**HEAD, "format": 2})


def test_sound_without_events_as_half_a_deletion_leaves_it_is_found(store):
    store.write("raw/ab/1.wav", wav(SOUND))
    found = found_in(store, "ab", store.sessions()["ab"])
    assert (found.recording, "asr/ab.jsonl" in found.fault) == (None, True)
