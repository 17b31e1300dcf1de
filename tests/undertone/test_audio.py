"""What audio is: the way between int16 and float, and that nothing of it has a second home."""

import doctest
import re

import numpy as np
import pytest

import undertone.audio
from undertone.audio import FULL_SCALE, to_float, to_int16

pytestmark = pytest.mark.fast


def test_every_sample_comes_back_as_it_went():
    every = np.arange(-FULL_SCALE, FULL_SCALE).astype(np.int16)
    assert to_float(every).dtype == np.float32
    assert (to_int16(to_float(every)) == every).all()


def test_halves_are_rounded_to_even_and_what_is_louder_is_clipped():
    halves = np.array([0.5, 1.5, -0.5, 2 * FULL_SCALE, -2 * FULL_SCALE], np.float32) / FULL_SCALE
    assert to_int16(halves).tolist() == [0, 2, 0, 32767, -32768]


def test_the_examples_hold():
    assert doctest.testmod(undertone.audio).failed == 0


def test_the_types_the_rate_and_the_frame_are_defined_once(repository):
    once = re.compile(r"^(Samples|Floats|RATE_HZ|SAMPLE_RATE_HZ|SAMPLES_PER_MS|FRAME_SAMPLES) = ", re.MULTILINE)
    rooms = ("undertone", "serving", "training", "export", "benchmarks")
    files = [path for room in rooms for path in sorted((repository / room).rglob("*.py"))]
    homes = {str(path.relative_to(repository)) for path in files if once.search(path.read_text(encoding="utf-8"))}
    assert homes == {"undertone/audio.py"}
