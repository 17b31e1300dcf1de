"""Endpointing on scripted hearings: where utterances begin and end."""

from dataclasses import replace

import numpy as np
import pytest
from material.tiny_release import VAD

from undertone.audio import FRAME_SAMPLES
from undertone.gate.endpointer import Endpointer
from undertone.gate.hearing import Ended, Hearing, Started
from undertone.stream.settings import SessionSettings

pytestmark = pytest.mark.fast

FRAME_MS = 32


LOUD_DB, QUIET_DB = 60.0, 10.0


def endpointer_for(settings, vad=VAD):
    return Endpointer(vad, settings.endpoint_silence_ms, settings.max_utterance_ms)


def hear(*stretches, settings=None, levels=None):
    """Feed (probability, frames) or (probability, second ear, frames) stretches and return (endpointer, events).

    Without `levels` a frame is loud where either ear hears speech.
    """
    endpointer = endpointer_for(settings or SessionSettings())
    hearings = [
        (stretch[0], stretch[1] if len(stretch) == 3 else 0.0) for stretch in stretches for _ in range(stretch[-1])
    ]
    events = []
    for index, (first, second) in enumerate(hearings):
        level_db = levels[index] if levels else LOUD_DB if max(first, second) > 0.3 else QUIET_DB
        events += endpointer.feed(Hearing(first, second, level_db), index * FRAME_SAMPLES)
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


def test_a_pause_is_not_ended_by_a_quiet_sound_between_the_thresholds():
    _, events = hear((0.9, 20), (0.1, 1), (0.4, 30), levels=[LOUD_DB] * 20 + [QUIET_DB] * 31)
    assert isinstance(events[-1], Ended)
    assert ms(events[-1].speech_end) == 20 * FRAME_MS


def test_a_longer_endpoint_silence_is_respected():
    settings = SessionSettings(endpoint_silence_ms=2000)
    assert len(hear((0.9, 20), (0.1, 60), settings=settings)[1]) == 1
    assert len(hear((0.9, 20), (0.1, 64), settings=settings)[1]) == 2


def test_endless_speech_is_cut_at_its_quietest_recent_frame_and_goes_on():
    settings = SessionSettings(max_utterance_ms=4000)
    levels = [LOUD_DB] * 300
    levels[99] = levels[100] = 30.0
    _, events = hear((0.9, 150), settings=settings, levels=levels)
    started, ended, following = events[:3]
    assert (ended.cause, ended.end) == ("max_length", 100 * FRAME_SAMPLES)
    assert ms(ended.end - started.start) <= 4000
    assert following.start == ended.end


def test_a_cut_never_lies_in_the_silence_before_the_utterance():
    settings = SessionSettings(max_utterance_ms=2000)
    _, events = hear((0.0, 60), (0.9, 100), settings=settings)
    starts = [event.start for event in events if isinstance(event, Started)]
    ends = [event.end for event in events if isinstance(event, Ended)]
    assert all(ms(end - start) >= 1000 for start, end in zip(starts, ends, strict=False))


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
    endpointer = endpointer_for(SessionSettings(), replace(VAD, start_ms=160))
    for index in range(4):
        endpointer.feed(Hearing(0.9, 0.0, LOUD_DB), index * FRAME_SAMPLES)
    assert not endpointer.in_speech
    endpointer.feed(Hearing(0.9, 0.0, LOUD_DB), 4 * FRAME_SAMPLES)
    assert endpointer.in_speech


def test_a_shout_that_only_the_second_ear_hears_is_announced_within_half_a_second():
    _, events = hear((0.0, 30), (0.2, 0.5, 40), (0.0, 30))
    started, ended = events
    assert ms(started.speech_start) == ms(ended.speech_start) == 30 * FRAME_MS
    assert ms(ended.speech_end) == 70 * FRAME_MS
    announced = next(n for n in range(30, 70) if hear((0.0, 30), (0.2, 0.5, n - 30))[1])
    assert (announced - 30) * FRAME_MS <= 500


