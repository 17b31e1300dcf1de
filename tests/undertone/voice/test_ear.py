"""The recogniser's ear: what its graph must be, what it hears, and beside which recogniser it is silent."""

from dataclasses import replace

import numpy as np
import pytest
from material.tiny_ear import SETTINGS, WEIGHTS, encoding, make_ear

from undertone.manifest import ManifestError
from undertone.voice.ear import Ear, describe_ear

pytestmark = pytest.mark.fast

ADAPTIVE = replace(SETTINGS, prior=2.0)


def test_its_probabilities_are_the_softmax_of_the_logits(tmp_path):
    ear = Ear(make_ear(tmp_path / "ear.onnx"), SETTINGS)
    odds = np.exp([1.0, 0.0, 2.0])
    np.testing.assert_allclose(ear.probabilities(encoding(1, 0, 2)), odds / odds.sum(), rtol=1e-6)


def test_it_tells_what_is_left_of_the_speaker_where_baselines_are_released(tmp_path):
    ear = Ear(make_ear(tmp_path / "ear.onnx", residual=True), ADAPTIVE)
    assert ear.residual(encoding(2, 0, 4)).tolist() == [1, 0, 2, 0]
    with pytest.raises(ManifestError, match=r"ear\.onnx gives no residual"):
        Ear(make_ear(tmp_path / "ear.onnx"), ADAPTIVE)


def test_another_number_of_logits_is_refused(tmp_path):
    with pytest.raises(ManifestError, match=r"gives logits of shape \(1, 2\) for one encoding, not \(1, 3\)"):
        Ear(make_ear(tmp_path / "ear.onnx", labels=2), SETTINGS)


def test_a_graph_that_does_not_say_how_wide_an_encoding_is_is_refused(tmp_path):
    with pytest.raises(ManifestError, match=r"does not say how wide an encoding is: \(n, width\)"):
        Ear(make_ear(tmp_path / "ear.onnx", tells_width=False), SETTINGS)


def test_a_graph_of_another_kind_is_refused(tiny_release):
    with pytest.raises(ManifestError, match=r"takes \['waveform'\]; an ear takes \['encoding'\]"):
        Ear(tiny_release / "acoustic.int8.onnx", SETTINGS)


@pytest.mark.parametrize(
    ("settings", "weights", "reason"),
    [
        (None, WEIGHTS, "the release has no ear"),
        (SETTINGS, None, "the recogniser has no encoder"),
        (SETTINGS, "a" * 64, "the recogniser is another one than the ear was trained on"),
    ],
)
def test_it_says_why_it_is_silent(settings, weights, reason):
    assert describe_ear(settings, weights) == {"active": False, "reason": reason}


def test_beside_its_own_recogniser_it_hears(tmp_path):
    assert describe_ear(SETTINGS, WEIGHTS) == {"active": True}
    ear = Ear(make_ear(tmp_path / "ear.onnx"), SETTINGS)
    assert ear.hears(WEIGHTS)
    assert not ear.hears("a" * 64)
    assert not ear.hears(None)
