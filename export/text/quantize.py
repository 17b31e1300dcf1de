"""Stage `quantize_text`: the classifier in dynamic int8, measured against float on the test rows.

Every product with a trained matrix and both embeddings become int8; products of two activations (attention) stay in
float, where int8 gains nothing. benchmarks/networks/text_onnx.py measures what the settings below cost and gain. Run it
as `python -m export.text.quantize`.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from tokenizers import Tokenizer

from export.onnx_file import save_graph, session_of, without_traces
from export.text.convert import graph_logits
from training.corpora.texts.table import Row, load_rows
from training.evaluation.text import CALIBRATED_ON
from training.evaluation.text_scores import plain_scores, sure
from training.files import (
    TEXT_FLOAT_GRAPH,
    TEXT_INT8_GRAPH,
    TEXT_QUANTIZE_METRICS,
    TOKENIZER,
    existing,
)
from training.metrics_files import write_metrics
from training.params import load_params
from undertone.labels import label_index
from undertone.probabilities import softmax
from undertone.scoring.calibration import best_temperature
from undertone.scoring.scores import classification_scores, expected_calibration_error

WEIGHTED = ("MatMul", "Gemm")


class TextQuantizationError(ValueError):
    """The wrong nodes were quantized; the message counts them."""


def quantize_graph(path: Path, per_channel: bool = True, reduce_range: bool = True) -> onnx.ModelProto:
    """Return the int8 graph of the float graph in `path`, by optimum's configuration for VNNI (int8 weights).

    `reduce_range` keeps weights in 7 bits: processors with AVX2 but without VNNI add pairs of products in 16 bits,
    which full-range weights overflow, and one file must give the same verdicts on both.

    Raises:
        TextQuantizationError: a product with a trained matrix, or an embedding, stayed in float.
    """
    from optimum.onnxruntime import AutoQuantizationConfig, ORTQuantizer

    for noisy in ("optimum", "root"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    model = onnx.load(path)
    settings = AutoQuantizationConfig.avx512_vnni(is_static=False, per_channel=per_channel)
    settings.reduce_range = reduce_range
    settings.operators_to_quantize = [*WEIGHTED, "Gather"]
    settings.nodes_to_exclude = [node.name for node in model.graph.node if _is_product_of_activations(model, node)]
    with TemporaryDirectory() as folder:
        quantizer = ORTQuantizer.from_pretrained(path.parent, file_name=path.name)
        quantizer.quantize(save_dir=folder, quantization_config=settings, file_suffix="int8")
        quantized = without_traces(onnx.load(next(Path(folder).glob("*.onnx"))))
    check_structure(model, quantized)
    return quantized


def count_quantized(model: onnx.ModelProto) -> dict[str, int]:
    """Return how many products compute in int8 and how many tables are stored so.

    A six-layer DistilBERT has 38 products (6 in each layer, 2 in the head) and 2 tables (words, positions).
    """
    bytes_stored = {
        tensor.name
        for tensor in model.graph.initializer
        if tensor.data_type in (onnx.TensorProto.INT8, onnx.TensorProto.UINT8)
    }
    nodes = model.graph.node
    return {
        "MatMul": sum(node.op_type == "MatMulInteger" and node.input[1] in bytes_stored for node in nodes),
        "Gather": sum(node.op_type == "Gather" and node.input[0] in bytes_stored for node in nodes),
    }


def check_structure(before: onnx.ModelProto, after: onnx.ModelProto) -> None:
    """Refuse `after` unless each product with a matrix and each float table of `before` is in int8."""
    floats = {t.name: len(t.dims) for t in before.graph.initializer if t.data_type == onnx.TensorProto.FLOAT}
    expected = {
        "MatMul": sum(n.op_type in WEIGHTED and floats.get(n.input[1]) == 2 for n in before.graph.node),
        "Gather": sum(n.op_type == "Gather" and floats.get(n.input[0]) == 2 for n in before.graph.node),
    }
    found = count_quantized(after)
    if found != expected or not all(expected.values()):
        raise TextQuantizationError(f"quantized are {found}, the float graph has {expected}")


def quantize_text(params: Mapping[str, Any], rows: Sequence[Row]) -> None:
    """Write the int8 graph, its temperature, and how it compares with float on the test rows among `rows`, or neither.

    Raises:
        SystemExit: the labels agree on fewer test rows than `quantize_text.min_agreement`.
    """
    TEXT_INT8_GRAPH.unlink(missing_ok=True)
    TEXT_QUANTIZE_METRICS.unlink(missing_ok=True)
    settings = params["quantize_text"]
    quantized = quantize_graph(existing(TEXT_FLOAT_GRAPH), settings["per_channel"], settings["reduce_range"])
    tokenizer, limit = Tokenizer.from_file(str(TOKENIZER)), params["text"]["max_tokens"]
    test = [row for row in rows if row.split == "test"]
    texts = [row.text for row in test]
    # One by one, as in service: dynamic int8 takes its scale from the whole batch.
    logits = {
        "fp32": graph_logits(session_of(TEXT_FLOAT_GRAPH, threads=2), tokenizer, texts, limit),
        "int8": graph_logits(session_of(quantized, threads=2), tokenizer, texts, limit, batch_size=1),
    }
    agreement = float((logits["fp32"].argmax(axis=1) == logits["int8"].argmax(axis=1)).mean())
    wanted = settings["min_agreement"]
    if agreement < wanted:
        raise SystemExit(
            f"text: int8 and fp32 name the same label on {agreement:.2%} of the test rows, not {wanted:.2%}"
        )
    save_graph(quantized, TEXT_INT8_GRAPH)
    temperature = served_temperature(quantized, tokenizer, [row for row in rows if row.split == "dev"], limit)
    report: dict[str, Any] = {
        "protocol": f"{len(test)} test rows of all sets, int8 one by one as in service; temperature of least NLL in "
        "int8, as served, on training dialogues of MELD that were kept out of the fit",
        "temperature": temperature,
        "agreement": agreement,
        "largest_logit_difference": float(np.abs(logits["fp32"] - logits["int8"]).max()),
    }
    report |= {name: scored(found, test, temperature) for name, found in logits.items()}
    plain = plain_scores(logits["int8"], test)
    report["lost_to_int8"] = {key: report["fp32"][key] - report["int8"][key] for key in plain}
    report["quantized_nodes"] = count_quantized(quantized)
    report["bytes"] = {"fp32": TEXT_FLOAT_GRAPH.stat().st_size, "int8": TEXT_INT8_GRAPH.stat().st_size}
    write_metrics(TEXT_QUANTIZE_METRICS, report)


def served_temperature(graph: onnx.ModelProto, tokenizer: Tokenizer, dev: Sequence[Row], limit: int) -> float:
    """Return the temperature of least NLL of what `graph` says of the dev rows of dialogue, or of all without any."""
    met = [row for row in dev if row.source == CALIBRATED_ON] or list(dev)
    logits = graph_logits(session_of(graph, threads=2), tokenizer, [row.text for row in met], limit, batch_size=1)
    return best_temperature(logits.astype(np.float32), np.array([label_index(row.label) for row in met]))


def scored(logits: NDArray[np.float64], test: Sequence[Row], temperature: float) -> dict[str, Any]:
    """Return what `logits` (rows, labels) of the `test` rows are worth at `temperature`, in all and by source."""
    actual, probabilities = np.array([label_index(row.label) for row in test]), softmax(logits, temperature)
    by_source = {s: of_source(s, test, actual, probabilities) for s in sorted({row.source for row in test})}
    return {**plain_scores(logits, test), "ece": expected_calibration_error(actual, probabilities), **by_source}


def of_source(
    source: str, rows: Sequence[Row], actual: NDArray[np.int64], probabilities: NDArray[np.float64]
) -> dict[str, Any]:
    """Return calibration and recalls on the rows of one source."""
    own = np.array([row.source == source for row in rows])
    scores = classification_scores(actual[own], probabilities[own])
    return {"ece": scores["ece"], "recall": scores["recall"], "sure": sure(actual[own], probabilities[own])}


def _is_product_of_activations(model: onnx.ModelProto, node: onnx.NodeProto) -> bool:
    stored = {tensor.name for tensor in model.graph.initializer}
    return node.op_type in WEIGHTED and not stored & set(node.input[:2])


if __name__ == "__main__":
    quantize_text(load_params(), load_rows())
