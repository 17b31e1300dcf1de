"""Stage `export_silero`: Silero VAD as it is served, the same network in a form that a CPU runs in half the time.

The published graph is made of convolutions over four positions, of which an ONNX Runtime kernel fills a quarter. Here
the same weights stand in matrix products over the positions and frames of a call. Nothing is approximated: outputs
differ by rounding only, and a graph that differs by more is refused. Run it as `python -m export.silero`.
"""

import numpy as np
import onnx
from onnx import numpy_helper

from export.builder import Builder
from export.onnx_file import save_graph, session_of
from training.corpora.ravdess.clips import load_features, load_waveform
from training.features.silero import PUBLISHED
from training.files import SILERO_GRAPH
from training.params import load_params
from undertone.audio import FRAME_SAMPLES, Floats
from undertone.gate.ears import CONTEXT_SAMPLES

TOLERANCE = 1e-5  # of probabilities; the recurrent state, which is not bounded, gets ten times as much


HOP, BINS, HIDDEN = 128, 129, 128  # the network sees its 576 samples and 64 mirrored ones as five hops


class SileroError(ValueError):
    """A file is not the Silero network that this rewriting knows."""


def as_products(published: onnx.ModelProto) -> onnx.ModelProto:
    """Return the network of `published`, Silero VAD v6 for 16 kHz, with the same inputs and outputs, as products.

    Raises:
        SileroError: the graph has other weights than v6, which one is named.
    """
    weights = _weights(published)
    graph = Builder()
    hops = graph.add("Reshape", graph.mirrored("input", HOP // 2), graph.integers(0, 5, HOP))
    frames = graph.joined(hops, [(0, 4, 1), (1, 5, 1)])
    spectrum = graph.add("MatMul", frames, graph.constant(weights["basis"][:, 0].T))
    real, imaginary = graph.split(spectrum)
    power = graph.add("Add", graph.add("Mul", real, real), graph.add("Mul", imaginary, imaginary))
    first = graph.joined(graph.surrounded(graph.add("Sqrt", power)), [(0, 4, 1), (1, 5, 1), (2, 6, 1)])
    first = graph.layer(first, _taps(weights["w0"], 0, 1, 2), weights["b0"])
    second = graph.joined(graph.surrounded(first), [(0, 3, 2), (1, 4, 2), (2, 5, 2)])
    second = graph.layer(second, _taps(weights["w1"], 0, 1, 2), weights["b1"])
    # Two positions become one, then stay one: the taps that would meet padding only are left out.
    third = graph.layer(graph.rows(second, 2 * 64), _taps(weights["w2"], 1, 2), weights["b2"])
    fourth = graph.layer(third, _taps(weights["w3"], 1), weights["b3"])
    steps = graph.add("Unsqueeze", fourth, graph.integers(1))
    recurrent = [graph.constant(weights[name]) for name in ("lstm_input", "lstm_state", "lstm_bias")]
    heard = graph.lstm(steps, recurrent, HIDDEN)
    last = graph.add("Relu", graph.rows(heard, HIDDEN))
    answer = graph.add("Gemm", last, graph.constant(weights["wd"][:, :, 0].T), graph.constant(weights["bd"]))
    graph.add("Reshape", graph.add("Sigmoid", answer), graph.integers(-1), output="speech_probs")
    return graph.model(published)


def largest_difference(ours: onnx.ModelProto, published: onnx.ModelProto, waveform: Floats) -> float:
    """Return by how much outputs differ on `waveform` (samples,) in [-1, 1], in units of the tolerance of each.

    Heard frame by frame, the state handed on, and all frames at once.
    """
    whole = len(waveform) // FRAME_SAMPLES * FRAME_SAMPLES
    padded = np.concatenate([np.zeros(CONTEXT_SAMPLES, np.float32), waveform[:whole].astype(np.float32)])
    frames = np.stack([padded[i : i + CONTEXT_SAMPLES + FRAME_SAMPLES] for i in range(0, whole, FRAME_SAMPLES)])
    sessions = [session_of(model) for model in (published, ours)]
    worst = 0.0
    for calls in ([frames], np.split(frames, len(frames))):
        states = [(np.zeros((1, 1, HIDDEN), np.float32),) * 2 for _ in sessions]
        for call in calls:
            answers = [
                session.run(None, {"input": call, "h": h, "c": c})
                for session, (h, c) in zip(sessions, states, strict=True)
            ]
            states = [(h, c) for _, h, c in answers]
            differences = [float(np.abs(a.ravel() - b.ravel()).max()) for a, b in zip(*answers, strict=True)]
            worst = max(worst, differences[0] / TOLERANCE, *(found / (10 * TOLERANCE) for found in differences[1:]))
    return worst


def _weights(published: onnx.ModelProto) -> dict[str, Floats]:
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in published.graph.initializer}
    lstm = [node for node in published.graph.node if node.op_type == "LSTM"]
    names = {"basis": "encoder.feature_extractor.forward_basis_buffer"}
    names |= {f"w{i}": f"encoder.conv_layers.{i}.weight" for i in range(4)}
    names |= {f"b{i}": f"encoder.conv_layers.{i}.bias" for i in range(4)}
    names |= {"wd": "decoder.conv1d.weight", "bd": "decoder.conv1d.bias"}
    if len(lstm) == 1:
        names |= dict(zip(("lstm_input", "lstm_state", "lstm_bias"), lstm[0].input[1:4], strict=True))
    shapes = {name: stored[source].shape for name, source in names.items() if source in stored}
    for name, shape in SHAPES.items():
        if shapes.get(name) != shape:
            found = shapes.get(name, "nothing")
            raise SileroError(f"the Silero file has {found} where v6 has {names.get(name, 'an LSTM')} {shape}")
    return {name: stored[names[name]] for name in SHAPES}


SHAPES = {
    "basis": (2 * BINS, 1, 2 * HOP),
    "w0": (128, BINS, 3),
    "b0": (128,),
    "w1": (64, 128, 3),
    "b1": (64,),
    "w2": (64, 64, 3),
    "b2": (64,),
    "w3": (128, 64, 3),
    "b3": (128,),
    "wd": (1, HIDDEN, 1),
    "bd": (1,),
    "lstm_input": (1, 4 * HIDDEN, 128),
    "lstm_state": (1, 4 * HIDDEN, HIDDEN),
    "lstm_bias": (1, 8 * HIDDEN),
}


def _taps(weight: Floats, *taps: int) -> Floats:
    """Return the taps of a convolution (out, in, taps) below each other, (len(taps) * in, out)."""
    return np.concatenate([weight[:, :, tap].T for tap in taps])


def main() -> None:
    """Rewrite the file of the faster-whisper wheel; checked on the first clip of the first test actor."""
    actor = min(load_params()["split"]["test_actors"])
    clip = next(clip for clip in load_features() if clip.actor == actor)
    published = onnx.load(PUBLISHED)
    try:
        ours = as_products(published)
    except SileroError as error:
        raise SystemExit(f"{PUBLISHED}: {error}; undertone is made for `pip install faster-whisper==1.2.1`") from None
    if (difference := largest_difference(ours, published, load_waveform(clip))) > 1:
        raise SystemExit(f"{PUBLISHED}: as products it differs by {difference:.1f} times the tolerance; thrown away")
    save_graph(ours, SILERO_GRAPH)


if __name__ == "__main__":
    main()
