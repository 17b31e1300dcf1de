"""The sentences: sources, labels, what is dropped, and what a user is told when they are missing."""

from pathlib import Path

import pytest

from training.corpora.texts import dialogue as text_dialogue
from training.corpora.texts import hub as text_hub
from training.corpora.texts import sources as text_sources
from training.corpora.texts import table as text_data
from training.corpora.texts.sentence import SPLITS, Sentence, SourceError
from training.corpora.texts.sources import plain_writing, tree_phrases, tree_text
from training.files import TEXT_DATA_METRICS, TEXTS
from undertone.labels import LABELS

pytestmark = pytest.mark.fast

GROUPINGS = {
    "goemotions": {"joy": "positive", "fear": "negative", "surprise": "ambiguous", "neutral": "neutral"},
    "sst": {"0": "negative", "1": "negative", "2": "neutral", "3": "positive", "4": "positive"},
    "meld": {label: label for label in LABELS} | dict.fromkeys(("anger", "joy", "sadness"), "ambiguous"),
}
PARAMS = """
text_data:
  goemotions: {joy: positive, fear: negative, surprise: ambiguous, neutral: neutral}
  sst: {0: negative, 1: negative, 2: neutral, 3: positive, 4: positive}
  meld: {negative: negative, neutral: neutral, positive: positive, anger: ambiguous, joy: ambiguous, sadness: ambiguous}
"""
HEADER = "dialogue\tutterance\tspeaker\temotion\tsentiment\ttext\n"


def make_mirror(folder: Path) -> Path:
    """Write a mirror of a few rows and return it."""
    (folder / "goemotions").mkdir(parents=True)
    (folder / "sst").mkdir()
    (folder / "goemotions" / "labels.txt").write_text("joy\nfear\nsurprise\nneutral\n")
    rows = {
        "train": "So happy!\t0\ta\nHelp\t1\tb\nWhat?\t2\tc\nMixed\t0,1\td\nhelp\t1\te\nA test, row.\t3\tf\n",
        "dev": "Dev row\t0,2\tg\n",
        "test": "a test row\t3\th\n",
    }
    trees = {
        "train": "(3 (2 It) (3 (3 works) (2 .)))\n",
        "dev": "(0 (0 Bad) (2 film))\n",
        "test": "(2 (2 A) (2 film))\n",
    }
    (folder / "meld").mkdir()
    said = ("3\t0\tAnn\tjoy\tpositive\tNo way!\n", "3\t1\tBob\tanger\tnegative\tNo way.\n")
    held_out = '20\t0\tAnn\tneutral\tneutral\tWe\u2019ll see, "maybe".\n'
    (folder / "meld" / "train.tsv").write_text(HEADER + "".join(said) + held_out, encoding="utf-8")
    (folder / "meld" / "dev.tsv").write_text(HEADER + "0\t0\tBob\tsadness\tnegative\tHe left.\n", encoding="utf-8")
    for split in SPLITS:
        (folder / "goemotions" / f"{split}.tsv").write_text(rows[split])
        (folder / "sst" / f"{split}.txt").write_text(trees[split])
    return folder


def test_a_row_has_the_one_label_that_its_emotions_name_and_ambiguous_ones_do_not_count() -> None:
    table = GROUPINGS["goemotions"]
    assert text_data.label_of(("joy", "surprise"), table) == "positive"
    assert text_data.label_of(("joy", "fear"), table) == "mixed"
    assert text_data.label_of(("surprise",), table) == "ambiguous"


def test_the_stage_drops_and_counts_mixed_ambiguous_repeated_and_test_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNDERTONE_DATA", str(make_mirror(tmp_path / "mirror")))
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(PARAMS)
    text_data.main()
    kept = {(row.source, row.split, row.text, row.label) for row in text_data.load_rows()}
    assert ("goemotions", "train", "So happy!", "positive") in kept
    assert ("goemotions", "dev", "Dev row", "positive") in kept
    assert ("sst", "train", "It works.", "positive") in kept
    assert ("sst_phrases", "train", "works.", "positive") in kept
    assert [row.text for row in text_data.load_rows("goemotions", "train")] == ["So happy!", "Help"]
    assert {(row.split, row.text, row.label) for row in text_data.load_rows("meld")} == {
        ("train", "No way!", "positive"),
        ("train", "No way.", "negative"),
        ("dev", 'We\'ll see, "maybe".', "neutral"),
        ("test", "He left.", "negative"),
    }
    metrics = TEXT_DATA_METRICS.read_text()
    for reason in ("ambiguous", "mixed", "repeated", "in_dev_or_test"):
        assert f'"goemotions.train.{reason}": 1' in metrics
    before = TEXTS.read_bytes()
    text_data.main()
    assert TEXTS.read_bytes() == before


