"""Which rows an epoch has, and how much each of them counts."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from training.corpora.texts.table import Row


def epoch_rows(rows: Sequence[Row], per_source: Mapping[str, int], rng: random.Random) -> list[Row]:
    """Return the rows of one epoch: up to `per_source` of each source, drawn without repetition."""
    drawn: list[Row] = []
    for source, wanted in per_source.items():
        own = [row for row in rows if row.source == source]
        drawn += rng.sample(own, min(wanted, len(own)))
    return drawn


def label_weights(rows: Sequence[Row], section: Mapping[str, Any]) -> dict[tuple[str, str], float]:
    """Return the weight of a row by (source, label): share of the label in its source ** -balance, 1 in the mean.

    `section` has `label_balance` of each source, `emphasis`, which multiplies the weight of a label in every source,
    and `source_weight`, which does that of a source; what they do not name counts once.

    With a balance of 0 all rows count alike, with 1 all labels of a source do: what macro-F1 asks for (King and Zeng
    2001, "Logistic regression in rare events data", Political Analysis 9(2), on weighting by inverse frequency).
    """
    counts = Counter((row.source, row.label) for row in rows)
    totals = Counter(row.source for row in rows)
    balance = section["label_balance"]
    raw = {(s, label): (count / totals[s]) ** -balance.get(s, 0.0) for (s, label), count in counts.items()}
    means = {
        source: sum(counts[key] * raw[key] for key in counts if key[0] == source) / totals[source] for source in totals
    }
    others = {
        (s, label): section["source_weight"].get(s, 1.0) * section["emphasis"].get(label, 1.0) for s, label in raw
    }
    return {key: weight / means[key[0]] * others[key] for key, weight in raw.items()}
