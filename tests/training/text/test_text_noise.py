"""Texts as speech recognition writes them: seeded, without punctuation, at the word error rate that is promised."""

import difflib
import random

import pytest

from training.text.noise import augmented, conditions, confusions_of, sound, unpunctuated, with_word_errors

pytestmark = pytest.mark.fast

TEXTS = [
    "Well, [NAME] didn't like their night at the café; it's NOT what we were going to see!",
    "there is a knight who does not know how to do it, and I am sure that they are right about the whole thing",
] * 20
CONFUSIONS = confusions_of(TEXTS)


@pytest.mark.parametrize("name", conditions(CONFUSIONS))
def test_the_same_seed_damages_a_text_alike(name: str) -> None:
    change = conditions(CONFUSIONS)[name]
    first, second, other = ([change(text, random.Random(seed)) for text in TEXTS] for seed in (1, 1, 2))
    assert first == second
    assert first != other or name == "unpunctuated"


def test_words_without_marks_remain() -> None:
    text = unpunctuated("Well, I DON'T know... [NAME]?", random.Random(0))
    assert text.startswith("well i don't know ")
    assert text == text.lower()
    assert "[" not in text


def test_one_word_in_seven_is_wrong_at_fifteen_percent() -> None:
    rng = random.Random(3)
    wrong = words = 0
    for _ in range(50):
        for text in TEXTS[:2]:
            clean = unpunctuated(text, random.Random(0)).split()
            heard = with_word_errors(" ".join(clean), rng, CONFUSIONS).split()
            matcher = difflib.SequenceMatcher(a=clean, b=heard, autojunk=False)
            wrong += sum(max(i2 - i1, j2 - j1) for kind, i1, i2, j1, j2 in matcher.get_opcodes() if kind != "equal")
            words += len(clean)
    assert 0.12 < wrong / words < 0.18


def test_a_text_of_one_word_never_vanishes() -> None:
    rng = random.Random(0)
    assert all(with_word_errors("fine", rng, CONFUSIONS, rate=1.0) for _ in range(200))


def test_word_errors_leave_marks_and_capitals_where_they_are() -> None:
    text, rng = "Well, he CAN'T: don't be sad!", random.Random(0)
    for _ in range(200):
        heard = with_word_errors(text, rng, CONFUSIONS)
        assert [mark for mark in heard if mark in ",:!"] == [",", ":", "!"]
        assert " ," not in heard
        assert sum(word[0].isupper() for word in heard.split()) <= 2


def test_what_is_put_in_is_as_common_as_in_the_texts() -> None:
    common = confusions_of(["the the the the the the the the the rare"])
    rng = random.Random(0)
    drawn = [common.draw(rng) for _ in range(1000)]
    assert 50 < drawn.count("rare") < 150


def test_words_that_sound_alike_share_a_key() -> None:
    assert sound("their") == sound("there")
    assert sound("night") != sound("day")


def test_training_leaves_part_of_the_texts_as_they_are() -> None:
    rng = random.Random(0)
    noise = {"share": 0.6, "word_errors": 0.0, "word_error_rate": 0.2}
    untouched = sum(augmented("It's fine, OK?", rng, CONFUSIONS, noise) == "It's fine, OK?" for _ in range(1000))
    assert 350 < untouched < 450


@pytest.mark.parametrize("text", ["", "...", "😀", "これは"])
def test_texts_without_words_stay_defined(text: str) -> None:
    for change in conditions(CONFUSIONS).values():
        assert isinstance(change(text, random.Random(0)), str)
