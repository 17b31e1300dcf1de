"""The voice of one second, waveform to probabilities: int8 ONNX, float ONNX, torchaudio + torch eager."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from export.onnx_file import session_of
from training.acoustic.model import load_checkpoint
from training.features.mfcc import mfcc_transform
from training.files import CHECKPOINT, FLOAT_GRAPH
from training.params import load_params
from undertone.probabilities import softmax

Engine = Callable[[np.ndarray], object]


def onnx_engine(model: onnx.ModelProto | Path) -> Engine:
    """Return waveform (1, samples) -> probabilities (1, 3) by ONNX Runtime."""
    session = session_of(model)
    return lambda waveform: softmax(session.run(["logits"], {"waveform": waveform})[0])


def folded_engine(path: Path) -> Engine:
    """Return the float graph with its DFT basis stored in the file, to see what computing it costs."""
    options, folded = onnxruntime.SessionOptions(), path.with_suffix(".folded")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(folded)
    try:
        onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        return onnx_engine(onnx.load(folded))
    finally:
        folded.unlink(missing_ok=True)


def torch_engine() -> Engine:
    """Return waveform (1, samples) -> probabilities (1, 3) by torchaudio's MFCC and the checkpoint."""
    torch.set_num_threads(1)
    transform, network = mfcc_transform(load_params()["features"]), load_checkpoint(CHECKPOINT)

    def run(waveform: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return softmax(network(transform(torch.from_numpy(waveform))).numpy())

    return run


def trained_engines() -> dict[str, Engine]:
    """Return the engines of what `dvc repro quantize` leaves here; none on a clone that trained nothing."""
    if not (CHECKPOINT.is_file() and FLOAT_GRAPH.is_file()):
        return {}
    return {
        "torchaudio + torch eager": torch_engine(),
        "float ONNX": onnx_engine(FLOAT_GRAPH),
        "float ONNX, DFT stored": folded_engine(FLOAT_GRAPH),
    }
