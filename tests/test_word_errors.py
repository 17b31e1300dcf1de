"""Word error rates: what is counted, and over what."""

import pytest

from training.word_errors import word_error_rate

pytestmark = pytest.mark.fast


def test_replaced_added_and_missing_words_count_over_the_words_that_were_said():
    said = ["Kids are talking.", "Dogs are sitting by the door."]
    assert word_error_rate(said, said) == 0
    assert word_error_rate(said, ["kids talking", "dogs are sitting by the door"]) == 1 / 9
    assert word_error_rate(said, ["dogs are talking now", "dogs are sitting by"]) == 4 / 9
    assert word_error_rate(said, ["", ""]) == 1


def test_case_and_marks_are_no_errors():
    assert word_error_rate(["Don't, they said!"], ["don't they said"]) == 0


def test_nothing_said_has_no_rate():
    with pytest.raises(ValueError, match="empty"):
        word_error_rate([""], ["thank you"])
