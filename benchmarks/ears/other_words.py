"""What the ear's head owes to other words: fitted on one sentence of RAVDESS, judged on the other one by other actors.

    python benchmarks/ears/other_words.py

Prints the UAR over all clips, with and without the differences between sentences of neutral voices (`other_words`), and
with and without the voices as neutral speech (`neutral_weight`). Needs `dvc repro encoder_features`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.metrics import recall_score

from training.corpora.ravdess.clips import load_features
from training.corpora.ravdess.splits import reported_folds
from training.ear.material import fitted
from training.encoder.table import CLEAN, load_encodings
from training.params import load_params
from undertone.labels import LABELS
from undertone.probabilities import softmax
from undertone.scoring.scores import negative_log_likelihood


def across_sentences(section: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return logits (clips, 3) by heads that heard neither the actor nor the sentence of a clip, and its label."""
    params, clips, encodings = load_params(), load_features(), load_encodings()
    logits = np.empty((len(clips), 3))
    for fold in reported_folds():
        for statement in (1, 2):
            known = [clip for clip in clips if clip.actor in fold.fit and clip.statement != statement]
            judged = [i for i, c in enumerate(clips) if c.actor in fold.test and c.statement == statement]
            head = fitted(encodings, known, params, section)
            logits[judged] = head.logits(encodings.of(CLEAN, [clips[i].name for i in judged]))
    return logits, np.array([clip.label_index for clip in clips])


def main() -> None:
    """Print the table."""
    section = load_params()["train_ear"]
    table = Table("other_words", "neutral_weight", "UAR", *(f"recall of {label}" for label in LABELS), "log loss")
    for words, weight in ((0, 1e-6), (2, 1e-6), (2, section["neutral_weight"])):
        logits, actual = across_sentences({**section, "other_words": words, "neutral_weight": weight})
        recalls = recall_score(actual, logits.argmax(axis=1), average=None)
        loss = negative_log_likelihood(actual, softmax(logits))
        table.add_row(str(words), f"{weight:g}", *(f"{value:.3f}" for value in (recalls.mean(), *recalls, loss)))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
