"""What a server does without first, next and last when it can no longer keep up."""

import pytest

from serving.workers.pressure import FEWER_MOODS, LATE_S, NO_PARTIALS, NO_WORDS, Pressure

pytestmark = pytest.mark.fast


class Clock:
    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


def test_moods_go_first_then_partials_then_words():
    assert 0 < FEWER_MOODS < NO_PARTIALS < NO_WORDS == 1


def test_it_is_that_of_the_words_or_that_of_hearing_whichever_is_more():
    clock, words = Clock(), [0.2]
    pressure = Pressure(lambda: words[0], clock)
    assert pressure.value == 0.2
    words[0] = 0.7
    clock.now_s += 1
    assert pressure.value == 0.7
    pressure.heard(LATE_S)
    clock.now_s += 0.1
    assert 0.9 < pressure.value < 1.0


def test_a_delay_is_forgotten_and_a_shorter_one_does_not_hide_it():
    clock = Clock()
    pressure = Pressure(clock=clock)
    pressure.heard(LATE_S)
    pressure.heard(0.0)
    assert pressure.hearing == 1.0
    clock.now_s += 1
    assert pressure.hearing == pytest.approx(0.5)
    clock.now_s += 10
    assert pressure.hearing < 0.01
