"""A teacher learns the texts and answers the training rows; a network learns from its answers."""

from typing import Any

import numpy as np
import pytest
from material.tiny_classifier import make_mpnet

from training.corpora.texts.table import Row
from training.params import load_params
from training.tables import write_records
from training.teaching.teach import Answer, main, teach, with_one_emotion
from training.text.targets import Targets, load_answers
from undertone.labels import LABELS, label_index

TEXTS = {"negative": "bad awful film", "neutral": "it was the film", "positive": "good great film"}
NAMES = {
    "goemotions": {"negative": ("anger", "sadness"), "neutral": ("neutral",), "positive": ("joy",)},
    "sst": {"negative": ("0",), "neutral": ("2",), "positive": ("4",)},
    "sst_phrases": {"negative": ("1",), "neutral": ("2",), "positive": ("3",)},
    "meld": {"negative": ("negative", "anger"), "neutral": ("neutral",), "positive": ("positive", "joy")},
}
ROWS = [
    Row(source, split, text, label, names[label])
    for source, names in NAMES.items()
    for split in ("train", "dev")
    for label, text in TEXTS.items()
    for _ in range(8)
]
TRAIN = [row for row in ROWS if row.split == "train"]
SECTION: dict[str, Any] = {
    "seed": 0,
    "threads": 1,
    "epochs": 12,
    "rows_per_epoch": dict.fromkeys(NAMES, 24),
    "label_balance": {"meld": 0.7},
    "batch_size": 16,
    "learning_rate": 0.003,
    "head_learning_rate": 0.01,
    "layer_decay": 0.9,
    "frozen_layers": 1,
    "weight_decay": 0.01,
    "warmup": 0.1,
    "label_smoothing": 0.05,
    "fine_names": 0.3,
    "train_tokens": 24,
    "answer_tokens": 24,
    "phrases": 6,
    "precision": "float32",
}
TAUGHT = {"share": 0.6, "temperature": 1.0}
STUDENT: dict[str, Any] = {
    "label_balance": {},
    "source_weight": {"meld": 2.0},
    "emphasis": {},
    "label_smoothing": 0.1,
    "taught": TAUGHT,
}


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Answer], dict[str, float]]:
    return teach(SECTION, ROWS, make_mpnet(tmp_path_factory.mktemp("mpnet")))


def test_the_teacher_learns_every_kind_of_text_and_answers_as_many_phrases_as_wanted(taught):
    answers, scores = taught
    assert min(scores.values()) > 0.9
    asked = [answer.positive is not None for answer in answers]
    assert len(asked) == len(TRAIN)
    assert sum(of for of, row in zip(asked, TRAIN, strict=True) if row.source == "sst_phrases") == 6
    assert all(of for of, row in zip(asked, TRAIN, strict=True) if row.source != "sst_phrases")
    for row, answer in zip(TRAIN, answers, strict=True):
        if answer.neutral is not None:
            assert np.argmax([answer.negative, answer.neutral, answer.positive]) == label_index(row.label)


def test_the_same_rows_give_the_same_answers(taught, tmp_path):
    assert teach(SECTION, ROWS, make_mpnet(tmp_path)) == taught


@pytest.mark.fast
def test_what_is_said_again_with_the_same_sentiment_has_the_emotion_of_its_last_time():
    said = [("surprise", "positive"), ("joy", "positive"), ("anger", "negative")]
    rows = [Row("meld", "train", "Oh!", sentiment, (sentiment, emotion)) for emotion, sentiment in said]
    assert [row.names[-1] for row in with_one_emotion(rows)] == ["joy", "joy", "anger"]


@pytest.mark.fast
def test_a_row_is_given_its_label_and_what_the_teacher_says_by_their_shares(tmp_path):
    rows = [Row("meld", "train", "good", "positive"), Row("meld", "train", "film", "neutral")]
    said = np.log([0.2, 0.2, 0.6])
    write_records(tmp_path / "taught.arrow", [Answer(*map(float, said)), Answer(None, None, None)])
    answers = load_answers(rows, tmp_path / "taught.arrow")
    targets, weights = Targets(rows, STUDENT, answers).of(rows)
    smoothed = np.eye(3) * 0.9 + 0.1 / 3
    np.testing.assert_allclose(targets[0], 0.6 * np.array([0.2, 0.2, 0.6]) + 0.4 * smoothed[2], atol=1e-6)
    np.testing.assert_allclose(targets[1], smoothed[1], atol=1e-6)
    np.testing.assert_allclose(weights, [2.0, 2.0])


@pytest.mark.fast
def test_answers_to_another_table_are_refused_and_missing_ones_name_their_stage(tmp_path):
    with pytest.raises(SystemExit, match="dvc repro teach_text"):
        load_answers(TRAIN, tmp_path / "taught.arrow")
    write_records(tmp_path / "taught.arrow", [Answer(0.0, 0.0, 0.0)])
    with pytest.raises(SystemExit, match=f"answers 1 rows, not {len(TRAIN)}"):
        load_answers(TRAIN, tmp_path / "taught.arrow")


@pytest.mark.fast
def test_without_a_teacher_no_larger_network_is_looked_for_and_no_answer_is_made_up(tmp_path, monkeypatch):
    params = load_params() | {"teach_text": SECTION, "text": STUDENT | {"taught": None}}
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "load_params": lambda: params,
        "load_rows": lambda: ROWS,
        "teacher_folder": pytest.fail,
    }.items():
        monkeypatch.setattr(f"training.teaching.teach.{name}", value)
    main()
    with pytest.raises(SystemExit, match="written without a teacher: make it anew with `dvc repro -f -s teach_text`"):
        load_answers([row for row in ROWS if row.split == "train"])


@pytest.mark.fast
def test_without_a_teacher_the_label_is_all(tmp_path):
    targets, _ = Targets(TRAIN, STUDENT | {"taught": None}, {}).of(TRAIN[:1])
    assert LABELS[int(targets[0].argmax())] == TRAIN[0].label
    assert float(targets[0].max()) == pytest.approx(0.9 + 0.1 / 3)
