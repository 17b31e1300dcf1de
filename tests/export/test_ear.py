"""The graph of an ear: it says what the head says, and the service opens it."""

from dataclasses import replace

import numpy as np
import pytest
from material.made_encodings import made_clips, made_encodings
from material.tiny_ear import SETTINGS

from export.ear import ParityError, check_parity, graph_of
from export.onnx_file import save_graph
from training.ear.material import fitted
from training.params import load_params
from undertone.probabilities import softmax
from undertone.voice.ear import Ear

pytestmark = pytest.mark.fast

CLIPS = made_clips(each=2)
TABLE = made_encodings(CLIPS)


@pytest.fixture(scope="module")
def head(repository):
    params = load_params(repository / "params.yaml")
    return replace(fitted(TABLE, CLIPS, params, params["train_ear"]), temperature=0.8)


@pytest.fixture(scope="module")
def graph(head, tmp_path_factory):
    path = tmp_path_factory.mktemp("ear") / "ear.onnx"
    save_graph(graph_of(head, opset=20), path)
    return path


def test_the_service_hears_what_was_fitted(head, graph):
    ear = Ear(graph, replace(SETTINGS, prior=25))
    for vector in TABLE.vectors[::40]:
        np.testing.assert_allclose(ear.probabilities(vector), softmax(head.logits(vector[None]))[0], atol=1e-5)
        np.testing.assert_allclose(ear.residual(vector), head.residuals(vector[None])[0], atol=1e-4)


def test_the_same_head_gives_the_same_bytes(head, graph, tmp_path):
    save_graph(graph_of(head, opset=20), tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == graph.read_bytes()


def test_a_graph_that_says_something_else_is_refused(head, graph):
    check_parity(graph, head, TABLE.vectors)
    with pytest.raises(ParityError, match=r"ear\.onnx: logits differs by"):
        check_parity(graph, replace(head, bias=head.bias + np.arange(8)), TABLE.vectors)
