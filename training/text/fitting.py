"""Fine-tunes the text classifier on views of each row: as written, or as speech recognition would write it.

With one view every row is learned once an epoch. With two, the second, more damaged one also learns what the network
makes of the first, which tells apart the rows whose answer survives the damage from those whose answer is gone; it
takes twice as long, and pays where a recogniser errs often. What comes out is a moving average of the weights (Polyak
and Juditsky 1992, SIAM J. Control Optim. 30). Reading and writing files stand in training/text/train.py, the damage in
training/text/noise.py, what the sets' own names teach in training/text/fine.py, what a teacher does in
training/text/targets.py.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from sklearn.metrics import f1_score
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm
from transformers import DistilBertForSequenceClassification

from training.corpora.texts.table import Row
from training.precision import autocast
from training.text.batches import buckets, encoded, padded, torch_logits
from training.text.fine import FineHeads
from training.text.noise import Confusions, augmented, confusions_of
from training.text.rows import epoch_rows
from training.text.targets import Answers, Targets
from undertone.labels import LABELS, label_index


def fit(
    model: DistilBertForSequenceClassification,
    tokenizer: Tokenizer,
    rows: Sequence[Row],
    dev: Sequence[Row],
    section: Mapping[str, Any],
    answers: Answers = MappingProxyType({}),
) -> list[dict[str, float]]:
    """Fine-tune `model` in place and return one line of the curves per epoch; the same inputs give the same weights.

    `answers` are what a teacher makes of some of `rows`. `section` has `phases`, one after the other: each has its
    rows, weights and learning rate, and starts with fresh moments and a warm restart of the rate (Loshchilov and Hutter
    2017, "SGDR", ICLR), drawn from a seed of its own.
    """
    curves: list[dict[str, float]] = []
    for number, phase in enumerate(section["phases"]):
        settings = {**section, **phase, "seed": section["seed"] + number}
        found = _Phase(model, tokenizer, rows, settings, answers).curves(dev)
        curves += [{**line, "epoch": len(curves) + line["epoch"]} for line in found]
    return curves


class _Phase:
    """One phase of the fitting: its draws, its optimiser and its rate, all from the seed of `section`."""

    def __init__(
        self,
        model: DistilBertForSequenceClassification,
        tokenizer: Tokenizer,
        rows: Sequence[Row],
        section: Mapping[str, Any],
        answers: Answers,
    ) -> None:
        self._model, self._tokenizer, self._section = model, tokenizer, section
        self._rng = random.Random(section["seed"])
        torch.set_num_threads(section["threads"])
        torch.manual_seed(section["seed"])
        self._confusions = row_confusions(rows)
        self._epochs = [epoch_rows(rows, section["rows_per_epoch"], self._rng) for _ in range(section["epochs"])]
        self._targets = Targets(rows, section, answers)
        self._fine = FineHeads([row for drawn in self._epochs for row in drawn], model.config.dim)
        self._averaged = AveragedModel(model, multi_avg_fn=moving_average(section["averaging"]))
        heads = {"params": list(self._fine.parameters()), "lr": 2.0 * section["learning_rate"], "weight_decay": 0.0}
        self._optimiser = torch.optim.AdamW([*parameter_groups(model, section), heads], fused=True)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(self._optimiser, self._rate)

    def curves(self, dev: Sequence[Row]) -> list[dict[str, float]]:
        """Fit, and return one line of the curves per epoch; the model ends with the averaged weights."""
        curves = []
        for epoch, drawn in enumerate(self._epochs):
            started_s = time.monotonic()
            loss = self._fit_epoch(drawn, f"epoch {epoch + 1}")
            curves.append(
                {"epoch": epoch, "train_loss": loss, **dev_scores(self._averaged.module, self._tokenizer, dev)}
            )
            tqdm.write(f"{curves[-1]} {time.monotonic() - started_s:.0f} s")
        self._model.load_state_dict(self._averaged.module.state_dict())
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
        self._averaged.update_parameters(self._model)
        return float(loss.item())

    def _loss(self, tokens: Tensor, mask: Tensor, rows: Sequence[Row]) -> Tensor:
        section = self._section
        targets, weights = self._targets.of(rows)
        with autocast(section["precision"]):
            found = self._model(input_ids=tokens, attention_mask=mask, output_hidden_states=True)
        logits, states = found.logits.float(), found.hidden_states[-1][:, 0].float()
        losses = cross_entropy(logits, targets, reduction="none")
        loss: Tensor = (weights * losses).mean()
        loss = loss + section["fine_names"] * self._fine.names_loss(states, rows, section["source_weight"])
        loss = loss + section["kind_of_text"] * self._fine.kind_loss(states, rows)
        return loss + section["consistency"] * inconsistency(logits) if len(section["noise"]) == 2 else loss


def moving_average(decay: float) -> Callable[[Sequence[Tensor], Sequence[Tensor], Tensor | int], None]:
    """Return how averaged weights take up the newest: by 1 - `decay`, and by more in the first 10 / (1 - decay) steps.

    So a short fitting is no average with where it began; 0 keeps the newest weights.
    """

    def update(averaged: Sequence[Tensor], newest: Sequence[Tensor], steps: Tensor | int) -> None:
        known = float(steps)
        with torch.no_grad():
            torch._foreach_lerp_(list(averaged), list(newest), 1.0 - min(decay, (1.0 + known) / (10.0 + known)))

    return update


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
