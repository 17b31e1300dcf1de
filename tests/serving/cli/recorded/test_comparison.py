"""What counts as the same in a session that is heard again, and how a difference is told."""

import pytest

from serving.cli.recorded.comparison import differences

pytestmark = pytest.mark.fast


def mood(number, positive=0.5):
    return {"type": "mood", "utterance_id": number, "audio_sentiment": {"probabilities": {"positive": positive}}}


def final(number, **fields):
    timings = {"total_latency_ms": 7.0, "endpoint_wait_ms": 500}
    return {"type": "utterance.final", "utterance_id": number, "text": "well", "timings": timings, **fields}


ALL = [mood(1), mood(1, 0.6), final(1), mood(2), final(2)]


def test_the_same_messages_do_not_differ():
    assert differences(ALL, ALL) == []


def test_latencies_partials_provisional_verdicts_and_when_a_final_comes_are_left_out():
    provisional = {"type": "utterance.provisional", "utterance_id": 1, "reason": "pending"}
    partial = {"type": "transcript.partial", "utterance_id": 1, "text": "we"}
    again = [mood(1), mood(1, 0.6), mood(2), final(1, timings={"endpoint_wait_ms": 500}), final(2)]
    recorded = [mood(1), partial, mood(1, 0.6), provisional, final(1), mood(2), final(2)]
    assert differences(recorded, again) == []


@pytest.mark.parametrize(
    ("again", "told"),
    [
        ([*ALL[:3], mood(2, 0.5001), final(2)], "mood 2: audio_sentiment.probabilities.positive 0.5 -> 0.5001"),
        ([*ALL[:4], final(2, text=None)], 'utterance.final 2: text "well" -> null'),
        (
            [*ALL[:4], final(2, timings={"endpoint_wait_ms": 532})],
            "utterance.final 2: timings.endpoint_wait_ms 500 -> 532",
        ),
        (ALL[:4], "utterance.final 2: not when it was heard again"),
        ([*ALL, final(3)], "utterance.final 3: only when it was heard again"),
    ],
)
def test_a_difference_is_told_with_both_values(again, told):
    assert differences(ALL, again) == [told]


def test_moods_that_a_server_under_load_left_out_are_no_difference():
    def at(number, end_ms, positive=0.5):
        return {**mood(number, positive), "end_ms": end_ms}

    recorded, again = [at(1, 500), at(1, 1500), final(1)], [at(1, 500), at(1, 1000), at(1, 1500), final(1)]
    assert differences(recorded, again) == []
    assert differences(again, recorded) != []
    assert len(differences(recorded, [at(1, 500), at(1, 1500, 0.6), final(1)])) == 1


def test_a_recording_that_was_broken_off_may_lack_the_end_and_nothing_else():
    assert differences(ALL[:3], ALL, is_whole=False) == []
    assert differences(ALL, ALL[:3], is_whole=False) != []
    assert differences([mood(1, 0.9)], ALL, is_whole=False) != []
