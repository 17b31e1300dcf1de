"""Stage `teach_text`: fits the teacher on all sets, and writes what it makes of each training row to learn from.

The answers lie in `features/taught.arrow`, one row for each training row of features/text.arrow, in its order: the
logits of the head of the row's own kind of text, of the row as it is spoken. Rows that nobody learns (most phrases of
reviews) have none, and with `text.taught: null` nobody is asked at all: no larger network is needed then. Run it as
`python -m training.teaching.teach`.
"""

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from tokenizers import Tokenizer
from torch import nn
from torch.nn.functional import cross_entropy
from tqdm import tqdm

from training.corpora.texts.table import Row, load_rows
from training.files import TAUGHT, TEACHER_METRICS
from training.metrics_files import write_metrics
from training.params import load_params
from training.precision import print_basis
from training.tables import write_records
from training.teaching.base import teacher_folder
from training.teaching.network import KIND_OF, Teacher
from training.text.batches import answered, buckets, encoded, padded
from training.text.noise import spoken
from training.text.rows import epoch_rows, label_weights
from training.tracking import check_store, log_numbers
from undertone.labels import label_index


@dataclass(frozen=True)
class Answer:
    """What the teacher makes of one row: a logit for each label, or None where it was not asked."""

    negative: float | None
    neutral: float | None
    positive: float | None


UNASKED = Answer(None, None, None)


def teach(section: Mapping[str, Any], rows: Sequence[Row], folder: Path) -> tuple[list[Answer], dict[str, float]]:
    """Fit a teacher on the training `rows` and return its answers to them, and macro-F1 of its heads on the dev rows.

    `folder` holds the MPNet that it starts from; the same inputs give the same answers.
    """
    torch.set_num_threads(section["threads"])
    torch.manual_seed(section["seed"])
    fitted = with_one_emotion([row for row in rows if row.split == "train"])
    dev = [row for row in rows if row.split == "dev"]
    emotions = sorted({name for row in rows if row.source == "goemotions" for name in row.names})
    teacher = Teacher(folder, emotions, section["frozen_layers"], section["precision"])
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    _fit(teacher, tokenizer, fitted, section)
    return _answers(teacher, tokenizer, fitted, section), _scores(teacher, tokenizer, dev, section)


def with_one_emotion(rows: Sequence[Row]) -> list[Row]:
    """Return `rows` in which what is said again in dialogue, with the same sentiment, has the emotion of its last time.

    Short answers come again and again; so none of them is learned as two emotions.
    """
    last = {(row.text, row.label): row.names for row in rows if row.source == "meld"}
    return [replace(row, names=last[row.text, row.label]) if row.source == "meld" else row for row in rows]


def _fit(teacher: Teacher, tokenizer: Tokenizer, rows: Sequence[Row], section: Mapping[str, Any]) -> None:
    rng = random.Random(section["seed"])
    epochs = [epoch_rows(rows, section["rows_per_epoch"], rng) for _ in range(section["epochs"])]
    weight_of = label_weights(rows, {**section, "source_weight": {}, "emphasis": {}})
    optimiser = torch.optim.AdamW(_groups(teacher, section), fused=True)
    steps = sum(-(-len(drawn) // section["batch_size"]) for drawn in epochs)
    warmup = max(1, int(section["warmup"] * steps))
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / warmup, max(0.0, (steps - step) / max(1, steps - warmup)))
    )
    moved = [weight for weight in teacher.parameters() if weight.requires_grad]
    for number, drawn in enumerate(epochs):
        started_s, losses = time.monotonic(), []
        ids = encoded(tokenizer, [spoken(row.text, rng) for row in drawn], section["train_tokens"])
        teacher.train()
        batches = buckets([len(row) for row in ids], section["batch_size"], rng)
        for batch in tqdm(batches, desc=f"epoch {number + 1}", mininterval=10.0):
            tokens, mask = padded([ids[i] for i in batch], tokenizer.token_to_id("<pad>"), 4)
            loss = _loss(teacher, tokens, mask, [drawn[i] for i in batch], weight_of, section)
            loss.backward()
            nn.utils.clip_grad_norm_(moved, 1.0)
            optimiser.step()
            rate.step()
            optimiser.zero_grad(set_to_none=True)
            losses.append(float(loss.item()))
        tqdm.write(f"epoch {number + 1}: loss {np.mean(losses):.4f}, {time.monotonic() - started_s:.0f} s")


