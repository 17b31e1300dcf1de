"""Stage `validation_graph`: the network of step one, which never heard the validation actors, as an int8 graph.

What is tuned on those actors (the fusion) needs answers of a network that does not know them, made by the same graph
and the same rounding as the released one. It is never released. Run it as `python -m export.acoustic.validation`.
"""

from collections.abc import Mapping
from typing import Any

import torch

from export.acoustic.graph import export_graph
from export.acoustic.int8 import quantize_network
from export.acoustic.quantize import calibration_clips
from export.onnx_file import save_graph
from training.acoustic.model import load_checkpoint
from training.corpora.ravdess.clips import load_features, load_waveform
from training.corpora.ravdess.splits import main_split
from training.files import VALIDATION_CHECKPOINT, VALIDATION_GRAPH
from training.params import load_params


def export_validation(network: torch.nn.Module, params: Mapping[str, Any]) -> None:
    """Write the int8 graph of `network`, calibrated on the actors that it was fitted on."""
    torch.set_num_threads(1)
    settings = params["quantize"]
    fit = main_split(params["split"]).fit
    chosen = calibration_clips(load_features(), fit, settings["calibration_clips"], settings["seed"])
    graph = export_graph(network, params["features"], params["export"]["opset"])
    save_graph(quantize_network(graph, [load_waveform(clip) for clip in chosen]), VALIDATION_GRAPH)


if __name__ == "__main__":
    export_validation(load_checkpoint(VALIDATION_CHECKPOINT), load_params())
