"""A session as a function of its samples: chunks and moods. Real Silero, spoken samples, no server."""

from itertools import pairwise

import pytest

from undertone.audio_file import read
from undertone.stream.events import Mood, SpeechEnded, SpeechStarted
from undertone.stream.session import Session
from undertone.stream.settings import SessionSettings
from undertone.stream.utterance import Utterance

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
        return Utterance, *output.span.values(), output.samples.tobytes()
    return output


def of(kind, outputs):
    """Return the outputs of one kind."""
    return [output for output in outputs if isinstance(output, kind)]


@pytest.fixture(scope="module")
def in_twenties(engine, speech):
    """What comes of the speech in chunks of 20 ms."""
    return run(engine, speech, 640)


@pytest.mark.parametrize("chunk_bytes", [320, 642, 1024, 3200, 32_000, 10_000_000])
def test_chunks_of_any_size_give_the_same_events(engine, speech, in_twenties, chunk_bytes):
    assert run(engine, speech, chunk_bytes) == in_twenties


def test_every_announced_utterance_ends_once_and_in_order(engine, speech):
    outputs = run(engine, speech, 640)
    started, ended = ([event.utterance_id for event in of(kind, outputs)] for kind in (SpeechStarted, SpeechEnded))
    heard = [output[1] for output in of(tuple, outputs)]
    assert len(started) >= 5
    assert started == ended == heard == list(range(1, len(started) + 1))


def test_the_first_mood_comes_within_half_a_second_of_speech_and_then_at_the_interval(engine, speech):
    outputs = run(engine, speech, 640)
    for start in of(SpeechStarted, outputs):
        moods = [mood.end_ms for mood in of(Mood, outputs) if mood.utterance_id == start.utterance_id]
        assert moods[0] - start.speech_start_ms <= 500
        assert all(later - earlier >= 250 - 32 for earlier, later in pairwise(moods))


def test_a_mood_looks_back_three_seconds_at_most(engine, speech):
    settings = SessionSettings(endpoint_silence_ms=2000, max_utterance_ms=30_000)
    moods = of(Mood, run(engine, speech, 640, settings))
    assert max(mood.end_ms - mood.start_ms for mood in moods) == 3000


def test_speech_that_is_still_going_on_at_the_end_is_not_lost(engine, samples):
    clip = read(sorted(samples.glob("*.flac"))[0])
    cut = clip[: len(clip) * 2 // 3 + 5].tobytes()
    (ended,) = of(SpeechEnded, run(engine, cut, 640))
    assert (ended.cause, ended.end_ms) == ("finish", len(cut) // 32)


def test_silence_and_an_empty_session_have_no_utterances(engine):
    assert run(engine, bytes(320_000), 640) == []
    assert Session(engine).finish() == []
