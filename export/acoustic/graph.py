"""Writes the acoustic network as one ONNX graph: input `waveform` (batch, samples), output `logits` (batch, 3).

The tensor between features and network keeps the name `mfcc` inside the graph. That name is how quantization tells the
two apart (export/acoustic/quantize.py) and how parity gets at the features (`with_features`). The same weights give the
same bytes: nothing of the machine that exported stays in the file.
"""

import copy
import logging
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import onnx
import torch
from onnxscript import optimizer
from torch import Tensor, nn

from export.acoustic.waveform import WaveformNet
from export.onnx_file import without_traces
from training.acoustic.resnet import fused

INPUT, OUTPUT, FEATURES = "waveform", "logits", "mfcc"
# Constants above so many elements stay computed: the optimizer would fold the DFT basis and store it.
LARGEST_FOLDED = 1024


def export_graph(network: nn.Module, features: Mapping[str, Any], opset: int) -> onnx.ModelProto:
    """Return the ONNX graph of waveform -> MFCC -> `network` (MFCC (batch, n_mfcc, frames) -> logits (batch, 3)).

    Batch and samples are dynamic; at least `n_fft` samples are needed. A network that decides by the number of frames
    is fixed silently at its decision for one second: check the graph with export.acoustic.parity.
    """
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # or it reports each operator of absent torchvision
    with warnings.catch_warnings():
        # torch 2.13 copies its own tree specs in a way that it deprecates itself.
        warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
        program = torch.onnx.export(
            _WithFeatures(features, fused(copy.deepcopy(network))).eval(),
            (torch.zeros(2, features["sample_rate_hz"]),),
            dynamo=True,
            opset_version=opset,
            input_names=[INPUT],
            output_names=[OUTPUT, FEATURES],
            dynamic_shapes=({0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC},),
            optimize=False,
            verbose=False,
        )
    assert program is not None
    optimizer.optimize_ir(program.model, input_size_limit=LARGEST_FOLDED, output_size_limit=LARGEST_FOLDED)
    return without_traces(_with_named_dimensions(_without_output(program.model_proto, FEATURES)))


def with_features(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return `model` with the features as a second output `mfcc` (batch, n_mfcc, frames), for parity checks."""
    extended = copy.deepcopy(model)
    shape = ["batch", "coefficients", "frames"]
    extended.graph.output.append(onnx.helper.make_tensor_value_info(FEATURES, onnx.TensorProto.FLOAT, shape))
    return extended


def network_nodes(model: onnx.ModelProto, kinds: Iterable[str]) -> list[onnx.NodeProto]:
    """Return the nodes of these operator types that belong to the network, not to the features, in graph order."""
    inside, wanted = _feature_nodes(model), set(kinds)
    return [node for node in model.graph.node if node.op_type in wanted and node.name not in inside]


def feature_nodes(model: onnx.ModelProto, kinds: Iterable[str]) -> list[onnx.NodeProto]:
    """Return the nodes of these operator types that compute the features, in graph order."""
    inside, wanted = _feature_nodes(model), set(kinds)
    return [node for node in model.graph.node if node.op_type in wanted and node.name in inside]


class _WithFeatures(WaveformNet):
    def forward(self, waveform: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        mfcc = self.features(waveform)
        return self.network(mfcc), mfcc


def _without_output(model: onnx.ModelProto, name: str) -> onnx.ModelProto:
    trimmed = copy.deepcopy(model)
    kept = [output for output in model.graph.output if output.name != name]
    trimmed.graph.ClearField("output")
    trimmed.graph.output.extend(kept)
    return trimmed


def _with_named_dimensions(model: onnx.ModelProto) -> onnx.ModelProto:
    """Name the dynamic dimensions as the serving side knows them."""
    (waveform,), (logits,) = model.graph.input, model.graph.output
    for value, names in ((waveform, ("batch", "samples")), (logits, ("batch",))):
        for dimension, name in zip(value.type.tensor_type.shape.dim, names, strict=False):
            dimension.dim_param = name
    return model


def _feature_nodes(model: onnx.ModelProto) -> set[str]:
    """Return the names of all nodes that the tensor `mfcc` is computed from."""
    maker = {output: node for node in model.graph.node for output in node.output}
    if FEATURES not in maker:
        raise ValueError(f"the graph has no tensor {FEATURES!r}: it was not made by export.acoustic.graph.export_graph")
    found: set[str] = set()
    waiting = [FEATURES]
    while waiting:
        node = maker.get(waiting.pop())
        if node is not None and node.name not in found:
            found.add(node.name)
            waiting.extend(node.input)
    return found
