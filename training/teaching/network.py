"""The teacher: MPNet with a head for each kind of text, and heads for what the sets themselves call a text.

Comments, reviews and dialogue draw one network apart: who learns one of them loses the other. A head of its own for
each lets the teacher know all three, since of a training row it is known what it is. The network that serves is not
told: it learns to tell them apart (training/text/fine.py).
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from transformers import MPNetModel

from training.corpora.texts.table import Row
from training.precision import autocast
from undertone.labels import LABELS

KIND_OF = {"goemotions": 0, "sst": 1, "sst_phrases": 1, "meld": 2}  # a source's kind of text, in the order of the heads
LEVELS = ("0", "1", "2", "3", "4")
FELT = ("neutral", "joy", "sadness", "anger", "surprise", "fear", "disgust")  # MELD's emotions


class Teacher(nn.Module):
    """MPNet, its lower layers as they are, the mean of its states, and linear heads over one hidden layer."""

    def __init__(self, folder: Path, emotions: Sequence[str], frozen: int, precision: str) -> None:
        super().__init__()
        self.body = MPNetModel.from_pretrained(folder, add_pooling_layer=False, attn_implementation="eager")
        width = self.body.config.hidden_size
        self.dropout = nn.Dropout(0.1)
        self.hidden = nn.Linear(width, width)
        self.heads = nn.ModuleList([nn.Linear(width, len(LABELS)) for _ in range(3)])
        self.fine = nn.ModuleList([nn.Linear(width, len(names)) for names in (emotions, LEVELS, FELT)])
        self._emotions, self._precision = {name: i for i, name in enumerate(emotions)}, precision
        for part in (self.body.embeddings, *self.body.encoder.layer[:frozen]):
            part.requires_grad_(False)

    def forward(self, tokens: Tensor, mask: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the logits of every head, (rows, kinds, labels), and those of the finer names of each kind."""
        with autocast(self._precision):
            states = self.body(input_ids=tokens, attention_mask=mask).last_hidden_state
        states = states.float()
        mean = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        mean = self.dropout(torch.tanh(self.hidden(self.dropout(mean))))
        return torch.stack([head(mean) for head in self.heads], 1), [head(mean) for head in self.fine]

    def fine_loss(self, kind: int, logits: Tensor, rows: Sequence[Row]) -> Tensor:
        """Return the loss (rows,) of the finer names of `rows`, all of one kind; those of a comment may be several."""
        if kind == KIND_OF["goemotions"]:
            wanted = torch.zeros(len(rows), len(self._emotions))
            for i, row in enumerate(rows):
                for name in row.names:
                    wanted[i, self._emotions[name]] = 1
            return binary_cross_entropy_with_logits(logits, wanted, reduction="none").sum(1) / 2
        if kind == KIND_OF["sst"]:
            return cross_entropy(logits, torch.tensor([LEVELS.index(row.names[0]) for row in rows]), reduction="none")
        return cross_entropy(logits, torch.tensor([FELT.index(row.names[-1]) for row in rows]), reduction="none")
