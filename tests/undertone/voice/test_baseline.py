"""A speaker's own baseline: what a session learns of how somebody usually sounds, and how far it is believed."""

import numpy as np
import pytest
from material.tiny_ear import SETTINGS

from undertone.voice.baseline import Baseline, no_baseline

pytestmark = pytest.mark.fast

SPEAKER, FEELING = np.array([2.0, -3.0], np.float32), np.array([0.0, 5.0], np.float32)


def after(count, prior=2.0):
    """A baseline that heard SPEAKER so often, with a feeling that the ear recognised each time."""
    baseline = Baseline(prior)
    for _ in range(count):
        baseline.add(baseline.without(SPEAKER + FEELING) - FEELING)
    return baseline


def test_the_first_utterance_is_heard_as_it_is():
    np.testing.assert_array_equal(Baseline(2.0).without(SPEAKER), SPEAKER)


@pytest.mark.parametrize("count", [1, 2, 5, 100])
def test_the_speaker_is_taken_out_the_more_the_more_was_heard(count):
    left = after(count).without(SPEAKER + FEELING)
    np.testing.assert_allclose(left, FEELING + SPEAKER * 2 / (count + 2), rtol=1e-5, atol=1e-6)
    assert left.dtype == np.float32


def test_a_feeling_that_goes_on_for_the_whole_session_is_not_taken_for_the_speaker():
    np.testing.assert_allclose(after(10_000).without(SPEAKER + FEELING), FEELING, atol=1e-2)


def test_a_large_prior_believes_late():
    np.testing.assert_allclose(after(2, prior=38.0).without(SPEAKER), SPEAKER * 38 / 40, rtol=1e-6)


def test_a_release_without_ear_or_prior_says_so():
    assert no_baseline(None) == "the release has no ear"
    assert no_baseline(SETTINGS) == "the release has no prior for it"
