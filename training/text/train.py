"""Stage `train_text`: fine-tunes the packaged base on all sets, into `models/text/` (weights, config, tokenizer).

How it is fitted stands in training/text/fitting.py. Where `text.base` names a published classifier, nothing is fitted
but the neutral band that a two-label one lacks, on the dev rows (training/text/neutral.py). Run it as
`python -m training.text.train`.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import DistilBertForSequenceClassification

from training.corpora.texts.table import Row, load_rows
from training.files import TEXT_CURVES, TEXT_MODEL
from training.metrics_files import write_rows
from training.params import load_params
from training.precision import print_basis
from training.text.base import fetch_base
from training.text.batches import torch_logits
from training.text.fitting import dev_scores, fit
from training.text.model import PACKAGED_BASE, keep_pieces, packaged_model, packaged_tokenizer, reduced
from training.text.neutral import with_our_labels
from training.text.targets import load_answers
from training.tracking import check_store, log_numbers
from undertone.labels import label_index


def train(
    params: Mapping[str, Any], rows: Sequence[Row], output: Path = TEXT_MODEL, curves_file: Path = TEXT_CURVES
) -> None:
    """Write the fine-tuned (or copied) model into `output` and the curves of training into `curves_file`.

    Raises:
        SystemExit: the base is not there and cannot be fetched.
    """
    section = params["text"]
    building = output.with_name(output.name + ".partial")
    shutil.rmtree(building, ignore_errors=True)
    dev = [row for row in rows if row.split == "dev"]
    if section["base"] == PACKAGED_BASE:
        fitted = [row for row in rows if row.split == "train"]
        base_tokenizer = packaged_tokenizer()
        kept = keep_pieces(base_tokenizer, (row.text for row in fitted), section["pieces"])
        model, tokenizer = reduced(packaged_model(section["seed"]), base_tokenizer, kept, section["max_tokens"])
        answers = load_answers(fitted) if section["taught"] else {}
        curves = fit(model, tokenizer, fitted, dev, section, answers)
        adjust(model, section["adjustment"])
    else:
        model, tokenizer = fetch_base(section["base"])
        dev_logits = torch_logits(model, tokenizer, [row.text for row in dev])
        model = with_our_labels(model, dev_logits, np.array([label_index(row.label) for row in dev]))
        curves = [{"epoch": 0, **dev_scores(model, tokenizer, dev)}]
    building.mkdir(parents=True)
    model.save_pretrained(building)
    tokenizer.enable_truncation(section["max_tokens"])
    tokenizer.no_padding()
    tokenizer.save(str(building / "tokenizer.json"))
    shutil.rmtree(output, ignore_errors=True)
    building.rename(output)
    write_rows(curves_file, curves)


def adjust(model: DistilBertForSequenceClassification, adjustment: Mapping[str, float]) -> None:
    """Add `adjustment`, by label, to the logits that `model` gives, in place.

    Menon et al. 2021, "Long-tail learning via logit adjustment", ICLR: a shift by the log of a ratio of priors is what
    another balance of the labels would have taught.
    """
    with torch.no_grad():
        for label, shift in adjustment.items():
            model.classifier.bias[label_index(label)] += shift


def main() -> None:
    """Run the stage with params.yaml."""
    check_store()
    torch.use_deterministic_algorithms(True)
    params = load_params()
    print_basis(params["text"]["threads"])
    train(params, load_rows())
    log_numbers("text", {"text": params["text"]}, {}, TEXT_CURVES)


if __name__ == "__main__":
    main()