def test_a_little_evidence_is_no_speech():
    assert hear((0.0, 30), (0.1, 0.3, 100), (0.0, 30))[1] == []


def test_evidence_counts_only_while_the_sound_lasts():
    note, rings = (0.7, 0.9, 4), (0.2, 0.9, 3)
    levels = [QUIET_DB] * 20 + [LOUD_DB] * 4 + [QUIET_DB] * 33
    assert hear((0.0, 20), note, rings, (0.0, 30), levels=levels)[1] == []
    shout = [QUIET_DB] * 20 + [LOUD_DB] * 7 + [QUIET_DB] * 30
    assert len(hear((0.0, 20), note, rings, (0.0, 30), levels=shout)[1]) == 2


def test_doubt_keeps_an_utterance_going_only_while_it_is_loud():
    loud = [QUIET_DB] * 20 + [LOUD_DB] * 70
    endpointer, events = hear((0.0, 20), (0.9, 20), (0.15, 50), levels=loud)
    assert [type(event) for event in events] == [Started]
    assert endpointer.speaking
    quiet = [QUIET_DB] * 20 + [LOUD_DB] * 20 + [LOUD_DB - 30] * 50
    assert isinstance(hear((0.0, 20), (0.9, 20), (0.15, 50), levels=quiet)[1][-1], Ended)


def test_the_edges_lie_where_the_level_rises_and_falls_and_nothing_silero_heard_is_cut():
    levels = [QUIET_DB] * 26 + [LOUD_DB] * 40 + [QUIET_DB] * 40
    _, (started, ended) = hear((0.0, 30), (0.9, 40), (0.0, 36), levels=levels)
    assert ms(started.speech_start) == ms(ended.speech_start) == 26 * FRAME_MS
    assert ms(ended.speech_end) == 66 * FRAME_MS
    assert ms(ended.end) == 70 * FRAME_MS + 300


def test_in_loud_noise_the_probabilities_place_the_edges():
    _, (started, ended) = hear(
        (0.0, 30), (0.9, 40), (0.0, 30), levels=[LOUD_DB - 5] * 30 + [LOUD_DB] * 40 + [LOUD_DB - 5] * 30
    )
    assert ms(started.speech_start) == ms(ended.speech_start) == 30 * FRAME_MS
    assert ms(ended.speech_end) == 70 * FRAME_MS


def test_a_click_before_the_speech_is_not_its_start():
    levels = [QUIET_DB] * 20 + [LOUD_DB] * 2 + [QUIET_DB] * 8 + [LOUD_DB] * 40 + [QUIET_DB] * 30
    _, (started, _) = hear((0.0, 30), (0.9, 40), (0.0, 30), levels=levels)
    assert ms(started.speech_start) == 30 * FRAME_MS


def test_a_last_word_after_a_pause_needs_no_confidence_since_its_speaker_is_known():
    alone = hear((0.0, 30), (0.4, 10), (0.0, 40))[1]
    after = hear((0.0, 30), (0.9, 20), (0.0, 18), (0.4, 10), (0.0, 40))[1]
    assert alone == []
    assert [type(event) for event in after] == [Started, Ended, Started, Ended]


def test_how_clearly_speech_was_heard_is_the_mean_of_the_ten_clearest_frames_and_pauses_do_not_lower_it():
    _, events = hear((0.1, 30), (0.9, 12), (0.4, 5), (0.95, 4), (0.1, 30))
    assert events[-1].speech_prob == pytest.approx((4 * 0.95 + 6 * 0.9) / 10)


def test_a_short_sound_is_less_clear_than_a_long_one():
    _, events = hear((0.1, 30), (0.9, 8), (0.1, 30))
    assert events[-1].speech_prob == pytest.approx((8 * 0.9 + 2 * 0.1) / 10)


