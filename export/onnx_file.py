"""A graph on its way into a file and into a session: the same weights give the same bytes, written in one step."""

import copy
from pathlib import Path

import onnx
import onnxruntime

from undertone.onnx_session import open_session


def without_traces(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return `model` without what tells where it was made: stack traces with file paths, versions, inferred shapes."""
    clean = copy.deepcopy(model)
    clean.ClearField("producer_version")
    clean.graph.ClearField("value_info")
    graph = clean.graph
    for part in (clean, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    return clean


def save_graph(model: onnx.ModelProto, path: Path) -> None:
    """Write `model` to `path` in one step, after onnx has checked it."""
    onnx.checker.check_model(model, full_check=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(model.SerializeToString(deterministic=True))
    partial.replace(path)


def session_of(model: onnx.ModelProto | Path, threads: int = 1) -> onnxruntime.InferenceSession:
    """Return a CPU session of `model`, made as the service makes its own."""
    return open_session(model if isinstance(model, Path) else model.SerializeToString(), threads)
