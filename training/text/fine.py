"""What a text is beside its label teaches it too: heads that are thrown away after the fitting.

GoEmotions tells 27 emotions apart, SST-5 five levels, MELD seven emotions. Which of them a text has is more than its
label says, and a network that learns both learns the label better and overfits it later (Caruana 1997, "Multitask
learning", Machine Learning 28). Each set has a linear head of its own over the state that the classifier reads.

One more head tells which set a text is of. Comments, reviews and dialogue are labelled each in their own way: a network
that hears which it has before it can answer each in its own, and does not have to settle between them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from training.corpora.texts.table import Row


class FineHeads(nn.Module):
    """A linear head for each set of `rows` that has names, over states of `width`."""

    def __init__(self, rows: Sequence[Row], width: int) -> None:
        super().__init__()
        names: dict[str, set[str]] = {}
        for row in rows:
            names.setdefault(_set_of(row), set()).update(row.names)
        self._positions = {kind: {name: i for i, name in enumerate(sorted(names[kind]))} for kind in sorted(names)}
        self.heads = nn.ModuleDict({k: nn.Linear(width, len(of)) for k, of in self._positions.items() if of})
        self.kinds = nn.Linear(width, len(names))
        counts = Counter(_set_of(row) for row in rows)
        self._rarity = torch.tensor([len(rows) / counts[kind] for kind in self._positions])

    def names_loss(self, states: Tensor, rows: Sequence[Row], weight_of: Mapping[str, float]) -> Tensor:
        """Return the cross entropy of the names of `rows` given their `states` (rows, width), the mean over rows.

        Of several names each is as likely; a row without names costs nothing; `weight_of` weighs its source.
        """
        total = states.new_zeros(())
        for kind, head in self.heads.items():
            own = [i for i, row in enumerate(rows) if row.names and _set_of(row) == kind]
            if own:
                wanted = torch.stack([self._target(kind, rows[i].names) for i in own])
                weights = torch.tensor([weight_of.get(rows[i].source, 1.0) for i in own])
                total = total + (weights * cross_entropy(head(states[own]), wanted, reduction="none")).sum()
        return total / len(rows)

    def kind_loss(self, states: Tensor, rows: Sequence[Row]) -> Tensor:
        """Return the cross entropy of the sets that `rows` are of, in which every set counts alike."""
        order = list(self._positions)
        wanted = torch.tensor([order.index(_set_of(row)) for row in rows])
        return cross_entropy(self.kinds(states), wanted, weight=self._rarity)

    def _target(self, kind: str, names: Sequence[str]) -> Tensor:
        target = torch.zeros(len(self._positions[kind]))
        target[[self._positions[kind][name] for name in names]] = 1.0 / len(names)
        return target


def _set_of(row: Row) -> str:
    return row.source.removesuffix("_phrases")
