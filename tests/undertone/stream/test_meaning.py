"""Whether somebody who pauses has finished, by the words so far and how surely they end a sentence."""

import pytest

from undertone.stream.meaning import Ending, allowed_pause_ms, ending

pytestmark = pytest.mark.fast

SURELY, PERHAPS, HARDLY = 0.96, 0.8, 0.4


@pytest.mark.parametrize(
    "text",
    [
        "The kitchen door was open.",
        "Where are you?",
        "What are you waiting for?",
        "Stop it!",
        "When we came home, the door was open.",
        "I left early. She stayed.",
        "Yes.",
        "Thanks.",
    ],
)
def test_a_sentence_that_surely_ends_is_over(text):
    assert ending(text, SURELY) is Ending.COMPLETE


@pytest.mark.parametrize(
    "text",
    [
        "I wanted to call you but.",
        "She put it on the.",
        "He told me about my",
        "It is a picture of.",
        "So, um.",
        "After the meeting...",
        "After the meeting…",
        "My brother,",
        "When we came home last night.",
        "I left early. Because she.",
    ],
)
def test_words_that_hang_in_the_air_are_waited_for_however_sure_the_recogniser_is(text):
    assert ending(text, SURELY) is Ending.OPEN


def test_a_full_stop_that_the_recogniser_hardly_believes_in_is_waited_for():
    assert ending("The old man sat down.", HARDLY) is Ending.OPEN


@pytest.mark.parametrize(
    ("text", "end_prob"),
    [
        (None, None),
        ("", None),
        ("...", SURELY),
        ("The old man sat down.", PERHAPS),
        ("The old man sat down.", None),
        ("Kitchen.", SURELY),
    ],
)
def test_nothing_is_known_without_words_without_certainty_and_of_a_single_word(text, end_prob):
    assert ending(text, end_prob) is Ending.UNKNOWN


@pytest.mark.parametrize(
    ("text", "usual_ms", "allowed_ms"),
    [
        ("The kitchen door was open.", 500, 0),
        ("I wanted to call you but.", 500, 900),
        ("I wanted to call you but.", 2000, 2000),
        (None, 500, 500),
        (None, 300, 300),
    ],
)
def test_a_pause_may_last_as_long_as_the_words_say_or_as_usual(text, usual_ms, allowed_ms):
    assert allowed_pause_ms(text, SURELY, usual_ms) == allowed_ms
