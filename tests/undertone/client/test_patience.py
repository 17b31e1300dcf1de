"""When to come again to a server that has no room."""

import math

import pytest

from undertone.client.patience import Patience, waiting_time_s

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("told", [None, "5", True, -1, math.nan, math.inf])
def test_what_is_no_time_is_no_invitation(told):
    assert waiting_time_s(told) is None
    assert Patience(60).delay_s(told) is None


def test_without_patience_nothing_is_waited_for():
    assert Patience(0).delay_s(5) is None


def test_it_counts_from_the_first_refusal_and_tries_a_last_time_when_it_ends():
    now = iter([100.0, 105.0, 110.0, 112.0])
    patience = Patience(12, clock=lambda: next(now))
    assert [patience.delay_s(5) for _ in range(4)] == [5, 5, 2, None]


def test_a_server_that_says_at_once_is_not_stormed():
    assert Patience(60).delay_s(0) == 0.1
