"""The dialogues of MELD as sentences: what is read, and which dialogues are fitted on, calibrated on and tested on.

MELD: Poria et al. 2019, ACL, "MELD: A multimodal multi-party dataset for emotion recognition in conversations". A tenth
of its training dialogues, those whose number ends in 0, is our dev part, for temperatures and choices; its dev part is
our test part. Its own test part is never read into a row: rows whose text stands there are left out, as the mirror
leaves them out, so that others can judge with it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from training.corpora.texts.sentence import Sentence, SourceError
from undertone.tables import read_table

FILES = ("train.tsv", "dev.tsv")
COLUMNS = ("dialogue", "emotion", "sentiment", "text")
_HELD_OUT_EVERY = 10
_HUB_NAMES = {"dialogue_id": "dialogue", "utterance": "text"}
# The published CSV keeps the marks of Windows-1252 as control characters.
_MARKS = {0x85: "...", 0x91: "'", 0x92: "'", 0x93: '"', 0x94: '"', 0x96: "-", 0x97: "-"}


def read_dialogues(folder: Path) -> Iterator[Sentence]:
    """Yield the sentences of `folder`/train.tsv and dev.tsv, whose test texts are already left out.

    Raises:
        TableError: a column is missing, or the file is no such table; the message names file and line.
        SourceError: a row has no number of a dialogue or no sentiment.
    """
    for name in FILES:
        rows = read_table(folder / name, COLUMNS, separators="\t", quoted=False)
        yield from _sentences(((row.place, row.fields) for row in rows), name.removesuffix(".tsv"), frozenset())


def from_tables(tables: Mapping[str, Iterable[Mapping[str, object]]]) -> list[Sentence]:
    """Return the sentences of the hub's tables `train`, `validation` and `test`, of which the last only leaves out.

    Raises:
        SourceError: a table has not the columns of the published CSV.
    """
    rows = {split: [_named(row) for row in tables[split]] for split in ("train", "validation", "test")}
    kept_aside = frozenset(_key(row["text"]) for row in rows["test"])
    found: list[Sentence] = []
    for split, name in (("train", "train"), ("validation", "dev")):
        placed = ((f"declare-lab/MELD {split} line {line}", row) for line, row in enumerate(rows[split], start=2))
        found += _sentences(placed, name, kept_aside)
    return found


def _named(row: Mapping[str, object]) -> dict[str, str]:
    named = {_HUB_NAMES.get(name.lower(), name.lower()): str(value) for name, value in row.items()}
    missing = [name for name in COLUMNS if name not in named]
    if missing:
        raise SourceError(f"declare-lab/MELD: no column for {', '.join(missing)}; it has {', '.join(row)}")
    return named


def _sentences(
    rows: Iterable[tuple[str, Mapping[str, str]]], part: str, kept_aside: frozenset[str]
) -> Iterator[Sentence]:
    for place, row in rows:
        if not row["dialogue"].isdecimal() or row["sentiment"] not in ("negative", "neutral", "positive"):
            raise SourceError(f"{place}: a dialogue's number and a sentiment are expected")
        if _key(row["text"]) not in kept_aside:
            names = tuple(dict.fromkeys((row["sentiment"], row["emotion"])))  # of neutral ones both are "neutral"
            yield Sentence("meld", _split(part, int(row["dialogue"])), _plain(row["text"]), names)


def _split(part: str, dialogue: int) -> str:
    if part == "dev":
        return "test"
    return "dev" if dialogue % _HELD_OUT_EVERY == 0 else "train"


def _plain(text: str) -> str:
    return " ".join(text.translate(_MARKS).replace("\u2019", "'").replace("\u2018", "'").split())


def _key(text: str) -> str:
    return " ".join(re.findall(r"\w+", _plain(text).casefold()))