def test_no_training_text_stands_in_a_test_set_whatever_its_case_and_punctuation() -> None:
    sentences = [Sentence("sst", "train", "GREAT film!", ("4",)), Sentence("sst", "test", "great film", ("4",))]
    rows, _ = text_data.label_rows(sentences, GROUPINGS)
    assert [row.split for row in rows] == ["test"]


def test_an_emotion_without_a_label_is_named() -> None:
    with pytest.raises(ValueError, match="awe"):
        text_data.label_rows([Sentence("goemotions", "train", "oh", ("awe",))], GROUPINGS)


def test_a_label_that_is_not_ours_is_named() -> None:
    with pytest.raises(ValueError, match="happy"):
        text_data.label_rows([], {"sst": {"0": "happy"}})


def test_a_tree_becomes_plain_writing_with_its_level_and_its_parts() -> None:
    tree = "(3 (2 It) (3 (3 (2 does) (2 n't)) (2 (2 -LRB-) (2 fail))))"
    assert tree_text(tree) == ("It doesn't (fail", "3")
    assert [level for _, level in tree_phrases(tree)] == ["3", "2", "3"]
    assert plain_writing("`` Good '' , she said .") == '"Good", she said.'


def test_a_mirror_without_a_file_is_told_which_one(tmp_path: Path) -> None:
    (make_mirror(tmp_path) / "sst" / "dev.txt").unlink()
    with pytest.raises(SourceError, match=r"dev\.txt"):
        text_sources.from_mirror(tmp_path)


def test_a_malformed_line_is_named(tmp_path: Path) -> None:
    (make_mirror(tmp_path) / "goemotions" / "test.tsv").write_text("no tabs here\n")
    with pytest.raises(SourceError, match=r"test\.tsv line 1"):
        text_sources.from_mirror(tmp_path)


def test_without_mirror_and_network_the_stage_ends_in_seconds_and_says_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UNDERTONE_DATA", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(text_hub, "HUB_HOST", "hub.invalid")
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(PARAMS)
    with pytest.raises(SystemExit, match=r"UNDERTONE_DATA.*SetFit/sst5"):
        text_data.main()
    assert not TEXTS.exists()


def test_training_without_the_table_names_the_stage_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="dvc repro text_data"):
        text_data.load_rows(path=tmp_path / "text.arrow")


def test_dialogues_of_the_hub_lose_the_texts_that_stand_in_its_test_part() -> None:
    row = {"Utterance": "Oh my God!", "Emotion": "joy", "Sentiment": "positive", "Dialogue_ID": 7, "Utterance_ID": 0}
    other = {**row, "Utterance": "I\x92m fine.", "Emotion": "neutral", "Sentiment": "neutral", "Dialogue_ID": 30}
    tables = {"train": [row, other], "validation": [other], "test": [{**row, "Utterance": "oh my god"}]}
    found = [(s.split, s.text, s.names) for s in text_dialogue.from_tables(tables)]
    assert found == [("dev", "I'm fine.", ("neutral",)), ("test", "I'm fine.", ("neutral",))]
    with pytest.raises(SourceError, match=r"declare-lab/MELD: no column for emotion, sentiment"):
        text_dialogue.from_tables({**tables, "train": [{"Utterance": "hi", "Dialogue_ID": 1}]})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("dialogue\ttext\n", r"train\.tsv line 1: no column emotion, sentiment"),
        (HEADER + "1\t0\tAnn\tjoy\tpositive\n", r"train\.tsv line 2: 6 fields"),
        (HEADER + "1\t0\tAnn\tjoy\tglad\tHi.\n", r"train\.tsv line 2: .*sentiment"),
    ],
)
def test_a_malformed_dialogue_is_named_with_its_line(tmp_path: Path, content: str, said: str) -> None:
    (make_mirror(tmp_path) / "meld" / "train.tsv").write_text(content)
    with pytest.raises(SourceError, match=said):
        text_sources.from_mirror(tmp_path)
