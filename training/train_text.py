"""Stage `train_text`: fine-tunes the packaged base on both sets, into `models/text/` (weights, config, tokenizer).

Each epoch draws its rows (`rows_per_epoch` of each source) and damages a share of them as speech recognition would
(training/text_noise.py). Where `text.base` names a published classifier, nothing is fitted but the neutral band that
a two-label one lacks, on the dev rows (training/text_neutral.py). Run it as `python -m training.train_text`.
"""

import csv
import random
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.metrics import f1_score
from tokenizers import Tokenizer
from torch import nn
from tqdm import tqdm
from transformers import DistilBertForSequenceClassification

from contract.labels import LABELS, label_index
from training.params import load_params
from training.text_base import fetch_base
from training.text_batches import buckets, encoded, padded, torch_logits
from training.text_data import Row, load_rows
from training.text_model import FOLDER, PACKAGED_BASE, keep_pieces, packaged_model, packaged_tokenizer, reduced
from training.text_neutral import with_our_labels
from training.text_noise import Confusions, augmented, confusions_of, with_word_errors

CURVES = Path("plots/text_curves.csv")


def epoch_rows(rows: Sequence[Row], per_source: Mapping[str, int], rng: random.Random) -> list[Row]:
    """Return the rows of one epoch: up to `per_source` of each source, drawn without repetition."""
    drawn: list[Row] = []
    for source, wanted in per_source.items():
        own = [row for row in rows if row.source == source]
        drawn += rng.sample(own, min(wanted, len(own)))
    return drawn


def parameter_groups(model: DistilBertForSequenceClassification, section: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return optimiser groups with a learning rate that falls by `layer_decay` for each layer below the head.

    Layer-wise decay after Howard & Ruder 2018 (ACL, "Universal language model fine-tuning"); no weight decay
    on biases and layer norms.
    """
    depth = model.config.n_layers
    groups: dict[tuple[int, bool], list[nn.Parameter]] = {}
    for name, weight in model.named_parameters():
        level = 0 if "embeddings" in name else depth + 1
        if "transformer.layer." in name:
            level = 1 + int(name.split("transformer.layer.")[1].split(".")[0])
        groups.setdefault((level, weight.ndim > 1), []).append(weight)
    return [
        {
            "params": weights,
            "lr": section["learning_rate"] * section["layer_decay"] ** (depth + 1 - level),
            "weight_decay": section["weight_decay"] if decayed else 0.0,
        }
        for (level, decayed), weights in groups.items()
    ]


def fit(
    model: DistilBertForSequenceClassification,
    tokenizer: Tokenizer,
    rows: Sequence[Row],
    dev: Sequence[Row],
    section: Mapping[str, Any],
) -> list[dict[str, float]]:
    """Fine-tune `model` in place and return one line of the curves per epoch; the same inputs give the same weights."""
    rng = random.Random(section["seed"])
    torch.set_num_threads(section["threads"])
    torch.manual_seed(section["seed"])
    confusions = _confusions(rows)
    epochs = [epoch_rows(rows, section["rows_per_epoch"], rng) for _ in range(section["epochs"])]
    steps = sum(-(-len(drawn) // section["batch_size"]) for drawn in epochs)
    optimiser = torch.optim.AdamW(parameter_groups(model, section), fused=True)
    warmup = max(1, int(section["warmup"] * steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / warmup, max(0.0, (steps - step) / max(1, steps - warmup)))
    )
    loss_of = nn.CrossEntropyLoss(label_smoothing=section["label_smoothing"])
    curves = []
    for epoch, drawn in enumerate(epochs):
        model.train()
        started_s, losses = time.monotonic(), []
        batches = list(_batches(tokenizer, drawn, section, rng, confusions))
        for tokens, mask, labels in tqdm(batches, desc=f"epoch {epoch + 1}", mininterval=10.0):
            with _autocast(section["precision"]):
                logits = model(input_ids=tokens, attention_mask=mask).logits
            loss = loss_of(logits.float(), labels)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad(set_to_none=True)
            losses.append(loss.item())
        curves.append(
            {"epoch": epoch, "train_loss": float(np.mean(losses)), **_dev_scores(model, tokenizer, dev, confusions)}
        )
        tqdm.write(f"{curves[-1]} {time.monotonic() - started_s:.0f} s")
    return curves


def train(params: Mapping[str, Any], rows: Sequence[Row], output: Path = FOLDER, curves_file: Path = CURVES) -> None:
    """Write the fine-tuned (or copied) model into `output` and the curves of training into `curves_file`.

    Raises:
        SystemExit: the base cannot be had.
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
        curves = fit(model, tokenizer, fitted, dev, section)
    else:
        model, tokenizer = fetch_base(section["base"])
        dev_logits = torch_logits(model, tokenizer, [row.text for row in dev])
        model = with_our_labels(model, dev_logits, np.array([label_index(row.label) for row in dev]))
        curves = [{"epoch": 0, **_dev_scores(model, tokenizer, dev, _confusions(rows))}]
    building.mkdir(parents=True)
    model.save_pretrained(building)
    tokenizer.enable_truncation(section["max_tokens"])
    tokenizer.no_padding()
    tokenizer.save(str(building / "tokenizer.json"))
    shutil.rmtree(output, ignore_errors=True)
    building.rename(output)
    _write_curves(curves, curves_file)


def _batches(
    tokenizer: Tokenizer, rows: Sequence[Row], section: Mapping[str, Any], rng: random.Random, confusions: Confusions
) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    texts = [augmented(row.text, rng, confusions, section["noise"]) for row in rows]
    ids = encoded(tokenizer, texts, section["train_tokens"])
    pad_id = tokenizer.token_to_id("[PAD]")
    for batch in buckets([len(row) for row in ids], section["batch_size"], rng):
        tokens, mask = padded([ids[i] for i in batch], pad_id, 4)
        yield tokens, mask, torch.tensor([label_index(rows[i].label) for i in batch])


def _autocast(precision: str) -> Any:
    if precision == "float32" or not torch.cpu._is_amx_tile_supported():
        return nullcontext()
    return torch.autocast("cpu", torch.bfloat16)


def _confusions(rows: Sequence[Row]) -> Confusions:
    return confusions_of(row.text for row in rows if row.split == "train" and row.source != "sst_phrases")


def _dev_scores(model: nn.Module, tokenizer: Tokenizer, dev: Sequence[Row], confusions: Confusions) -> dict[str, float]:
    """Return macro-F1 of each set's dev rows as written and with 15 % word errors, the same ones for every epoch."""
    scores = {}
    for source in sorted({row.source for row in dev}):
        own = [row for row in dev if row.source == source]
        actual = [label_index(row.label) for row in own]
        rng = random.Random(0)
        heard = [with_word_errors(row.text, rng, confusions) for row in own]
        for name, texts in (("dev", [row.text for row in own]), ("dev_word_errors", heard)):
            found = torch_logits(model, tokenizer, texts).argmax(axis=1)
            scores[f"{source}_{name}_macro_f1"] = float(
                f1_score(actual, found, average="macro", labels=range(len(LABELS)), zero_division=0.0)
            )
    return scores


def _write_curves(curves: Sequence[Mapping[str, float]], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(curves[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: round(value, 6) for key, value in line.items()} for line in curves)


def main() -> None:
    """Run the stage with params.yaml."""
    torch.use_deterministic_algorithms(True)
    train(load_params(), load_rows())


if __name__ == "__main__":
    main()
