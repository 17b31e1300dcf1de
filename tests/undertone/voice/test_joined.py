"""The acoustic graph and the recogniser's ear joined: the rule, and when the first speaks alone. Tiny graphs."""

from dataclasses import replace

import numpy as np
import pytest
from material.tiny_ear import SETTINGS, WEIGHTS, encoding, make_ear

from undertone.voice.ear import Ear
from undertone.voice.joined import JoinedEars, joined

pytestmark = pytest.mark.fast

CNN = np.array([0.2, 0.5, 0.3])
SAD = encoding(5, 0, 0)


@pytest.fixture
def ear(tmp_path):
    return Ear(make_ear(tmp_path / "ear.onnx"), SETTINGS)


@pytest.fixture
def adaptive_ear(tmp_path):
    return Ear(make_ear(tmp_path / "ear.onnx", residual=True), replace(SETTINGS, prior=1.0))


def test_both_are_joined_by_their_weighted_mean_log_probabilities():
    other = np.array([0.7, 0.2, 0.1])
    expected = CNN**0.75 * other**0.25
    rule = replace(SETTINGS, weight=0.25)
    np.testing.assert_allclose(joined(CNN, other, rule), expected / expected.sum())
    expected = expected**0.5
    np.testing.assert_allclose(joined(CNN, other, replace(rule, temperature=2.0)), expected / expected.sum())


def test_many_utterances_are_joined_at_once():
    other = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    rows = [joined(CNN, row, SETTINGS) for row in other]
    np.testing.assert_array_equal(joined(np.stack([CNN, CNN]), other, SETTINGS), np.stack(rows))


def test_no_ear_alone_rules_a_label_out():
    both = joined(np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.5, 0.5]), SETTINGS)
    assert np.isfinite(both).all()
    assert both[0] == both.max()


def test_the_ear_is_heard_beside_the_acoustic_graph(ear):
    heard = JoinedEars(ear).hear(CNN, SAD, WEIGHTS)
    np.testing.assert_array_equal(heard.encoder, ear.probabilities(SAD))
    np.testing.assert_array_equal(heard.joined, joined(CNN, heard.encoder, SETTINGS))
    assert heard.cnn is CNN
    assert heard.joined.argmax() == 0


@pytest.mark.parametrize(
    ("vector", "weights"), [(None, None), (SAD, "a" * 64), (SAD, None), (np.full(4, np.nan, np.float32), WEIGHTS)]
)
def test_without_an_encoding_of_its_recogniser_the_acoustic_graph_speaks_alone(ear, vector, weights):
    heard = JoinedEars(ear).hear(CNN, vector, weights)
    assert heard.joined is heard.cnn is CNN
    assert heard.encoder is None


def test_a_release_without_an_ear_hears_as_ever():
    assert JoinedEars(None, adaptive=True).hear(CNN, SAD, WEIGHTS).joined is CNN


def test_an_adaptive_session_hears_each_utterance_against_those_before_it(adaptive_ear):
    ears = JoinedEars(adaptive_ear, adaptive=True)
    first, second = ears.hear(CNN, SAD, WEIGHTS), ears.hear(CNN, SAD, WEIGHTS)
    np.testing.assert_array_equal(first.encoder, adaptive_ear.probabilities(SAD))
    np.testing.assert_allclose(second.encoder, adaptive_ear.probabilities(SAD - (SAD / 2) / 2), rtol=1e-6)


def test_what_nobody_said_teaches_nothing_of_the_speaker(adaptive_ear):
    ears = JoinedEars(adaptive_ear, adaptive=True)
    for _ in range(3):
        heard = ears.hear(CNN, SAD, WEIGHTS, spoken=False)
    np.testing.assert_array_equal(heard.encoder, adaptive_ear.probabilities(SAD))


def test_a_session_that_asks_for_no_baseline_has_none(adaptive_ear):
    ears = JoinedEars(adaptive_ear)
    heard = [ears.hear(CNN, SAD, WEIGHTS).encoder for _ in range(3)]
    np.testing.assert_array_equal(heard[2], heard[0])
