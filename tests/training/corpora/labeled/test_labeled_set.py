"""The labelled sentences of data/labeled are what their data card says: ours, balanced, spoken, read twice."""

import csv
import re
from collections import Counter

import pytest

from undertone.labels import LABELS

pytestmark = pytest.mark.fast


@pytest.fixture(scope="module")
def sentences(repository):
    with (repository / "data" / "labeled" / "sentences.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_labels_and_domains_are_balanced(sentences):
    assert len(sentences) >= 360
    assert set(Counter(row["label"] for row in sentences)) == set(LABELS)
    cells = Counter((row["domain"], row["label"]) for row in sentences)
    assert len(cells) == 12
    assert len(set(cells.values())) == 1


def test_sentences_are_of_spoken_length_and_none_is_there_twice(sentences):
    assert all(4 <= len(row["text"].split()) <= 20 for row in sentences)
    assert len({re.sub(r"\W+", " ", row["text"]).casefold() for row in sentences}) == len(sentences)
    assert len({row["id"] for row in sentences}) == len(sentences)


def test_the_hard_kinds_of_sentence_are_there(sentences):
    kinds = Counter(row["phenomenon"] for row in sentences)
    assert min(kinds[kind] for kind in ("negation", "understatement", "politeness", "mixed")) >= 30


def test_every_sentence_was_read_a_second_time_with_the_same_label(sentences, repository):
    with (repository / "data" / "labeled" / "second_reading.csv").open(encoding="utf-8", newline="") as file:
        second = {row["id"]: row["label"] for row in csv.DictReader(file)}
    assert second == {row["id"]: row["label"] for row in sentences}
