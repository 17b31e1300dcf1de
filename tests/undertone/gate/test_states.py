"""The states of the endpointer: what a frame of speech and one of silence make of each."""

from dataclasses import FrozenInstanceError

import pytest

from undertone.gate.states import Announced, Heard, Paused

pytestmark = pytest.mark.fast


def test_silence_pauses_an_announced_utterance_and_speech_goes_on_with_it():
    paused = Announced(start=100, rise=400).silent(900)
    assert paused == Paused(start=100, rise=400, silence_start=900)
    assert paused.voiced() == Announced(start=100, rise=400)


def test_a_pause_began_with_its_first_frame():
    assert Paused(0, 0, silence_start=900).silent(1412).silence_start == 900
    assert Heard(0, 0).silent(900).silent(1412).silence_start == 900


def test_speech_ends_the_pause_of_an_utterance_that_is_not_announced_yet():
    heard = Heard(100, 400, goes_on=True)
    assert heard.silent(900).voiced() == heard


def test_an_utterance_may_be_announced_in_its_pause():
    assert Heard(100, 400).announced(60) == Announced(60, 400)
    assert Heard(100, 400).silent(900).announced(60) == Paused(60, 400, 900)


def test_what_an_announcement_or_a_pause_changes_is_another_state():
    with pytest.raises(FrozenInstanceError):
        Announced(100, 400).start = 60
