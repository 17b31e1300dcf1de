"""A session as a function of its samples: chunks and moods. Real Silero, spoken samples, no server."""

from itertools import pairwise

import pytest

from undertone.audio_file import read
from undertone.stream.session import Session, Utterance
from undertone.stream.settings import SessionSettings

pytestmark = pytest.mark.fast


@pytest.fixture(scope="module")
def speech(samples):
    """All spoken samples, one after the other with a second of silence between, as PCM bytes."""
    clips = [read(path) for path in sorted(samples.glob("*.flac"))]
    return b"".join(clip.tobytes() + bytes(32_000) for clip in clips)


def run(engine, pcm, chunk_bytes, settings=None):
    session = Session(engine, settings)
    outputs = []
    for start in range(0, len(pcm), chunk_bytes):
        outputs += session.feed(pcm[start : start + chunk_bytes])
    return [comparable(output) for output in outputs + session.finish()]


def comparable(output):
    if isinstance(output, Utterance):
        return {**output.span, "samples": output.samples.tobytes()}
    return output


@pytest.mark.parametrize("chunk_bytes", [320, 642, 1024, 3200, 32_000, 10_000_000])
def test_chunks_of_any_size_give_the_same_messages(engine, speech, chunk_bytes):
    assert run(engine, speech, chunk_bytes) == run(engine, speech, 640)


def test_every_announced_utterance_ends_once_and_in_order(engine, speech):
    outputs = run(engine, speech, 640)
    started = [output["utterance_id"] for output in outputs if output.get("type") == "speech.started"]
    ended = [output["utterance_id"] for output in outputs if output.get("type") == "speech.ended"]
    finals = [output["utterance_id"] for output in outputs if "samples" in output]
    assert len(started) >= 5
    assert started == ended == finals == list(range(1, len(started) + 1))


def test_the_first_mood_comes_within_half_a_second_of_speech_and_then_at_the_interval(engine, speech):
    outputs = run(engine, speech, 640)
    for start in [output for output in outputs if output.get("type") == "speech.started"]:
        number = start["utterance_id"]
        moods = [o["end_ms"] for o in outputs if o.get("type") == "mood" and o["utterance_id"] == number]
        assert moods[0] - start["speech_start_ms"] <= 500
        assert all(later - earlier >= 250 - 32 for earlier, later in pairwise(moods))


def test_a_mood_looks_back_three_seconds_at_most(engine, speech):
    settings = SessionSettings(endpoint_silence_ms=2000, max_utterance_ms=30_000)
    moods = [output for output in run(engine, speech, 640, settings) if output.get("type") == "mood"]
    assert max(mood["end_ms"] - mood["start_ms"] for mood in moods) == 3000


def test_speech_that_is_still_going_on_at_the_end_is_not_lost(engine, samples):
    clip = read(sorted(samples.glob("*.flac"))[0])
    cut = clip[: len(clip) * 2 // 3 + 5].tobytes()
    ended = [output for output in run(engine, cut, 640) if output.get("type") == "speech.ended"]
    assert [output["cause"] for output in ended] == ["finish"]
    assert ended[0]["end_ms"] == len(cut) // 32


def test_silence_and_an_empty_session_have_no_utterances(engine):
    assert run(engine, bytes(320_000), 640) == []
    assert Session(engine).finish() == []