def test_the_rest_of_a_cut_is_as_clear_as_it_was_said_however_long_its_speaker_has_paused_since():
    settings = SessionSettings(max_utterance_ms=2500, endpoint_silence_ms=1000)
    levels = [QUIET_DB] * 10 + [LOUD_DB] * 64 + [QUIET_DB] * 60
    levels[40] = 30.0
    _, events = hear((0.0, 10), (0.98, 64), (0.02, 60), settings=settings, levels=levels)
    first, rest = (event for event in events if isinstance(event, Ended))
    assert (first.cause, first.end // FRAME_SAMPLES) == ("max_length", 41)
    assert rest.speech_prob == pytest.approx(0.98)


def test_clarity_begins_anew_with_each_utterance():
    _, events = hear((0.1, 30), (0.95, 20), (0.1, 60), (0.7, 20), (0.1, 30))
    assert [event.speech_prob for event in events if isinstance(event, Ended)] == pytest.approx([0.95, 0.7])


def test_a_pause_is_told_only_of_an_utterance_that_was_announced():
    dropped, _ = hear((0.1, 10), (0.9, 5), (0.1, 3))
    assert (dropped.in_speech, dropped.announced, dropped.paused_since) == (True, False, None)
    paused, _ = hear((0.1, 10), (0.9, 20), (0.1, 3))
    assert (paused.in_speech, paused.speaking, paused.paused_since) == (True, False, 30 * FRAME_SAMPLES)


def test_where_nothing_is_under_way_the_next_utterance_begins_no_earlier_than_the_last_one_ended():
    assert hear((0.1, 100))[0].start == 0
    endpointer, events = hear((0.1, 30), (0.9, 40), (0.1, 30))
    assert endpointer.start == events[-1].end


def scripted_speech(seed, frames=1500):
    """Yield hearings of stretches that are loud, quiet, sure, doubtful or silent, of 32 ms to 3 s."""
    random, left = np.random.default_rng(seed), frames
    while left > 0:
        length = int(random.choice([1, 3, 8, 15, 40, 95]))
        low, high = [(0.0, 0.1), (0.0, 0.5), (0.3, 1.0), (0.6, 1.0), (0.9, 1.0)][random.integers(5)]
        level_db, spread_db, second = random.choice([10, 35, 50, 60]), random.choice([1, 6]), random.random() < 0.3
        for _ in range(length):
            doubt = random.uniform(0, 0.9) if second else 0.0
            yield Hearing(random.uniform(low, high), doubt, random.normal(level_db, spread_db))
        left -= length


@pytest.mark.parametrize("silence_ms", [200, 500, 2000])
@pytest.mark.parametrize("longest_ms", [2000, 2500, 3000, 4000, 15_000])
def test_no_utterance_is_shorter_than_250_ms_and_each_holds_speech(silence_ms, longest_ms):
    settings = SessionSettings(endpoint_silence_ms=silence_ms, max_utterance_ms=longest_ms)
    ended = []
    for seed in range(3):
        endpointer = endpointer_for(settings)
        for index, hearing in enumerate(scripted_speech(seed)):
            ended += [e for e in endpointer.feed(hearing, index * FRAME_SAMPLES) if isinstance(e, Ended)]
    assert len(ended) > 10
    assert min(ms(event.end - event.start) for event in ended) >= 250
    assert all(event.start <= event.speech_start < event.speech_end <= event.end for event in ended)


def test_a_cut_leaves_250_ms_of_speech_before_it_and_behind_it():
    settings = SessionSettings(max_utterance_ms=2000)
    levels = [QUIET_DB] * 20 + [LOUD_DB] * 200
    levels[22] = levels[23] = levels[80] = levels[81] = 40.0
    _, events = hear((0.0, 20), (0.9, 200), settings=settings, levels=levels)
    first = next(event for event in events if isinstance(event, Ended))
    assert ms(first.speech_end - first.speech_start) >= 250
