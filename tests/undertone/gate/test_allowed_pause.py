"""A pause that may last another time than any: when its utterance ends. Scripted hearings."""

import pytest
from material.tiny_release import VAD

from undertone.audio import FRAME_SAMPLES
from undertone.gate.endpointer import Endpointer
from undertone.gate.hearing import Ended, Hearing

pytestmark = pytest.mark.fast

SPEECH, SILENCE = Hearing(0.9, 0.0, 60.0), Hearing(0.1, 0.0, 10.0)


def hear(*stretches):
    """Feed (hearing, frames), and at ms numbers allow the pause under way to last so long; return ends in frames."""
    endpointer, ends, frame, pause = Endpointer(VAD, 500, 15_000), [], 0, 0
    for stretch in stretches:
        if isinstance(stretch, int):
            endpointer.allow(pause, stretch)
            continue
        for _ in range(stretch[1]):
            found = endpointer.feed(stretch[0], frame * FRAME_SAMPLES)
            frame += 1
            ends += [frame for event in found if isinstance(event, Ended)]
            pause = pause if endpointer.paused_since is None else endpointer.paused_since
    return ends


def test_a_pause_ends_its_utterance_after_half_a_second_as_ever():
    assert hear((SPEECH, 20), (SILENCE, 40)) == [36]


@pytest.mark.parametrize(("allowed_ms", "ends"), [(0, 28), (320, 30), (900, 49), (500, 36)])
def test_a_pause_may_be_over_with_the_next_frame_or_last_longer(allowed_ms, ends):
    assert hear((SPEECH, 20), (SILENCE, 7), allowed_ms, (SILENCE, 60)) == [ends]


@pytest.mark.parametrize("allowed_ms", [0, 900])
def test_speech_goes_on_and_the_next_pause_is_one_as_any(allowed_ms):
    assert hear((SPEECH, 20), (SILENCE, 7), allowed_ms, (SPEECH, 10), (SILENCE, 40)) == [53]


def test_what_was_said_of_a_pause_says_nothing_of_the_next():
    assert hear((SPEECH, 20), (SILENCE, 7), (SPEECH, 10), 0, (SILENCE, 40)) == [53]
