"""Static int8 for the network part of an acoustic graph: weights per channel, activations calibrated.

The features stay in float: their values span powers of ten, which 8 bits cannot hold. Weights use 7 of the 8 bits
(`reduce_range`), because processors with AVX2 but without VNNI add pairs of products in 16 bits, which full-range
weights overflow: the same file must give the same verdicts on them.
"""

import copy
import logging
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime import quantization

from export.acoustic.graph import INPUT, feature_nodes, network_nodes
from export.onnx_file import without_traces

Waveform = NDArray[np.float32]

WEIGHTED = ("Conv", "Gemm", "MatMul")
BETWEEN = ("Relu", "MaxPool", "AveragePool", "GlobalAveragePool", "Add")  # int8 in, int8 out


class QuantizationError(ValueError):
    """The wrong nodes were quantized; the message names them."""


def quantize_network(
    model: onnx.ModelProto, waveforms: Iterable[Waveform], excluded: Sequence[str] = ()
) -> onnx.ModelProto:
    """Return `model` with every weighted node of its network in int8; `waveforms`, each (samples,), calibrate.

    Args:
        model: a float graph of export.acoustic.graph.export_graph.
        waveforms: 16 kHz speech in [-1, 1].
        excluded: names of nodes to leave in float, to see what each costs.

    Raises:
        QuantizationError: a node of the network stayed in float, or one of the features did not.
    """
    with tempfile.TemporaryDirectory() as folder, _quiet():
        output = Path(folder) / "int8.onnx"
        quantization.quantize_static(
            copy.deepcopy(model),  # it moves the weights of the model it is given to a file
            output,
            _Clips(waveforms),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=[*WEIGHTED, *BETWEEN],
            nodes_to_quantize=[node.name for node in network_nodes(model, WEIGHTED + BETWEEN)],
            nodes_to_exclude=list(excluded),
            per_channel=True,
            reduce_range=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            # The logits stay in float: 8 bits would round them for nothing.
            extra_options={"OpTypesToExcludeOutputQuantization": ["Gemm"]},
        )
        quantized = without_traces(onnx.load(output))
    check_structure(quantized, excluded)
    return quantized


def count_quantized(model: onnx.ModelProto) -> dict[str, int]:
    """Return how many nodes of each weighted type compute in int8: `{"Conv": 2, "Gemm": 1}` for the baseline."""
    names = [node.op_type for node in model.graph.node if node.op_type in WEIGHTED and _is_quantized(model, node)]
    return {kind: names.count(kind) for kind in WEIGHTED if kind in names}


def check_structure(model: onnx.ModelProto, excluded: Sequence[str] = ()) -> None:
    """Refuse a graph unless all weighted nodes of the network, and none of the features, compute in int8."""
    network = [node for node in network_nodes(model, WEIGHTED) if node.name not in excluded]
    left_in_float = [node.name for node in network if not _is_quantized(model, node)]
    features = [node.name for node in feature_nodes(model, WEIGHTED) if _is_quantized(model, node)]
    if left_in_float or features or not network:
        raise QuantizationError(
            f"of the network's {len(network)} weighted nodes {left_in_float or 'none'} stayed in float;"
            f" of the features {features or 'none'} became int8"
        )


def _is_quantized(model: onnx.ModelProto, node: onnx.NodeProto) -> bool:
    """Tell whether data and weight of `node` both come from DequantizeLinear, which a runtime fuses into int8."""
    makers = [maker for maker in model.graph.node if maker.op_type == "DequantizeLinear"]
    dequantized = {maker.output[0] for maker in makers}
    return set(node.input[:2]) <= dequantized


class _Clips(quantization.CalibrationDataReader):
    def __init__(self, waveforms: Iterable[Waveform]) -> None:
        self._inputs: Iterator[dict[str, Any]] = ({INPUT: waveform[None]} for waveform in waveforms)

    def get_next(self) -> dict[str, Any] | None:
        return next(self._inputs, None)


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back the advice to optimise the graph first: that would fold and store the DFT basis."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
