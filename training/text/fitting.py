"""Fine-tunes the text classifier on views of each row: as written, or as speech recognition would write it.

With one view every row is learned once an epoch. With two, the second, more damaged one also learns what the network
makes of the first, which tells apart the rows whose answer survives the damage from those whose answer is gone; it
takes twice as long, and pays where a recogniser errs often. Reading and writing files stand in
training/text/train.py, the damage in training/text/noise.py.
"""

import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from sklearn.metrics import f1_score
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from tqdm import tqdm
from transformers import DistilBertForSequenceClassification

from training.corpora.texts.table import Row
from training.precision import autocast
from training.text.batches import buckets, encoded, padded, torch_logits
from training.text.noise import Confusions, augmented, confusions_of
from undertone.labels import LABELS, label_index


def fit(
    model: DistilBertForSequenceClassification,
    tokenizer: Tokenizer,
    rows: Sequence[Row],
    dev: Sequence[Row],
    section: Mapping[str, Any],
) -> list[dict[str, float]]:
    """Fine-tune `model` in place and return one line of the curves per epoch; the same inputs give the same weights.

    `section` has `phases`, one after the other: each has its rows, weights and learning rate, and starts with fresh
    moments and a warm restart of the rate (Loshchilov and Hutter 2017, "SGDR", ICLR), drawn from a seed of its own.
    """
    curves: list[dict[str, float]] = []
    for number, phase in enumerate(section["phases"]):
        settings = {**section, **phase, "seed": section["seed"] + number}
        found = _Phase(model, tokenizer, rows, settings).curves(dev)
        curves += [{**line, "epoch": len(curves) + line["epoch"]} for line in found]
    return curves


