"""Which layer does int8 cost most? Each weighted node in turn is left in float and the labels are counted again."""

from collections.abc import Sequence

import numpy as np
import onnx

from export.acoustic.graph import INPUT, OUTPUT, network_nodes
from export.acoustic.int8 import WEIGHTED, Waveform, quantize_network
from export.onnx_file import session_of
from undertone.probabilities import Probabilities
from undertone.voice.windows import cut, mean_over_windows


def all_logits(model: onnx.ModelProto, waveforms: Sequence[Waveform]) -> np.ndarray:
    """Return logits (clips, 3), each clip run by itself, as in service."""
    session = session_of(model)
    return np.concatenate([session.run([OUTPUT], {INPUT: waveform[None]})[0] for waveform in waveforms])


def served_probabilities(model: onnx.ModelProto, waveforms: Sequence[Waveform], temperature: float) -> Probabilities:
    """Return probabilities (clips, 3), each clip cut into windows as the service cuts utterances."""
    session = session_of(model)
    logits = (session.run([OUTPUT], {INPUT: cut(waveform)})[0] for waveform in waveforms)
    return np.stack([mean_over_windows(each, temperature) for each in logits])


def agreement(logits: np.ndarray, others: np.ndarray) -> float:
    """Return the share of clips on which two sets of logits (clips, 3) name the same label."""
    return float((logits.argmax(axis=1) == others.argmax(axis=1)).mean())


def agreement_without(
    model: onnx.ModelProto, calibration: Sequence[Waveform], test: Sequence[Waveform]
) -> dict[str, float]:
    """Return, by name of the layer left in float, the agreement with `model` of the graph quantized without it."""
    expected = all_logits(model, test)
    return {
        node.input[1].removesuffix(".weight"): agreement(
            expected, all_logits(quantize_network(model, calibration, [node.name]), test)
        )
        for node in network_nodes(model, WEIGHTED)
    }
