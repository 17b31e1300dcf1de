"""Stage `validation_graph`: the network of step one, which never heard the validation actors, as an int8 graph.

What is tuned on those actors (the fusion) needs answers of a network that does not know them, made by the same graph
and the same rounding as the released one. It is never released. Run it as `python -m export.validation`.
"""

from collections.abc import Mapping
from typing import Any

import torch

from export.files import VALIDATION_CHECKPOINT, VALIDATION_GRAPH
from export.graph import export_graph, save_graph
from export.int8 import quantize_network
from export.quantize import calibration_clips
from training.dataset import load_features, load_waveform
from training.model import load_checkpoint
from training.params import load_params
from training.splits import main_split


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
