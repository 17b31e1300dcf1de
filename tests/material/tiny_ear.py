"""An ear small enough to be made by a test: its logits are single numbers of the encoding."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from undertone.manifest import EAR_FILE, EarSettings, describe, load, save

WEIGHTS = "e" * 64  # sha256 of the recogniser that it belongs to
SETTINGS = EarSettings(recogniser_sha256=WEIGHTS, recogniser="tiny.en", weight=0.5, temperature=1.0)


def make_ear(path: Path, width: int = 4, residual: bool = False, labels: int = 3, tells_width: bool = True) -> Path:
    """Write an ear of encodings (n, width): its logits are the first numbers. Its `residual` is half of an encoding."""
    matrix = np.eye(width, labels, dtype=np.float32)
    nodes = [helper.make_node("MatMul", ["encoding", "matrix"], ["logits"])]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", labels])]
    constants = [numpy_helper.from_array(matrix, "matrix")]
    if residual:
        constants.append(numpy_helper.from_array(np.array([0.5], np.float32), "half"))
        nodes.append(helper.make_node("Mul", ["encoding", "half"], ["residual"]))
        outputs.append(helper.make_tensor_value_info("residual", TensorProto.FLOAT, ["n", width]))
    inputs = [helper.make_tensor_value_info("encoding", TensorProto.FLOAT, ["n", width if tells_width else "width"])]
    graph = helper.make_graph(nodes, "ear", inputs, outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    return path


def add_ear(release: Path, settings: EarSettings = SETTINGS, **graph: bool) -> Path:
    """Write an ear into `release` and its manifest, and return the folder."""
    make_ear(release / EAR_FILE, **graph)
    manifest = load(release)
    files = {**manifest.files, EAR_FILE: describe(release / EAR_FILE)}
    save(replace(manifest, files=files, ear=settings), release)
    return release


def encoding(negative: float, neutral: float, positive: float) -> NDArray[np.float32]:
    """Return an encoding (4,) of which the ear has these logits."""
    return np.array([negative, neutral, positive, 0], np.float32)
