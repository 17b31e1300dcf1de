"""Word error rates: what is counted, and over what."""

import pytest

from undertone.scoring.word_errors import word_error_rate

pytestmark = pytest.mark.fast


def test_replaced_added_and_missing_words_count_over_the_words_that_were_said():
    said = ["Kids are talking.", "Dogs are sitting by the door."]
    assert word_error_rate(said, said) == 0
    assert word_error_rate(said, ["kids talking", "dogs are sitting by the door"]) == 1 / 9
    assert word_error_rate(said, ["dogs are talking now", "dogs are sitting by"]) == 4 / 9
    assert word_error_rate(said, ["", ""]) == 1


def test_case_and_marks_are_no_errors():
    assert word_error_rate(["Don't, they said!"], ["don't they said"]) == 0


def test_words_heard_where_nothing_was_said_are_errors_too():
    assert word_error_rate(["Dogs are sitting.", ""], ["dogs are sitting", "thank you"]) == 2 / 3


def test_every_text_needs_what_was_heard_of_it():
    with pytest.raises(ValueError, match="1 reference and 2 hypothesis"):
        word_error_rate(["dogs"], ["dogs", "kids"])
