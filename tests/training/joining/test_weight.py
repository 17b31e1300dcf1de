"""How much the ear counts beside the network: the weight and temperature of least log loss."""

import numpy as np
import pytest

from training.joining.weight import choose_joining

pytestmark = pytest.mark.fast

RNG = np.random.default_rng(0)
ACTUAL = RNG.integers(3, size=600)


def witness(skill):
    """Probabilities (600, 3) that lean to the right label the more `skill` they have."""
    logits = RNG.normal(size=(600, 3)) + skill * np.eye(3)[ACTUAL]
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def test_of_two_that_know_as_much_each_counts_half_and_both_are_better_than_one():
    one, other = witness(1.5), witness(1.5)
    chosen = choose_joining(one, other, ACTUAL)
    assert 0.35 <= chosen.weight <= 0.65
    both = chosen.probabilities(one, other)
    assert np.mean(both.argmax(axis=1) == ACTUAL) > np.mean(one.argmax(axis=1) == ACTUAL) + 0.03


def test_one_that_knows_nothing_hardly_counts():
    assert choose_joining(witness(1.5), witness(0.0), ACTUAL).weight <= 0.1
    assert choose_joining(witness(0.0), witness(1.5), ACTUAL).weight >= 0.9


def test_witnesses_that_know_apart_may_be_surer_together():
    assert choose_joining(witness(1.5), witness(1.5), ACTUAL).temperature < 1.0
