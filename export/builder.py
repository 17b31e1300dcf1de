"""Writes an ONNX graph node by node."""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from undertone.audio import Floats


class Builder:
    """Nodes and constants under numbered names; every method returns the name of what it computes."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, values: NDArray[np.generic]) -> str:
        """Store `values`."""
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def integers(self, *values: int) -> str:
        """Store `values` as int64, for shapes and axes."""
        return self.constant(np.array(values, dtype=np.int64))

    def add(self, kind: str, *inputs: str, output: str | None = None, **attributes: object) -> str:
        """Add a node with one output."""
        output = output or f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def mirrored(self, samples: str, count: int) -> str:
        """Append the mirrored last `count` of `samples` (n, samples)."""
        return self.add("Pad", samples, self.integers(0, 0, 0, count), mode="reflect")

    def surrounded(self, positions: str) -> str:
        """Put one position of zeros before and after `positions` (n, positions, channels)."""
        return self.add("Pad", positions, self.integers(0, 1, 0, 0, 1, 0))

    def joined(self, positions: str, ranges: list[tuple[int, int, int]]) -> str:
        """Put ranges (start, end, step) of `positions` (n, positions, channels) side by side as channels."""
        axis = self.integers(1)
        parts = [
            self.add("Slice", positions, self.integers(start), self.integers(end), axis, self.integers(step))
            for start, end, step in ranges
        ]
        return self.add("Concat", *parts, axis=2)

    def split(self, values: str) -> tuple[str, str]:
        """Cut `values` (n, positions, channels) into halves of the channels."""
        outputs = [f"split_{len(self._nodes)}_{half}" for half in range(2)]
        self._nodes.append(helper.make_node("Split", [values], outputs, axis=2, num_outputs=2))
        return outputs[0], outputs[1]

    def rows(self, values: str, width: int) -> str:
        """Reshape `values` to (rows, width)."""
        return self.add("Reshape", values, self.integers(-1, width))

    def layer(self, values: str, weight: Floats, bias: Floats) -> str:
        """Return relu(values @ weight + bias)."""
        product = self.add("MatMul", values, self.constant(weight))
        return self.add("Relu", self.add("Add", product, self.constant(bias)))

    def lstm(self, steps: str, weights: list[str], hidden: int) -> str:
        """Run an LSTM over `steps` (n, 1, inputs), from the graph's inputs h and c to its outputs hn and cn."""
        heard = f"lstm_{len(self._nodes)}"
        node = helper.make_node("LSTM", [steps, *weights, "", "h", "c"], [heard, "hn", "cn"], hidden_size=hidden)
        self._nodes.append(node)
        return heard

    def model(self, like: onnx.ModelProto) -> onnx.ModelProto:
        """Return all of it as a graph with the inputs and outputs of `like`."""
        graph = helper.make_graph(self._nodes, like.graph.name, like.graph.input, like.graph.output, self._constants)
        return helper.make_model(graph, opset_imports=like.opset_import, ir_version=like.ir_version)