class _Phase:
    """One phase of the fitting: its draws, its optimiser and its rate, all from the seed of `section`."""

    def __init__(self, model: nn.Module, tokenizer: Tokenizer, rows: Sequence[Row], section: Mapping[str, Any]) -> None:
        self._model, self._tokenizer, self._section = model, tokenizer, section
        self._rng = random.Random(section["seed"])
        torch.set_num_threads(section["threads"])
        torch.manual_seed(section["seed"])
        self._confusions = row_confusions(rows)
        self._epochs = [epoch_rows(rows, section["rows_per_epoch"], self._rng) for _ in range(section["epochs"])]
        self._weight_of = label_weights(rows, section["label_balance"], section["emphasis"])
        self._optimiser = torch.optim.AdamW(parameter_groups(model, section), fused=True)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(self._optimiser, self._rate)

    def curves(self, dev: Sequence[Row]) -> list[dict[str, float]]:
        """Fit, and return one line of the curves per epoch."""
        curves = []
        for epoch, drawn in enumerate(self._epochs):
            started_s = time.monotonic()
            loss = self._fit_epoch(drawn, f"epoch {epoch + 1}")
            curves.append({"epoch": epoch, "train_loss": loss, **dev_scores(self._model, self._tokenizer, dev)})
            tqdm.write(f"{curves[-1]} {time.monotonic() - started_s:.0f} s")
        return curves

    @cached_property
    def _steps(self) -> int:
        views, size = len(self._section["noise"]), self._section["batch_size"]
        return sum(-(-views * len(drawn) // size) for drawn in self._epochs)

    def _rate(self, step: int) -> float:
        warmup = max(1, int(self._section["warmup"] * self._steps))
        return min((step + 1) / warmup, max(0.0, (self._steps - step) / max(1, self._steps - warmup)))

    def _fit_epoch(self, drawn: list[Row], name: str) -> float:
        self._model.train()
        batches = list(_batches(self._tokenizer, drawn, self._section, self._rng, self._confusions))
        losses = [
            self._step(tokens, mask, [drawn[i] for i in chosen])
            for tokens, mask, chosen in tqdm(batches, desc=name, mininterval=10.0)
        ]
        return float(np.mean(losses))

    def _step(self, tokens: Tensor, mask: Tensor, rows: Sequence[Row]) -> float:
        loss = self._loss(tokens, mask, rows)
        loss.backward()
        nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
        self._optimiser.step()
        self._schedule.step()
        self._optimiser.zero_grad(set_to_none=True)
        return float(loss.item())

    def _loss(self, tokens: Tensor, mask: Tensor, rows: Sequence[Row]) -> Tensor:
        section = self._section
        labels = torch.tensor([label_index(row.label) for row in rows])
        weights = torch.tensor([self._weight_of[row.source, row.label] for row in rows])
        with autocast(section["precision"]):
            logits = self._model(input_ids=tokens, attention_mask=mask).logits.float()
        losses = cross_entropy(logits, labels, reduction="none", label_smoothing=section["label_smoothing"])
        loss: Tensor = (weights * losses).mean()
        return loss + section["consistency"] * inconsistency(logits) if len(section["noise"]) == 2 else loss


def epoch_rows(rows: Sequence[Row], per_source: Mapping[str, int], rng: random.Random) -> list[Row]:
    """Return the rows of one epoch: up to `per_source` of each source, drawn without repetition."""
    drawn: list[Row] = []
    for source, wanted in per_source.items():
        own = [row for row in rows if row.source == source]
        drawn += rng.sample(own, min(wanted, len(own)))
    return drawn


def label_weights(rows: Sequence[Row], balance: float, emphasis: Mapping[str, float]) -> dict[tuple[str, str], float]:
    """Return the weight of a row by (source, label): share of the label in its source ** -balance, 1 in the mean.

    `emphasis` multiplies the weight of a label in every source.

    With `balance` 0 all rows count alike, with 1 all labels of a source do: what macro-F1 asks for (King and Zeng 2001,
    "Logistic regression in rare events data", Political Analysis 9(2), on weighting by inverse frequency).
    """
    counts = Counter((row.source, row.label) for row in rows)
    totals = Counter(row.source for row in rows)
    raw = {key: (count / totals[key[0]]) ** -balance for key, count in counts.items()}
    means = {
        source: sum(counts[key] * raw[key] for key in counts if key[0] == source) / totals[source] for source in totals
    }
    return {key: weight / means[key[0]] * emphasis.get(key[1], 1.0) for key, weight in raw.items()}


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


def row_confusions(rows: Sequence[Row]) -> Confusions:
    """Return what may be misheard for what, from the training sentences."""
    return confusions_of(row.text for row in rows if row.split == "train" and row.source != "sst_phrases")


def dev_scores(model: nn.Module, tokenizer: Tokenizer, dev: Sequence[Row]) -> dict[str, float]:
    """Return macro-F1 of each set's dev rows as written."""
    scores = {}
    for source in sorted({row.source for row in dev}):
        own = [row for row in dev if row.source == source]
        actual = [label_index(row.label) for row in own]
        found = torch_logits(model, tokenizer, [row.text for row in own]).argmax(axis=1)
        scores[f"{source}_dev_macro_f1"] = float(
            f1_score(actual, found, average="macro", labels=range(len(LABELS)), zero_division=0.0)
        )
    return scores


def _batches(
    tokenizer: Tokenizer, rows: Sequence[Row], section: Mapping[str, Any], rng: random.Random, confusions: Confusions
) -> Iterator[tuple[torch.Tensor, torch.Tensor, list[int]]]:
    """Yield ids, mask and the positions of their rows; each row comes once for each view."""
    views = [[augmented(row.text, rng, confusions, noise) for row in rows] for noise in section["noise"].values()]
    ids = [encoded(tokenizer, texts, section["train_tokens"]) for texts in views]
    pad_id = tokenizer.token_to_id("[PAD]")
    lengths = [max(len(view[i]) for view in ids) for i in range(len(rows))]
    for batch in buckets(lengths, section["batch_size"] // len(views), rng):
        tokens, mask = padded([view[i] for view in ids for i in batch], pad_id, 4)
        yield tokens, mask, batch * len(views)


def inconsistency(logits: torch.Tensor) -> torch.Tensor:
    """Return the mean KL(light || heavy), in nats, of logits (2 x rows, labels): the light views, then the heavy ones.

    The light view is the teacher and gets no gradient: what damage destroys must not be unlearned from whole texts.
    """
    light, heavy = logits.log_softmax(dim=1).chunk(2)
    return nn.functional.kl_div(heavy, light.detach(), log_target=True, reduction="batchmean")
