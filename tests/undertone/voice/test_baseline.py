"""A speaker's own baseline: what a session learns of how somebody usually sounds, and how far it is believed."""

import numpy as np
import pytest
from material.tiny_ear import SETTINGS

from undertone.voice.baseline import Baseline, no_baseline

pytestmark = pytest.mark.fast

LEARNED = np.array([1.0, -1.0], np.float32)


def test_the_first_utterance_is_heard_as_it_is():
    first = np.array([3.0, 5.0], np.float32)
    np.testing.assert_array_equal(Baseline(LEARNED, prior=2.0).shift(first), first)


def test_the_difference_from_what_was_learned_is_taken_out_the_more_the_more_was_heard():
    baseline, speaker = Baseline(LEARNED, prior=2.0), np.array([3.0, 5.0], np.float32)
    for count in range(1, 6):
        baseline.add(speaker)
        shifted = baseline.shift(speaker)
        np.testing.assert_allclose(shifted, speaker - count / (count + 2) * (speaker - LEARNED), rtol=1e-6)
        assert shifted.dtype == np.float32


def test_it_is_the_mean_of_all_utterances_that_counts():
    baseline = Baseline(LEARNED, prior=2.0)
    for value in (0.0, 4.0):
        baseline.add(np.full(2, value, np.float32))
    np.testing.assert_allclose(baseline.shift(LEARNED), LEARNED - 0.5 * (2.0 - LEARNED))


def test_a_speaker_who_sounds_as_those_learned_from_changes_nothing():
    baseline, said = Baseline(LEARNED, prior=2.0), np.array([7.0, 7.0], np.float32)
    baseline.add(LEARNED)
    np.testing.assert_array_equal(baseline.shift(said), said)


def test_a_release_without_ear_or_prior_says_so():
    assert no_baseline(None) == "the release has no ear"
    assert no_baseline(SETTINGS) == "the release has no prior for it"
