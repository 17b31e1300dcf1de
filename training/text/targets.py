"""What a row is to be given: its label, and what a larger network makes of it.

A label is one person's word; what a teacher makes of the row is what many rows like it were called. So each taught row
is given a mixture of both (Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network"):

    target = share * softmax(teacher / temperature) + (1 - share) * smoothed label

The teacher has a head for each kind of text and answers a row by its own (training/teaching/network.py).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import one_hot

from training.corpora.texts.table import Row
from training.files import TAUGHT
from training.tables import read_table
from training.text.rows import label_weights
from undertone.labels import LABELS, label_index
from undertone.probabilities import softmax

Answers = Mapping[Row, NDArray[np.float64]]  # logits (labels,) of the rows that the teacher was asked about


def load_answers(rows: Sequence[Row], path: Path = TAUGHT) -> Answers:
    """Return what the stage `teach_text` wrote of `rows`, the training rows in the order of their table.

    Raises:
        SystemExit: the file is missing, or of another table, or of no teacher; the message names the stage.
    """
    table = read_table(path, "teach_text")
    if len(table) != len(rows):
        raise SystemExit(f"{path} answers {len(table)} rows, not {len(rows)}: make it anew with `dvc repro teach_text`")
    columns = np.stack([table[label].to_numpy() for label in LABELS], axis=1).astype(np.float64)
    if len(columns) and np.isnan(columns).all():
        raise SystemExit(f"{path} was written without a teacher: make it anew with `dvc repro -f -s teach_text`")
    return {row: logits for row, logits in zip(rows, columns, strict=True) if not np.isnan(logits).any()}


class Targets:
    """Gives the targets of rows, and how much each of them counts."""

    def __init__(self, rows: Sequence[Row], section: Mapping[str, Any], answers: Answers) -> None:
        self._weight_of, self._of_source = label_weights(rows, section), section["source_weight"]
        self._smoothing = section["label_smoothing"]
        taught = section["taught"] or {"share": 0.0, "temperature": 1.0}
        self._share = taught["share"]
        self._said = {row: softmax(logits, taught["temperature"]) for row, logits in answers.items()}

    def of(self, rows: Sequence[Row]) -> tuple[Tensor, Tensor]:
        """Return the probabilities (rows, labels) to be given, and the weights (rows,).

        A label counts more where it is rare; what the teacher says counts alike, as it is no label.
        """
        labels = one_hot(torch.tensor([label_index(row.label) for row in rows]), len(LABELS)).float()
        smoothed = (1.0 - self._smoothing) * labels + self._smoothing / len(LABELS)
        shares = torch.tensor([self._share if row in self._said else 0.0 for row in rows])
        said = np.stack([self._said.get(row, _NOTHING) for row in rows])
        mixed = shares[:, None] * torch.from_numpy(said).float() + (1.0 - shares[:, None]) * smoothed
        by_label = torch.tensor([self._weight_of[row.source, row.label] for row in rows])
        by_source = torch.tensor([self._of_source.get(row.source, 1.0) for row in rows])
        return mixed, shares * by_source + (1.0 - shares) * by_label


_NOTHING = np.zeros(len(LABELS))
