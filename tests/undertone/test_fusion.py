"""Late fusion: the arithmetic of the wire."""

import numpy as np
import pytest

from undertone.fusion import fuse, score
from undertone.probabilities import softmax

pytestmark = pytest.mark.fast

TEXT, AUDIO = [0.93, 0.05, 0.02], [0.61, 0.30, 0.09]


def test_the_example_of_the_protocol_comes_out():
    fused = fuse(TEXT, AUDIO, alpha=0.68)
    np.testing.assert_allclose(fused, [0.83, 0.13, 0.04], atol=0.005)
    assert score(fused) == pytest.approx(-0.79, abs=0.005)


def test_alpha_zero_is_the_voice_and_alpha_one_the_words():
    np.testing.assert_allclose(fuse(TEXT, AUDIO, 0.0), AUDIO)
    np.testing.assert_allclose(fuse(TEXT, AUDIO, 1.0), TEXT)


def test_without_words_the_voice_decides_whatever_alpha_is():
    np.testing.assert_allclose(fuse(None, AUDIO, 0.9), AUDIO)


def test_many_vectors_are_fused_at_once():
    fused = fuse(np.tile(TEXT, (5, 1)), np.tile(AUDIO, (5, 1)), 0.5)
    assert fused.shape == (5, 3)
    np.testing.assert_allclose(fused.sum(axis=1), 1.0)


@pytest.mark.parametrize("alpha", [-0.1, 1.1, float("nan")])
def test_an_alpha_outside_0_to_1_is_refused(alpha):
    with pytest.raises(ValueError, match="alpha"):
        fuse(TEXT, AUDIO, alpha)


@pytest.mark.parametrize("bad", [[0.5, 0.5], [0.9, 0.9, 0.9], [1.2, -0.1, -0.1], [float("nan")] * 3])
def test_what_is_no_probability_vector_is_refused_by_name(bad):
    with pytest.raises(ValueError, match="audio"):
        fuse(TEXT, bad, 0.5)


def test_softmax_is_stable_and_softened_by_temperature():
    np.testing.assert_allclose(softmax([1000.0, 0.0, 0.0]), [1, 0, 0])
    assert softmax([2.0, 0.0, 0.0], temperature=2.0)[0] < softmax([2.0, 0.0, 0.0])[0]
