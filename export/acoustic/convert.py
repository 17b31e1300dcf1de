"""Stage `export_acoustic`: the trained network as a float ONNX graph, refused where it differs from torch.

Run it as `python -m export.acoustic.convert`.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from export.acoustic.graph import export_graph
from export.acoustic.parity import BATCHES, LENGTHS_S, ParityError, Waveform, grid, largest_differences
from export.onnx_file import save_graph
from training.acoustic.model import load_checkpoint
from training.corpora.ravdess.clips import load_features, load_waveform
from training.files import CHECKPOINT, EXPORT_METRICS, FLOAT_GRAPH
from training.metrics_files import write_metrics
from training.params import load_params


def export_acoustic(
    network: torch.nn.Module,
    clip: Waveform,
    params: Mapping[str, Any],
    graph: Path = FLOAT_GRAPH,
    metrics: Path = EXPORT_METRICS,
) -> None:
    """Write the graph of `network` and its largest differences from torch; `clip` (samples,) is real speech.

    Raises:
        SystemExit: parity fails; the message names the case, and neither file is there afterwards.
    """
    graph.unlink(missing_ok=True)
    metrics.unlink(missing_ok=True)
    torch.set_num_threads(1)
    model = export_graph(network, params["features"], params["export"]["opset"])
    cases = grid(clip, params["features"]["sample_rate_hz"])
    tolerances = (params["export"]["feature_tolerance"], params["export"]["logit_tolerance"])
    try:
        differences = largest_differences(model, network, params["features"], cases, *tolerances)
    except ParityError as error:
        raise SystemExit(f"the exported graph was thrown away: {error}") from None
    save_graph(model, graph)
    report = {
        "largest_difference": {kind: asdict(difference) for kind, difference in differences.items()},
        "tolerance": dict(zip(("features", "logits"), tolerances, strict=True)),
        "grid": {"lengths_s": LENGTHS_S, "batches": BATCHES},
        "bytes": graph.stat().st_size,
    }
    write_metrics(metrics, report)


def main() -> None:
    """Export the checkpoint of the stage `train`, with the first clip of the first test actor as real speech."""
    params = load_params()
    network = load_checkpoint(CHECKPOINT)
    actor = min(params["split"]["test_actors"])
    clip = next(clip for clip in load_features() if clip.actor == actor)
    export_acoustic(network, load_waveform(clip), params)


if __name__ == "__main__":
    main()
