"""The gate against invented words: what was said passes, what was invented does not, and no sign decides alone."""

import pytest

from undertone.words.hallucination import Evidence, gate, needs_full_window, signs
from undertone.words.inventions import INVENTIONS

pytestmark = pytest.mark.fast


def said(text, **known):
    return Evidence(
        **{"length_s": 2.0, "no_speech_prob": 0.05, "avg_logprob": -0.3, "compression_ratio": 0.9, **known}, text=text
    )


@pytest.mark.parametrize(
    "text", ["Thank you.", "No.", "It was a long day, and I am glad that it is over.", "Très bien, merci."]
)
def test_what_was_said_passes(text):
    assert gate(said(text)) is None


@pytest.mark.parametrize("text", ["", "  ", "...", "?!"])
def test_no_words_are_no_words(text):
    assert gate(said(text)) == "no_words"


@pytest.mark.parametrize("text", sorted(INVENTIONS))
def test_a_known_invention_needs_other_evidence(text):
    assert gate(said(text, no_speech_prob=None, avg_logprob=None)) is None
    assert gate(said(text, no_speech_prob=0.7)) == "hallucination"
    assert gate(said(text, avg_logprob=-1.2)) == "hallucination"
    assert gate(said(text, speech_ms=100, no_speech_prob=None)) == "hallucination"
    assert gate(said(text, length_s=8.0)) == ("hallucination" if len(text.split()) < 3 else None)


@pytest.mark.parametrize(
    "text", ["Thanks for watching!", "Subtitles by the Amara.org community", "Thank you for watching this video."]
)
def test_inventions_are_known_by_how_they_begin(text):
    assert signs(said(text))["known_invention"]


def test_doubtful_speech_with_sure_words_passes_and_with_unsure_words_does_not():
    assert gate(said("I saw them both.", no_speech_prob=0.7)) is None
    assert gate(said("I saw them both.", no_speech_prob=0.7, avg_logprob=-1.1)) == "hallucination"
    assert gate(said("I saw them both.", no_speech_prob=0.95)) == "hallucination"
    assert gate(said("I saw them both.", avg_logprob=-1.6)) == "hallucination"


def test_words_that_repeat_themselves_are_rejected():
    assert gate(said("I see. " * 4)) == "hallucination"
    assert gate(said("I see. I see. Well, I see.")) is None
    assert gate(said("no", compression_ratio=2.5)) == "hallucination"


def test_nobody_speaks_twenty_words_in_a_second():
    text = "one two three four five six seven eight nine ten " * 2
    assert gate(said(text, length_s=8.0)) is None
    assert gate(said(text, length_s=1.0)) == "hallucination"
    assert gate(said(text, length_s=8.0, speech_ms=1000)) == "hallucination"


def test_only_words_that_look_wrong_are_decoded_again():
    assert not needs_full_window(said("I saw them both."))
    assert needs_full_window(said("I saw them both.", avg_logprob=-1.1))
    assert needs_full_window(said("I see. " * 4))
    assert not needs_full_window(said("you", avg_logprob=-1.1, no_speech_prob=0.8)), "silence gets no better at 30 s"


def test_the_log_gets_numbers_only_and_those_that_are_known():
    assert said("Thank you.", no_speech_prob=None).numbers() == {
        "length_s": 2.0,
        "avg_logprob": -0.3,
        "compression_ratio": 0.9,
        "words_per_second": 1.0,
    }
