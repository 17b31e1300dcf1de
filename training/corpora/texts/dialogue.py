"""The dialogues of MELD as sentences: what is read, and which dialogues are fitted on, calibrated on and tested on.

MELD: Poria et al. 2019, ACL, "MELD: A multimodal multi-party dataset for emotion recognition in conversations". A tenth
of its training dialogues, those whose number ends in 0, is our dev part, for temperatures and choices; its dev part is
our test part. Its own test part is never read into a row: rows whose text stands there are left out, as the mirror
leaves them out, so that others can judge with it.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from training.corpora.texts.sentence import Sentence, SourceError

FILES = ("train.tsv", "dev.tsv")
COLUMNS = ("dialogue", "sentiment", "text")
_HELD_OUT_EVERY = 10
_HUB_NAMES = {"dialogue_id": "dialogue", "utterance": "text", "sentiment": "sentiment"}
# The published CSV keeps the marks of Windows-1252 as control characters.
_MARKS = {0x85: "...", 0x91: "'", 0x92: "'", 0x93: '"', 0x94: '"', 0x96: "-", 0x97: "-"}


def read_dialogues(folder: Path) -> Iterator[Sentence]:
    """Yield the sentences of `folder`/train.tsv and dev.tsv, whose test texts are already left out.

    Raises:
        SourceError: a column is missing or a row is malformed; the message names file and line.
    """
    for name in FILES:
        yield from _sentences(_rows(folder / name), name.removesuffix(".tsv"), str(folder / name), frozenset())


def from_tables(tables: Mapping[str, Iterable[Mapping[str, object]]]) -> list[Sentence]:
    """Return the sentences of the hub's tables `train`, `validation` and `test`, of which the last only leaves out.

    Raises:
        SourceError: a table has not the columns of the published CSV.
    """
    rows = {split: [_named(row) for row in tables[split]] for split in ("train", "validation", "test")}
    kept_aside = frozenset(_key(row["text"]) for row in rows["test"])
    found: list[Sentence] = []
    for split, name in (("train", "train"), ("validation", "dev")):
        found += _sentences(enumerate(rows[split], start=2), name, f"declare-lab/MELD {split}", kept_aside)
    return found


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise SourceError(f"{path} line 1: no column {', '.join(missing)}")
        for row in reader:
            if None in row or None in row.values():
                raise SourceError(f"{path} line {reader.line_num}: {len(reader.fieldnames or ())} fields are expected")
            yield reader.line_num, row


def _named(row: Mapping[str, object]) -> dict[str, str]:
    named = {_HUB_NAMES.get(name.lower(), name.lower()): str(value) for name, value in row.items()}
    missing = [name for name in COLUMNS if name not in named]
    if missing:
        raise SourceError(f"declare-lab/MELD: no column for {', '.join(missing)}; it has {', '.join(row)}")
    return named


def _sentences(
    rows: Iterable[tuple[int, Mapping[str, str]]], part: str, place: str, kept_aside: frozenset[str]
) -> Iterator[Sentence]:
    for number, row in rows:
        if not row["dialogue"].isdecimal() or row["sentiment"] not in ("negative", "neutral", "positive"):
            raise SourceError(f"{place} line {number}: a dialogue's number and a sentiment are expected")
        if _key(row["text"]) not in kept_aside:
            yield Sentence("meld", _split(part, int(row["dialogue"])), _plain(row["text"]), (row["sentiment"],))


def _split(part: str, dialogue: int) -> str:
    if part == "dev":
        return "test"
    return "dev" if dialogue % _HELD_OUT_EVERY == 0 else "train"


def _plain(text: str) -> str:
    return " ".join(text.translate(_MARKS).replace("\u2019", "'").replace("\u2018", "'").split())


def _key(text: str) -> str:
    return " ".join(re.findall(r"\w+", _plain(text).casefold()))
