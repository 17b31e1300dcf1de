"""Endpointing on scripted probabilities: where utterances begin and end."""

from dataclasses import replace

import pytest
from tiny_release import VAD

from serving.endpoint import Ended, Endpointer, Started
from serving.settings import SessionSettings
from serving.vad import FRAME_SAMPLES

pytestmark = pytest.mark.fast

FRAME_MS = 32


def hear(*stretches, settings=None, energies=None):
    """Feed (probability, frames) stretches and return (endpointer, events)."""
    endpointer = Endpointer(VAD, settings or SessionSettings())
    probabilities = [probability for probability, frames in stretches for _ in range(frames)]
    events = []
    for index, probability in enumerate(probabilities):
        energy = energies[index] if energies else 1.0
        events += endpointer.feed(probability, energy, index * FRAME_SAMPLES)
    return endpointer, events


def ms(samples):
    return samples // 16


def test_silence_is_no_utterance():
    assert hear((0.1, 500))[1] == []


def test_an_utterance_begins_with_its_pre_roll_and_ends_after_the_silence():
    _, events = hear((0.1, 30), (0.9, 40), (0.1, 30))
    started, ended = events
    assert isinstance(started, Started)
    assert isinstance(ended, Ended)
    assert ms(started.speech_start) == 30 * FRAME_MS
    assert ms(started.start) == 30 * FRAME_MS - 300
    assert ms(ended.speech_end) == 70 * FRAME_MS
    assert ms(ended.end) == 70 * FRAME_MS + 300
    assert 500 <= ms(ended.decided) - ms(ended.speech_end) <= 500 + FRAME_MS
    assert ended.cause == "silence"


def test_pre_roll_never_reaches_before_the_stream_or_into_the_last_utterance():
    _, events = hear((0.9, 20), (0.1, 16), (0.9, 20), (0.1, 20))
    first, first_end, second, _ = events
    assert first.start == 0
    assert second.start >= first_end.end


def test_one_loud_frame_is_no_speech():
    assert hear((0.1, 10), (0.9, 1), (0.1, 40))[1] == []


def test_a_stretch_under_250_ms_is_dropped_and_never_announced():
    assert hear((0.1, 10), (0.9, 7), (0.1, 40))[1] == []
    assert len(hear((0.1, 10), (0.9, 8), (0.1, 40))[1]) == 2


def test_a_pause_shorter_than_the_endpoint_silence_does_not_end_it():
    _, events = hear((0.9, 20), (0.1, 14), (0.9, 20), (0.1, 20))
    assert [type(event) for event in events] == [Started, Ended]


def test_between_the_thresholds_speech_goes_on_but_does_not_begin():
    assert hear((0.4, 100))[1] == []
    endpointer, events = hear((0.9, 20), (0.4, 200))
    assert len(events) == 1
    assert endpointer.in_speech


def test_a_silence_is_ended_only_by_a_return_above_the_threshold():
    _, events = hear((0.9, 20), (0.1, 1), (0.4, 30))
    assert isinstance(events[-1], Ended)
    assert ms(events[-1].speech_end) == 20 * FRAME_MS


def test_a_longer_endpoint_silence_is_respected():
    settings = SessionSettings(endpoint_silence_ms=2000)
    assert len(hear((0.9, 20), (0.1, 60), settings=settings)[1]) == 1
    assert len(hear((0.9, 20), (0.1, 64), settings=settings)[1]) == 2


def test_endless_speech_is_cut_at_its_quietest_recent_frame_and_goes_on():
    settings = SessionSettings(max_utterance_ms=4000)
    energies = [1.0] * 300
    energies[99] = energies[100] = 0.01
    _, events = hear((0.9, 150), settings=settings, energies=energies)
    started, ended, following = events[:3]
    assert (ended.cause, ended.end) == ("max_length", 100 * FRAME_SAMPLES)
    assert ms(ended.end - started.start) <= 4000
    assert following.start == ended.end


def test_no_utterance_is_longer_than_allowed_and_none_of_endless_speech_is_lost():
    settings = SessionSettings(max_utterance_ms=2000)
    endpointer, events = hear((0.9, 1000), settings=settings)
    starts = [event.start for event in events if isinstance(event, Started)]
    ends = [event.end for event in events if isinstance(event, Ended)]
    assert starts[1:] == ends
    assert all(ms(end - start) <= 2000 for start, end in zip(starts, ends, strict=False))
    assert endpointer.announced


def test_ending_by_hand_takes_what_was_heard_so_far():
    endpointer, _ = hear((0.1, 20), (0.9, 20))
    ended = endpointer.end_now(40 * FRAME_SAMPLES, "commit")
    assert (ended.end, ended.cause) == (40 * FRAME_SAMPLES, "commit")
    assert not endpointer.in_speech
    assert endpointer.end_now(41 * FRAME_SAMPLES, "commit") is None


def test_a_slower_start_needs_more_frames():
    endpointer = Endpointer(replace(VAD, start_ms=160), SessionSettings())
    for index in range(4):
        endpointer.feed(0.9, 1.0, index * FRAME_SAMPLES)
    assert not endpointer.in_speech
    endpointer.feed(0.9, 1.0, 4 * FRAME_SAMPLES)
    assert endpointer.in_speech
