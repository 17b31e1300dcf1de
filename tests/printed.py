"""Comparing what is printed with what a page says: the networks' last digits depend on the kind of processor."""

import re

import pytest

_SCORE = re.compile(r"[-+]?\d+\.\d\d\b")
WITHIN = 0.05  # scores in [-1, 1] and weights in [0, 1], of int8 networks on processors with and without VNNI


def assert_printed(printed, expected):
    """Assert that the texts are the same, but for scores of two decimals, which may be `WITHIN` of each other."""
    assert _SCORE.sub("0.00", printed) == _SCORE.sub("0.00", expected)
    told = [float(score) for score in _SCORE.findall(printed)]
    assert told == pytest.approx([float(score) for score in _SCORE.findall(expected)], abs=WITHIN)
