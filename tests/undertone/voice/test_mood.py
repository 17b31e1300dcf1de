"""Moods are steady, and follow a change within one interval."""

import numpy as np
import pytest

from undertone.voice.mood import MoodSmoother

pytestmark = pytest.mark.fast

NEGATIVE, POSITIVE = np.array([0.6, 0.3, 0.1]), np.array([0.05, 0.25, 0.7])


def shown(windows):
    smoother = MoodSmoother()
    return [smoother.add(window) for window in windows]


def test_the_first_mood_is_shown_as_it_is():
    np.testing.assert_array_equal(shown([NEGATIVE])[0], NEGATIVE)


def test_one_unsure_window_that_strays_is_outvoted():
    stray = np.array([0.4, 0.15, 0.45])
    assert [mood.argmax() for mood in shown([NEGATIVE, stray, NEGATIVE, NEGATIVE])] == [0, 0, 0, 0]


def test_any_change_shows_with_the_second_window_that_says_it():
    random = np.random.default_rng(0)
    windows = list(random.dirichlet([0.5, 0.5, 0.5], 2000))
    moods = shown(windows)
    for before, window, mood in zip(windows, windows[1:], moods[1:], strict=False):
        assert mood.sum() == pytest.approx(1)
        if before.argmax() == window.argmax():
            assert mood.argmax() == window.argmax()


def test_a_change_from_a_sure_mood_is_not_held_back_longer():
    assert [mood.argmax() for mood in shown([NEGATIVE] * 5 + [POSITIVE] * 2)] == [0, 0, 0, 0, 0, 2, 2]