def _loss(
    teacher: Teacher,
    tokens: torch.Tensor,
    mask: torch.Tensor,
    rows: Sequence[Row],
    weight_of: Mapping[tuple[str, str], float],
    section: Mapping[str, Any],
) -> torch.Tensor:
    every, fine = teacher(tokens, mask)
    kinds = torch.tensor([KIND_OF[row.source] for row in rows])
    labels = torch.tensor([label_index(row.label) for row in rows])
    weights = torch.tensor([weight_of[row.source, row.label] for row in rows])
    own = every[torch.arange(len(rows)), kinds]
    smoothing = section["label_smoothing"]
    loss = (weights * cross_entropy(own, labels, reduction="none", label_smoothing=smoothing)).mean()
    for kind, logits in enumerate(fine):
        at = (kinds == kind).nonzero()[:, 0]
        if len(at):
            costs = teacher.fine_loss(kind, logits[at], [rows[i] for i in at.tolist()])
            loss = loss + section["fine_names"] * costs.sum() / len(rows)
    return loss


def _groups(teacher: Teacher, section: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return optimiser groups: the heads at their rate, each layer of MPNet below it by `layer_decay` slower."""
    depth = teacher.body.config.num_hidden_layers
    groups: dict[tuple[int, bool, bool], list[nn.Parameter]] = {}
    for name, weight in teacher.named_parameters():
        if weight.requires_grad:
            in_body = name.startswith("body.")
            layer = in_body and ".layer." in name
            below = depth - 1 - int(name.split(".layer.")[1].split(".")[0]) if layer else 0
            groups.setdefault((below, not in_body, weight.ndim > 1), []).append(weight)
    rate, decay = section["learning_rate"], section["layer_decay"]
    return [
        {
            "params": weights,
            "lr": section["head_learning_rate"] if of_head else rate * decay**below,
            "weight_decay": section["weight_decay"] if decayed else 0.0,
        }
        for (below, of_head, decayed), weights in groups.items()
    ]


def _logits(
    teacher: Teacher, tokenizer: Tokenizer, rows: Sequence[Row], texts: Sequence[str], section: Mapping[str, Any]
) -> NDArray[np.float32]:
    """Return the logits (rows, labels) of the head of each row's kind."""
    ids = encoded(tokenizer, texts, section["answer_tokens"])
    kinds = np.array([KIND_OF[row.source] for row in rows])
    teacher.eval()
    return answered(
        ids,
        tokenizer.token_to_id("<pad>"),
        lambda tokens, mask, part: teacher(tokens, mask)[0].numpy()[np.arange(len(part)), kinds[part]],
    )


def _answers(teacher: Teacher, tokenizer: Tokenizer, rows: Sequence[Row], section: Mapping[str, Any]) -> list[Answer]:
    rng = random.Random(section["seed"])
    asked = [i for i, row in enumerate(rows) if row.source != "sst_phrases"]
    phrases = [i for i, row in enumerate(rows) if row.source == "sst_phrases"]
    asked += sorted(rng.sample(phrases, min(len(phrases), section["phrases"])))
    answers = [UNASKED] * len(rows)
    own = [rows[i] for i in asked]
    for i, vector in zip(
        asked, _logits(teacher, tokenizer, own, [spoken(r.text, rng) for r in own], section), strict=True
    ):
        answers[i] = Answer(*(round(float(logit), 4) for logit in vector))
    return answers


def _scores(teacher: Teacher, tokenizer: Tokenizer, dev: Sequence[Row], section: Mapping[str, Any]) -> dict[str, float]:
    found = _logits(teacher, tokenizer, dev, [row.text for row in dev], section).argmax(axis=1)
    actual, sources = np.array([label_index(row.label) for row in dev]), np.array([row.source for row in dev])
    return {
        f"{source}_dev_macro_f1": float(f1_score(actual[sources == source], found[sources == source], average="macro"))
        for source in sorted(set(sources))
    }


def main() -> None:
    """Run the stage with params.yaml."""
    check_store()
    torch.use_deterministic_algorithms(True)
    params = load_params()
    print_basis(params["teach_text"]["threads"])
    rows = load_rows()
    if params["text"]["taught"] is None:
        answers, scores = [UNASKED] * sum(row.split == "train" for row in rows), dict[str, float]()
    else:
        answers, scores = teach(params["teach_text"], rows, teacher_folder())
    write_records(TAUGHT, answers)
    protocol = "macro-F1 on the dev rows of each set, by the head of its kind of text; no choice was made by it"
    write_metrics(TEACHER_METRICS, {"protocol": protocol, "dev": scores})
    log_numbers("teacher", {"teach_text": params["teach_text"]}, {"teacher": TEACHER_METRICS})


if __name__ == "__main__":
    main()
