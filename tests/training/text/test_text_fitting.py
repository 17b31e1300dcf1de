"""Fine-tuning: the same inputs give the same weights, the label is learned, and damage is learned from the whole."""

from pathlib import Path
from typing import Any

import pytest
import torch
from material.tiny_classifier import make_classifier
from transformers import DistilBertForSequenceClassification

from training.corpora.texts.table import Row
from training.text.base import fetch_base
from training.text.batches import torch_logits
from training.text.fitting import fit, inconsistency
from training.text.rows import label_weights
from undertone.labels import LABELS

WORDS = {"negative": "bad awful bad", "neutral": "it was the film", "positive": "good great good"}
ROWS = [
    Row("goemotions", split, text, label, ("joy", "love") if label == "positive" else (label,))
    for split in ("train", "dev")
    for label, text in WORDS.items()
    for _ in range(32)
]
SECTION: dict[str, Any] = {
    "seed": 0,
    "threads": 1,
    "phases": [
        {
            "epochs": 15,
            "learning_rate": 0.003,
            "rows_per_epoch": {"goemotions": 96},
            "label_balance": {"goemotions": 0.7},
            "source_weight": {},
            "emphasis": {},
        }
    ],
    "train_tokens": 24,
    "batch_size": 16,
    "layer_decay": 0.9,
    "weight_decay": 0.01,
    "warmup": 0.1,
    "consistency": 1.0,
    "label_smoothing": 0.05,
    "taught": None,
    "fine_names": 0.3,
    "kind_of_text": 0.3,
    "averaging": 0.9,
    "precision": "float32",
    "noise": {
        "light": {"share": 0.5, "word_errors": 0.0, "word_error_rate": 0.0},
        "heavy": {"share": 1.0, "word_errors": 0.5, "word_error_rate": 0.2},
    },
}


def fitted(folder: Path) -> tuple[DistilBertForSequenceClassification, list[dict[str, float]], Any]:
    model, tokenizer = fetch_base(str(make_classifier(folder, LABELS)))
    return model, fit(model, tokenizer, ROWS, [row for row in ROWS if row.split == "dev"], SECTION), tokenizer


def test_the_same_rows_give_the_same_weights_and_the_labels_are_learned(tmp_path: Path) -> None:
    model, curves, tokenizer = fitted(tmp_path)
    again, same_curves, _ = fitted(tmp_path)
    assert curves == same_curves
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name]), name
    assert curves[-1]["train_loss"] < curves[0]["train_loss"]
    found = torch_logits(model, tokenizer, list(WORDS.values())).argmax(axis=1)
    assert [LABELS[i] for i in found] == list(WORDS)


@pytest.mark.fast
def test_views_that_agree_cost_nothing_and_only_the_damaged_one_is_moved() -> None:
    light = torch.tensor([[2.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
    heavy = torch.tensor([[0.0, 0.5, 0.0], [0.0, 1.0, 0.0]])
    assert inconsistency(torch.cat([light, light])).item() == pytest.approx(0.0, abs=1e-7)
    logits = torch.cat([light, heavy]).requires_grad_()
    loss = inconsistency(logits)
    loss.backward()
    assert loss.item() > 0.1
    assert logits.grad is not None
    assert logits.grad[:2].abs().max() == 0
    assert logits.grad[2].abs().max() > 0


@pytest.mark.fast
def test_the_rarer_label_of_a_source_weighs_more_and_the_mean_weight_is_one() -> None:
    rows = [Row("meld", "train", f"{i}", label) for label, n in (("neutral", 60), ("negative", 20)) for i in range(n)]
    plain: dict[str, Any] = {"label_balance": {}, "source_weight": {}, "emphasis": {}}
    weights = label_weights(rows, plain | {"label_balance": {"meld": 1.0}})
    assert weights["meld", "negative"] == pytest.approx(3 * weights["meld", "neutral"])
    assert (60 * weights["meld", "neutral"] + 20 * weights["meld", "negative"]) / 80 == pytest.approx(1.0)
    assert set(label_weights(rows, plain).values()) == {1.0}
    assert label_weights(rows, plain | {"emphasis": {"negative": 1.5}})["meld", "negative"] == 1.5
    assert set(label_weights(rows, plain | {"source_weight": {"meld": 2.0}}).values()) == {2.0}


@pytest.mark.fast
def test_one_view_of_each_row_is_enough(tmp_path: Path) -> None:
    model, tokenizer = fetch_base(str(make_classifier(tmp_path, LABELS)))
    phases = [SECTION["phases"][0] | {"epochs": epochs} for epochs in (2, 1)]
    section = SECTION | {"phases": phases, "noise": {"heard": SECTION["noise"]["light"]}}
    curves = fit(model, tokenizer, ROWS, [row for row in ROWS if row.split == "dev"], section)
    assert curves[-1]["train_loss"] < curves[0]["train_loss"]
