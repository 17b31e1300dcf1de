"""Weights of fewer steps, for processors whose 8-bit products overflow: the real tiny.en is heard with them."""

import numpy as np
import pytest
from faster_whisper import WhisperModel

from undertone.audio import to_float
from undertone.words.engines import decoder
from undertone.words.engines.hub import find_model
from undertone.words.engines.overflow import files_in_fewer_steps, in_fewer_steps
from undertone.words.engines.recogniser import load_recogniser
from undertone.words.settings import WEIGHTS, AsrSettings

SAID = "I am so happy that you came."
WITHIN = 0.08  # of the norm: int8 is off by 0.04, by 0.055 where it overflows


@pytest.fixture(scope="module")
def folder():
    return find_model("tiny.en", wait_s=1).folder


@pytest.fixture(scope="module")
def encoded(folder, say):
    """What a model's encoder makes of a sentence: `encoded(compute_type, files)`."""

    def encode(compute_type, files=None):
        whisper = WhisperModel(str(folder), "cpu", compute_type=compute_type, files=files)
        return np.asarray(whisper.encode(whisper.feature_extractor(to_float(say(SAID)))[:, :400]))

    return encode


@pytest.mark.parametrize("on_overflow", [False, True])
def test_the_same_words_are_heard_on_both_kinds_of_processors(say, monkeypatch, on_overflow):
    monkeypatch.setattr(decoder, "overflows", lambda: on_overflow)
    assert load_recogniser(AsrSettings()).transcribe(say(SAID)).text == SAID


def test_fewer_steps_cost_next_to_nothing_and_may_be_taken_twice(folder, encoded):
    exact, files = encoded("float32"), files_in_fewer_steps(folder)
    again = {**files, WEIGHTS: in_fewer_steps(files[WEIGHTS])}  # of a model that was converted to int8
    assert len(files[WEIGHTS]) < 0.6 * (folder / WEIGHTS).stat().st_size
    for weights in (files, again):
        assert np.linalg.norm(encoded("int8", dict(weights)) - exact) < WITHIN * np.linalg.norm(exact)


def test_a_layout_that_is_not_known_is_left_alone(folder):
    weights = (folder / WEIGHTS).read_bytes()
    assert in_fewer_steps(b"\5\0\0\0" + weights[4:]) is None
    assert in_fewer_steps(weights[:5000]) is None
    assert in_fewer_steps(b"") is None
