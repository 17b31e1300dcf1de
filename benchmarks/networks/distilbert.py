"""DistilBERT-base in int8, as it is usually served: random weights, which take as long as others."""

from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import torch
from transformers import DistilBertConfig, DistilBertForSequenceClassification

from export.text.convert import export_graph
from export.text.quantize import quantize_graph


def base_graph() -> onnx.ModelProto:
    """Return DistilBERT-base (6 layers of 768), three labels, in optimum's plain int8, per tensor."""
    torch.manual_seed(0)
    with TemporaryDirectory() as name:
        folder = Path(name)
        DistilBertForSequenceClassification(DistilBertConfig(num_labels=3)).save_pretrained(folder)
        onnx.save(export_graph(folder), folder / "model.onnx")
        return quantize_graph(folder / "model.onnx", per_channel=False, reduce_range=False)
