"""Silero as it is served: another form of the published network, which hears the same."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
from conftest import ROOT
from onnx import helper, numpy_helper

from export.onnx_file import save_graph
from export.silero import SileroError, as_products, largest_difference
from training.features.silero import PUBLISHED, published_silero
from training.params import load_params
from undertone.audio_file import read
from undertone.gate.listener import utterances
from undertone.gate.settings import vad_settings
from undertone.gate.silero import SileroModel
from undertone.manifest import VAD_FILE

SPOKEN = sorted((ROOT / "data" / "samples").glob("*.flac"))


@pytest.fixture(scope="module")
def published():
    return onnx.load(PUBLISHED)


@pytest.fixture(scope="module")
def products(published):
    return as_products(published)


@pytest.mark.parametrize("path", SPOKEN[:4], ids=lambda path: path.stem)
def test_probabilities_agree_within_one_in_a_hundred_thousand(published, products, path):
    assert largest_difference(products, published, read(path).astype(np.float32) / 32768) <= 1


def test_other_weights_are_noticed(published):
    changed = onnx.ModelProto.FromString(published.SerializeToString())
    (bias,) = (tensor for tensor in changed.graph.initializer if tensor.name == "decoder.conv1d.bias")
    bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + 1e-3, bias.name))
    speech = read(SPOKEN[0]).astype(np.float32) / 32768
    assert largest_difference(as_products(changed), published, speech) > 1


def test_the_same_utterances_are_heard(products, tmp_path):
    vad = vad_settings(load_params(ROOT / "params.yaml")["vad"])
    save_graph(products, tmp_path / VAD_FILE)
    served = SileroModel(tmp_path / VAD_FILE)
    for path in SPOKEN:
        found, wanted = (utterances(read(path), network, vad) for network in (served, published_silero()))
        assert [replace(event, speech_prob=0.0) for event in found] == [
            replace(event, speech_prob=0.0) for event in wanted
        ]
        clear = [event.speech_prob for event in wanted]
        assert [event.speech_prob for event in found] == pytest.approx(clear, abs=1e-5)


def test_another_network_is_refused_with_what_is_wrong_about_it():
    other = helper.make_model(helper.make_graph([], "other", [], []))
    with pytest.raises(SileroError, match="has nothing where v6 has encoder"):
        as_products(other)
