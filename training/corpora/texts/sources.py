"""Where the sentences come from: GoEmotions, SST-5 and MELD, from the mirror named by `UNDERTONE_DATA` or from the hub.

All are brought to one shape, `Sentence`, in plain writing (no tree-bank brackets, no spaces before punctuation). What
an emotion or a level means is decided elsewhere (training/corpora/texts/table.py). How the dialogues of MELD are read
and divided stands in training/corpora/texts/dialogue.py.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from training.corpora.texts.dialogue import FILES, from_tables, read_dialogues
from training.corpora.texts.hub import HubUnreachableError, check_hub
from training.corpora.texts.sentence import SPLITS, Sentence, SourceError
from undertone.tables import TableError, read_lines, read_text

MIRROR_VARIABLE = "UNDERTONE_DATA"
HUB_SETS = {
    "goemotions": ("google-research-datasets/go_emotions", "simplified"),
    "sst": ("SetFit/sst5", None),
    "meld": ("declare-lab/MELD", None),
}
HUB_SPLITS = {"train": "train", "dev": "validation", "test": "test"}

_NODE = re.compile(r"\((\d) ([^()\s]+)\)")
_PART = re.compile(r"\((\d) |([^()\s]+)|(\))")
_BRACKETS = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "``": '"', "''": '"', r"\/": "/", r"\*": "*"}
_CLITIC = re.compile(r" (n't|'s|'re|'ve|'ll|'d|'m)\b", re.IGNORECASE)


def load_sentences(mirror: Path | None) -> list[Sentence]:
    """Return all sentences of the three sets, from the folder `mirror` or, where it is None, from the hub.

    Raises:
        SourceError: the mirror lacks a file or holds a malformed line; the hub cannot be reached.
    """
    return from_hub() if mirror is None else from_mirror(mirror)


def from_mirror(mirror: Path) -> list[Sentence]:
    """Read `goemotions/{train,dev,test}.tsv` with `labels.txt`, `sst/{train,dev,test}.txt`, `meld/{train,dev}.tsv`.

    Raises:
        SourceError: a file is missing, or a line is malformed; the message names file and line.
    """
    check_mirror(mirror)
    try:
        return list(_read_mirror(mirror))
    except TableError as error:
        raise SourceError(str(error)) from None


def check_mirror(mirror: Path) -> None:
    """Return where `mirror` has every file of the three sets.

    Raises:
        SourceError: it lacks some; the message names them.
    """
    wanted = [mirror / "goemotions" / "labels.txt"]
    wanted += [mirror / "goemotions" / f"{split}.tsv" for split in SPLITS]
    wanted += [mirror / "sst" / f"{split}.txt" for split in SPLITS]
    wanted += [mirror / "meld" / name for name in FILES]
    missing = [str(path) for path in wanted if not path.is_file()]
    if missing:
        raise SourceError(
            f"{MIRROR_VARIABLE}={mirror} lacks {', '.join(missing)}; add them, or unset it to use the hub"
        )


def from_hub() -> list[Sentence]:
    """Fetch the sets with `datasets` from the hub, or from its cache where `HF_HUB_OFFLINE` is set.

    The hub's SST-5 has sentences only, so training goes without phrases: metrics/text_data.json shows it.
    """
    check_source()
    import datasets

    sentences: list[Sentence] = []
    for source, (name, configuration) in HUB_SETS.items():
        try:
            tables = datasets.load_dataset(name, configuration)
        except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
            raise SourceError(f"the hub data set {name} cannot be loaded ({error}); {_advice()}") from error
        if source == "meld":
            sentences += from_tables(tables)
            continue
        for split, hub_split in HUB_SPLITS.items():
            table = tables[hub_split]
            if source == "goemotions":
                emotions = table.features["labels"].feature.names
                rows = ((row["text"], tuple(emotions[i] for i in row["labels"])) for row in table)
            else:
                rows = ((row["text"], (str(row["label"]),)) for row in table)
            sentences += [Sentence(source, split, plain_writing(text), names) for text, names in rows]
    return sentences


def tree_text(line: str) -> tuple[str, str]:
    """Return text and level of a bracketed tree: `(3 (2 It) (3 (3 works) (2 .)))` is ("It works.", "3")."""
    words = [word for _, word in _NODE.findall(line)]
    if not words or not line.startswith("(") or line[1] not in "01234":
        raise ValueError("not a bracketed tree with a level from 0 to 4")
    return plain_writing(" ".join(words)), line[1]


def tree_phrases(line: str, shortest: int = 2) -> list[tuple[str, str]]:
    """Return text and level of the proper parts of a tree with at least `shortest` words, in the order they close.

    `(3 (2 It) (3 (3 works) (2 .)))` has one such part: ("works.", "3").
    """
    found: list[tuple[str, str]] = []
    open_parts: list[tuple[str, int]] = []
    words: list[str] = []
    for level, word, closing in _PART.findall(line):
        if level:
            open_parts.append((level, len(words)))
        elif word:
            words.append(word)
        elif closing and open_parts:
            label, start = open_parts.pop()
            if open_parts and len(words) - start >= shortest:
                found.append((plain_writing(" ".join(words[start:])), label))
    return found


def plain_writing(text: str) -> str:
    """Undo tree-bank spacing and brackets: `plain_writing("It 's n't `` bad '' .")` is `It'sn't "bad".`."""
    text = " ".join(_BRACKETS.get(token, token) for token in text.replace("\t", " ").split())
    text = re.sub(r'" ([^"]*) "', r'"\1"', _CLITIC.sub(r"\1", text))
    text = re.sub(r" ([.,!?;:)\]%])", r"\1", text)
    return re.sub(r"([(\[$]) ", r"\1", text)


def _read_mirror(mirror: Path) -> Iterator[Sentence]:
    emotions = read_text(mirror / "goemotions" / "labels.txt").split()
    for split in SPLITS:
        yield from _read_goemotions(mirror / "goemotions" / f"{split}.tsv", split, emotions)
        yield from _read_trees(mirror / "sst" / f"{split}.txt", split)
    yield from _read_phrases(mirror / "sst" / "train.txt")
    yield from read_dialogues(mirror / "meld")


def _read_goemotions(path: Path, split: str, emotions: list[str]) -> Iterator[Sentence]:
    for place, line in read_lines(path):
        try:
            text, ids, _ = line.split("\t")
            names = tuple(emotions[int(i)] for i in ids.split(","))
        except (ValueError, IndexError):
            raise SourceError(f"{place}: expected text, emotion ids and comment id, tab separated") from None
        yield Sentence("goemotions", split, plain_writing(text), names)


def _read_trees(path: Path, split: str) -> Iterator[Sentence]:
    for place, line in read_lines(path):
        try:
            text, level = tree_text(line)
        except (ValueError, IndexError) as error:
            raise SourceError(f"{place}: {error}") from None
        yield Sentence("sst", split, text, (level,))


def _read_phrases(path: Path) -> list[Sentence]:
    phrases = (phrase for _, line in read_lines(path) for phrase in tree_phrases(line))
    return [Sentence("sst_phrases", "train", text, (level,)) for text, level in phrases]


def check_source() -> None:
    """Return where the hub can be asked for the sets.

    Raises:
        SourceError: it does not answer; the message says what was tried and what to set.
    """
    try:
        check_hub()
    except HubUnreachableError as error:
        raise SourceError(f"{error}; {_advice()}") from error


def _advice() -> str:
    sets = ", ".join(name for name, _ in HUB_SETS.values())
    return (
        f"tried {MIRROR_VARIABLE} (not set), then {sets} on the hub. Set {MIRROR_VARIABLE} to a folder that holds "
        "goemotions/*.tsv, sst/*.txt and meld/*.tsv, or HF_HUB_OFFLINE=1 where the hub's cache has them"
    )
