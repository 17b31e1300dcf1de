"""Stage `export_text`: the fine-tuned classifier as a float ONNX graph with its tokenizer, refused where it differs.

The graph takes `input_ids` and `attention_mask`, int64 (batch, tokens), and gives `logits`, float32 (batch, 3).
Run it as `python -m export.text.convert`.
"""

import gc
import logging
import shutil
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from export.onnx_file import save_graph, session_of, without_traces
from training.corpora.texts.table import load_rows
from training.files import TEXT_EXPORT_METRICS, TEXT_FLOAT_GRAPH, TEXT_MODEL, TOKENIZER
from training.metrics_files import write_metrics
from training.params import load_params
from training.text.batches import encoded, padded, torch_logits
from training.text.model import load_text_model

INPUTS, OUTPUT = ("input_ids", "attention_mask"), "logits"
# Beside real sentences: nothing at all, one word, a text that is cut, other scripts, emoji, control characters.
AWKWARD = ("", "fine.", "word " * 500, "これは良いです", "так себе 😀🎉", "a\x00b\u200d\n\t c")


def export_graph(folder: Path) -> onnx.ModelProto:
    """Return the graph that optimum makes of the classifier saved in `folder`; the same weights give the same bytes."""
    from optimum.onnxruntime import ORTModelForSequenceClassification

    logging.getLogger("optimum").setLevel(logging.ERROR)
    with warnings.catch_warnings(), TemporaryDirectory() as scratch:
        # optimum 2.1 traces with TorchScript, which torch 2.13 deprecates, and leaves its own folder to the collector.
        warnings.simplefilter("ignore")
        exported = ORTModelForSequenceClassification.from_pretrained(
            folder, export=True, local_files_only=True, use_io_binding=False
        )
        exported.save_pretrained(scratch)
        del exported
        gc.collect()
        return without_traces(onnx.load(Path(scratch) / "model.onnx"))


def graph_logits(
    session: onnxruntime.InferenceSession,
    tokenizer: Tokenizer,
    texts: Sequence[str],
    max_tokens: int,
    batch_size: int = 32,
) -> NDArray[np.float64]:
    """Return the logits (texts, 3) of an ONNX classifier, in the order of `texts`."""
    ids = encoded(tokenizer, texts, max_tokens)
    pad_id = tokenizer.token_to_id("[PAD]")
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    found: dict[int, NDArray[np.float64]] = {}
    for start in range(0, len(order), batch_size):
        part = order[start : start + batch_size]
        tokens, mask = padded([ids[i] for i in part], pad_id)
        (logits,) = session.run([OUTPUT], dict(zip(INPUTS, (tokens.numpy(), mask.numpy()), strict=True)))
        found.update(zip(part, logits.astype(np.float64), strict=True))
    return np.stack([found[i] for i in range(len(ids))])


def export_text(folder: Path, sentences: Sequence[str], params: Mapping[str, Any]) -> None:
    """Write graph, tokenizer and the largest difference from torch over `sentences` and awkward texts, or nothing.

    Raises:
        SystemExit: there is no trained model, and the message names the stage that makes it; or a logit differs by more
            than `export.logit_tolerance`, and it says by how much and for which text.
    """
    for path in (TEXT_FLOAT_GRAPH, TOKENIZER, TEXT_EXPORT_METRICS):
        path.unlink(missing_ok=True)
    model, tokenizer = load_text_model(folder)
    graph = export_graph(folder)
    texts, limit = [*AWKWARD, *sentences], params["text"]["max_tokens"]
    expected = torch_logits(model, tokenizer, texts, limit)
    differences = np.abs(graph_logits(session_of(graph, threads=2), tokenizer, texts, limit) - expected).max(axis=1)
    tolerance = params["export"]["logit_tolerance"]
    if not differences.max() <= tolerance:
        worst = texts[int(differences.argmax())]
        raise SystemExit(
            f"the exported text graph was thrown away: {differences.max():.2g} off torch for {worst[:60]!r}"
        )
    save_graph(graph, TEXT_FLOAT_GRAPH)
    shutil.copyfile(folder / "tokenizer.json", TOKENIZER)
    report = {
        "protocol": f"{len(texts)} texts, torch against ONNX Runtime, largest absolute difference of a logit",
        "largest_difference": float(differences.max()),
        "tolerance": tolerance,
        "bytes": {"fp32": TEXT_FLOAT_GRAPH.stat().st_size, "tokenizer": TOKENIZER.stat().st_size},
    }
    write_metrics(TEXT_EXPORT_METRICS, report)


def main() -> None:
    """Run the stage with params.yaml; parity is checked on dev sentences of both sets."""
    dev = [row.text for row in load_rows(split="dev")]
    export_text(TEXT_MODEL, dev[:: max(1, len(dev) // 200)], load_params())


if __name__ == "__main__":
    main()
