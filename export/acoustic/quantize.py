"""Stage `quantize`: the network of the graph in static int8, its features left in float, measured on the test clips.

Activations are calibrated on clips of the development actors; the test clips only measure. Run it as
`python -m export.acoustic.quantize`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from tqdm import tqdm

from export.acoustic.int8 import Waveform, count_quantized, quantize_network
from export.acoustic.sensitivity import agreement, agreement_without, all_logits, served_probabilities
from export.onnx_file import save_graph
from training.corpora.ravdess.clips import Clip, load_features, load_waveform
from training.corpora.ravdess.splits import main_split
from training.files import FLOAT_GRAPH, INT8_GRAPH, QUANTIZE_METRICS, VOICE_METRICS, existing, read_metrics
from training.metrics_files import write_metrics
from training.params import load_params
from undertone.probabilities import softmax
from undertone.scoring.intervals import uar_interval
from undertone.scoring.scores import (
    Labels,
    classification_scores,
    expected_calibration_error,
    negative_log_likelihood,
    uar,
)


def quantize(params: Mapping[str, Any], model: onnx.ModelProto, clips: Sequence[Clip], temperature: float) -> None:
    """Write the int8 graph of `model` and how it compares with it, or neither.

    Raises:
        SystemExit: the labels agree on too few test clips; the message names the layer that costs most.
    """
    INT8_GRAPH.unlink(missing_ok=True)
    QUANTIZE_METRICS.unlink(missing_ok=True)
    split, settings = main_split(params["split"]), params["quantize"]
    chosen = calibration_clips(clips, split.development, settings["calibration_clips"], settings["seed"])
    test = [clip for clip in clips if clip.actor in split.test]
    calibration_waveforms, test_waveforms = _waveforms(chosen, "calibration"), _waveforms(test, "test")
    quantized = quantize_network(model, calibration_waveforms)
    logits = all_logits(model, test_waveforms), all_logits(quantized, test_waveforms)
    if agreement(*logits) < settings["min_agreement"]:
        layers = agreement_without(model, calibration_waveforms, test_waveforms)
        raise SystemExit(disagreement(agreement(*logits), settings["min_agreement"], layers))

    save_graph(quantized, INT8_GRAPH)
    actual = np.array([clip.label_index for clip in test])
    report = {
        "protocol": f"{len(test)} trimmed clips of actors {', '.join(map(str, split.test))}, one by one; served: in "
        "int8, cut into windows as utterances are",
        **compare(actual, *logits, temperature),
        "served": as_served(test, served_probabilities(quantized, test_waveforms, temperature), params["evaluate"]),
        "calibration_clips": len(chosen),
        "quantized_nodes": count_quantized(quantized),
        "bytes": {"fp32": FLOAT_GRAPH.stat().st_size, "int8": INT8_GRAPH.stat().st_size},
    }
    write_metrics(QUANTIZE_METRICS, report)


def as_served(clips: Sequence[Clip], probabilities: np.ndarray, section: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scores of `probabilities` (clips, 3), with the interval of the UAR over actors."""
    actual, actors = (np.array([getattr(clip, name) for clip in clips]) for name in ("label_index", "actor"))
    interval = uar_interval(actual, probabilities.argmax(axis=1), actors, section["bootstrap_samples"], section["seed"])
    return {**classification_scores(actual, probabilities), "uar_interval": interval}


def calibration_clips(clips: Sequence[Clip], actors: Sequence[int], count: int, seed: int) -> list[Clip]:
    """Return `count` clips of `actors`, drawn without replacement, in the order of their names.

    Raises:
        SystemExit: there are fewer than `count`.
    """
    pool = [clip for clip in clips if clip.actor in actors]
    if not 0 < count <= len(pool):
        raise SystemExit(f"quantize.calibration_clips is {count}; the development actors have {len(pool)} clips")
    chosen = np.random.default_rng(seed).choice(len(pool), size=count, replace=False)
    return [pool[index] for index in sorted(chosen)]


def compare(actual: Labels, float_logits: np.ndarray, int8_logits: np.ndarray, temperature: float) -> dict[str, Any]:
    """Return agreement of the labels, and UAR, NLL and ECE of both at `temperature`, which was fitted in float."""
    report: dict[str, Any] = {
        "agreement": agreement(float_logits, int8_logits),
        "largest_logit_difference": float(np.abs(float_logits - int8_logits).max()),
        "temperature": temperature,
    }
    for name, logits in (("fp32", float_logits), ("int8", int8_logits)):
        probabilities = softmax(logits, temperature)
        report[name] = {
            "uar": uar(actual, logits.argmax(axis=1)),
            "nll": negative_log_likelihood(actual, probabilities),
            "ece": expected_calibration_error(actual, probabilities),
        }
    return report


def disagreement(found: float, wanted: float, layers: Mapping[str, float]) -> str:
    """Say that int8 costs too much, and which layer it costs most; `layers` is the agreement without each."""
    worst = max(layers, key=layers.__getitem__)
    return (
        f"int8 and fp32 name the same label on {found:.2%} of the test clips, quantize.min_agreement is {wanted:.2%};"
        f" the layer that costs most is {worst}: left in float it gives {layers[worst]:.2%}"
    )


def _waveforms(clips: Sequence[Clip], what: str) -> list[Waveform]:
    return [load_waveform(clip) for clip in tqdm(clips, desc=what, unit="clip", mininterval=1.0)]


if __name__ == "__main__":
    graph = onnx.load(existing(FLOAT_GRAPH))
    quantize(load_params(), graph, load_features(), read_metrics(VOICE_METRICS)["temperature"])
