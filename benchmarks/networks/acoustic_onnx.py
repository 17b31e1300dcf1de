"""How long the voice of one second takes, waveform to probabilities: int8 ONNX, float ONNX, torchaudio + torch eager.

One thread each, the runs interleaved so that all three meet the same machine. Run it after `dvc repro quantize`:

    python benchmarks/networks/acoustic_onnx.py --runs 1000
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from rich.console import Console
from rich.table import Table

from export.onnx_file import session_of
from training.acoustic.model import load_checkpoint
from training.corpora.ravdess.clips import load_features, load_waveform
from training.features.mfcc import mfcc_transform
from training.files import CHECKPOINT, FLOAT_GRAPH, INT8_GRAPH, existing
from training.params import load_params
from undertone.probabilities import softmax

Engine = Callable[[np.ndarray], np.ndarray]


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
    transform, network = mfcc_transform(load_params()["features"]), load_checkpoint(CHECKPOINT)

    def run(waveform: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return softmax(network(transform(torch.from_numpy(waveform))).numpy())

    return run


def measure(engines: dict[str, Engine], waveform: np.ndarray, runs: int) -> dict[str, np.ndarray]:
    """Return milliseconds of `runs` runs of each engine, interleaved, after a tenth as many to warm up."""
    taken: dict[str, list[float]] = {name: [] for name in engines}
    names = list(engines)
    for index in range(runs + runs // 10):
        turn = index % len(names)  # or each would always find the caches that the same other one left
        for name in names[turn:] + names[:turn]:
            start = time.perf_counter()
            engines[name](waveform)
            if index >= runs // 10:
                taken[name].append(1000 * (time.perf_counter() - start))
    return {name: np.array(values) for name, values in taken.items()}


def table(taken: dict[str, np.ndarray]) -> Table:
    """Return medians, 95th percentiles and ratios to the first engine."""
    report = Table("engine", "median ms", "p95 ms", "times int8", title="1 s of audio -> probabilities, one thread")
    first = np.median(next(iter(taken.values())))
    for name, values in taken.items():
        median, p95 = np.median(values), np.quantile(values, 0.95)
        report.add_row(name, f"{median:.3f}", f"{p95:.3f}", f"{median / first:.2f}")
    return report


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    engines = {
        "int8 ONNX": onnx_engine(existing(INT8_GRAPH)),
        "float ONNX": onnx_engine(existing(FLOAT_GRAPH)),
        "float ONNX, DFT stored": folded_engine(FLOAT_GRAPH),
        "torchaudio + torch": torch_engine(),
    }
    clip = next(clip for clip in load_features() if clip.actor in load_params()["split"]["test_actors"])
    waveform = load_waveform(clip)[None, : load_params()["features"]["sample_rate_hz"]]
    Console().print(table(measure(engines, waveform, arguments.runs)))


if __name__ == "__main__":
    main()
