"""Stage `text_data`: the sentences of all sets with our three labels, in `features/text.arrow`.

A row stays when its emotions name exactly one label. Rows whose emotions name two, or none (only ambiguous ones), are
dropped and counted, and so are training rows whose normalised text stands in a dev or test set, and repeated ones; in
dialogue the same short answer is said with one feeling and with another, and all of them stay.
Run it as `python -m training.corpora.texts.table`.
"""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path
from typing import Any

from training.corpora.texts.sentence import SPLITS, Sentence, SourceError, normalised
from training.corpora.texts.sources import MIRROR_VARIABLE, load_sentences
from training.files import TEXT_DATA_METRICS, TEXTS
from training.metrics_files import write_metrics
from training.params import load_params
from training.tables import read_table, write_records
from undertone.labels import LABELS, label_index

AMBIGUOUS = "ambiguous"
REPEATING = ("meld",)  # sources in which a text that comes again is no copy


@dataclass(frozen=True)
class Row:
    """One labelled sentence; `split` is train, dev or test, `source` goemotions, sst, sst_phrases or meld.

    `names` are what its own set calls it, finer than the label.
    """

    source: str
    split: str
    text: str
    label: str
    names: tuple[str, ...] = ()


def label_of(names: Iterable[str], grouping: Mapping[str, str]) -> str:
    """Return the one label that `names` stand for, "mixed" for several, "ambiguous" for none.

    With `{"joy": "positive", "fear": "negative", "surprise": "ambiguous"}`: ("joy", "surprise") is "positive",
    ("joy", "fear") is "mixed" and ("surprise",) is "ambiguous".
    """
    labels = {grouping[name] for name in names} - {AMBIGUOUS}
    if not labels:
        return AMBIGUOUS
    return labels.pop() if len(labels) == 1 else "mixed"


def label_rows(
    sentences: Sequence[Sentence], groupings: Mapping[str, Mapping[str, str]]
) -> tuple[list[Row], dict[str, Any]]:
    """Label and clean `sentences`; `groupings` maps source -> name -> label or "ambiguous".

    Returns:
        The rows in the order given, and the counts that metrics/text_data.json shows.

    Raises:
        ValueError: a name that its table lacks, or a label that is not ours; the message names it.
    """
    _check(sentences, groupings)
    dropped: Counter[str] = Counter()
    held_out = {normalised(s.text) for s in sentences if s.split != "train"}
    seen: set[str] = set()
    rows = []
    for sentence in sentences:
        label = label_of(sentence.names, groupings[sentence.source])
        key = normalised(sentence.text)
        if label not in LABELS:
            dropped[f"{sentence.source}.{sentence.split}.{label}"] += 1
        elif sentence.split == "train" and key in held_out:
            dropped[f"{sentence.source}.train.in_dev_or_test"] += 1
        elif sentence.split == "train" and key in seen and sentence.source not in REPEATING:
            dropped[f"{sentence.source}.train.repeated"] += 1
        else:
            rows.append(Row(sentence.source, sentence.split, sentence.text, label, sentence.names))
            seen.update({key} if sentence.split == "train" else ())
    return rows, {"rows": _count(rows), "dropped": dict(sorted(dropped.items())), "data_md5": _digest(rows)}


def save_rows(rows: Sequence[Row], path: Path = TEXTS) -> None:
    """Write the table; the same rows give the same bytes."""
    write_records(path, rows)


def load_rows(source: str | None = None, split: str | None = None, path: Path = TEXTS) -> list[Row]:
    """Return the rows of `source` (None: both) and `split` (None: all).

    Raises:
        SystemExit: the file is missing; the message names the stage that makes it.
    """
    rows = (Row(**{**row, "names": tuple(row["names"])}) for row in read_table(path, "text_data").to_pylist())
    return [row for row in rows if source in (None, row.source) and split in (None, row.split)]


def _check(sentences: Sequence[Sentence], groupings: Mapping[str, Mapping[str, str]]) -> None:
    for source, grouping in groupings.items():
        for label in set(grouping.values()) - {AMBIGUOUS}:
            label_index(label)
        unknown = {name for s in sentences if s.source == source for name in s.names} - set(grouping)
        if unknown:
            raise ValueError(f"text_data.{source} of params.yaml has no label for {', '.join(sorted(unknown))}")


def _count(rows: Sequence[Row]) -> dict[str, dict[str, int]]:
    counts = Counter((row.source, row.split, row.label) for row in rows)
    sources = sorted({row.source for row in rows})
    return {
        f"{source}.{split}": {label: counts[source, split, label] for label in LABELS}
        for source in sources
        for split in SPLITS
        if any(counts[source, split, label] for label in LABELS)
    }


def _digest(rows: Sequence[Row]) -> str:
    lines = "".join(f"{row.source}\t{row.split}\t{row.label}\t{row.text}\n" for row in rows)
    return md5(lines.encode(), usedforsecurity=False).hexdigest()


def main() -> None:
    """Run the stage with params.yaml and the environment."""
    section = load_params()["text_data"]
    groupings = {source: {str(name): label for name, label in table.items()} for source, table in section.items()}
    groupings["sst_phrases"] = groupings["sst"]
    mirror = os.environ.get(MIRROR_VARIABLE)
    try:
        rows, summary = label_rows(load_sentences(Path(mirror) if mirror else None), groupings)
    except (SourceError, ValueError) as error:
        raise SystemExit(f"the sentences cannot be used: {error}") from None
    save_rows(rows)
    write_metrics(TEXT_DATA_METRICS, summary)


if __name__ == "__main__":
    main()
