"""Stage `export_ear`: the heads of the recogniser's ear as ONNX graphs, compared with what was fitted.

The graph is what undertone/voice/ear.py opens: `encoding` (n, width) in; `logits` (n, 3) and `residual` (n, width), the
encoding without the emotions heard in it, out. Run it as `python -m export.ear`.
"""

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from export.builder import Builder
from export.onnx_file import save_graph
from training.ear.head import Head
from training.ear.stored import load_head
from training.encoder.table import load_encodings
from training.files import EAR_GRAPH, EAR_HEAD, VALIDATION_EAR_GRAPH, VALIDATION_EAR_HEAD
from training.params import load_params
from undertone.labels import LABELS
from undertone.onnx_session import open_session

GRAPHS = {EAR_GRAPH: EAR_HEAD, VALIDATION_EAR_GRAPH: VALIDATION_EAR_HEAD}
TOLERANCE = 1e-3  # of logits and of encodings, largest absolute difference: float32 against float64
COMPARED = 200  # encodings


class ParityError(ValueError):
    """A graph does not say what its head says."""


def graph_of(head: Head, opset: int) -> onnx.ModelProto:
    """Return `head` as a graph; see undertone/voice/ear.py for its inputs and outputs."""
    width = len(head.centre)
    build = _Floats()
    standard = build.add("Div", build.add("Sub", "encoding", build.floats(head.centre)), build.floats(head.scale))
    emotions = build.add("Div", build.product(standard, head), build.flattening(standard, head.familiar))
    each = build.add("LogSoftmax", emotions, axis=1)
    sums = [
        build.add("ReduceLogSumExp", build.add("Gather", each, build.integers(*own), axis=1), build.integers(1))
        for own in head.groups
    ]
    even = build.add("Sub", build.add("Concat", *sums, axis=1), build.floats(np.log(head.shares)))
    build.add("Div", even, build.floats(np.array([head.temperature])), output="logits")
    told = build.add("MatMul", build.add("Exp", each), build.floats(head.means))
    build.add("Sub", "encoding", told, output="residual")
    shapes = {"encoding": width, "logits": len(LABELS), "residual": width}
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size]) for name, size in shapes.items()]
    like = helper.make_graph([], "ear", values[:1], values[1:])
    return build.model(helper.make_model(like, opset_imports=[helper.make_opsetid("", opset)], ir_version=10))


class _Floats(Builder):
    """The parts of the graph of an ear."""

    def floats(self, values: NDArray[np.floating]) -> str:
        return self.constant(np.asarray(values, dtype=np.float32))

    def product(self, standard: str, head: Head) -> str:
        return self.add("Add", self.add("MatMul", standard, self.floats(head.weight)), self.floats(head.bias))

    def flattening(self, standard: str, familiar: float) -> str:
        """How many times further than `familiar` an encoding lies, at least 1."""
        power = self.add("ReduceMean", self.add("Mul", standard, standard), self.integers(1))
        distance = self.add("Div", self.add("Sqrt", power), self.floats(np.array([familiar])))
        return self.add("Max", distance, self.floats(np.array([1.0])))


def check_parity(path: Path, head: Head, encodings: NDArray[np.float32]) -> None:
    """Return where the graph says what `head` says of `encodings` (n, width).

    Raises:
        ParityError: it does not, by more than `TOLERANCE`.
    """
    logits, residual = open_session(path).run(["logits", "residual"], {"encoding": encodings})
    wanted = {"logits": (logits, head.logits(encodings)), "residual": (residual, head.residuals(encodings))}
    for name, (found, fitted) in wanted.items():
        if (difference := float(np.abs(found - fitted).max())) > TOLERANCE:
            raise ParityError(
                f"{path}: {name} differs by {difference:.2g} from what was fitted; {TOLERANCE:g} is allowed"
            )


def main() -> None:
    """Run the stage with params.yaml."""
    opset, vectors = load_params()["export"]["opset"], load_encodings().vectors
    for path, fitted in GRAPHS.items():
        head = load_head(fitted)
        save_graph(graph_of(head, opset), path)
        check_parity(path, head, vectors[:: max(1, len(vectors) // COMPARED)])


if __name__ == "__main__":
    main()
