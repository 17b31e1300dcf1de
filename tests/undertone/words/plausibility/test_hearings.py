"""When one hearing is enough, and what two of one sound say together."""

import pytest

from undertone.words.plausibility.evidence import Evidence
from undertone.words.plausibility.hallucination import gate
from undertone.words.plausibility.hearings import asks_again, contradict, is_foreign

pytestmark = pytest.mark.fast


def heard(text, **known):
    """A short sentence, clearly said and surely heard, behind the speech gate."""
    whisper = {"no_speech_prob": 0.05, "avg_logprob": -0.3, "compression_ratio": 0.9}
    sure = {"speech_ms": 1500, "speech_prob": 0.97, "sure_tokens": 5.0, "token_logprob": -0.3, "least_logprob": -0.9}
    sound = {"level": 900.0, "movement_db": 4.0, "periodicity": 0.9}
    return Evidence(**{"length_s": 2.0, **whisper, **sure, **sound, **known}, text=text)


def test_clear_speech_is_heard_once():
    assert not asks_again(heard("I saw them both."), only_english=True)


def test_what_a_sneeze_or_another_language_may_have_been_is_heard_again():
    sneeze = heard("Thank you!", speech_ms=610, speech_prob=0.71, sure_tokens=2.1, periodicity=0.75)
    assert asks_again(sneeze, only_english=True)
    foreign = heard("It means that he is no more.", token_logprob=-1.2, least_logprob=-2.9, movement_db=5.0)
    assert asks_again(foreign, only_english=True)
    assert not asks_again(foreign, only_english=False), "who knows the language need not ask"


def test_what_looks_wrong_is_heard_again_whatever_speaks_for_it():
    assert asks_again(heard("I see. " * 4), only_english=True)
    assert asks_again(heard("He forgot it again. He forgot it again."), only_english=True), "said twice, in noise"
    assert not asks_again(heard("He had had enough of it."), only_english=True)
    assert asks_again(Evidence("I saw them.", 2.0, no_speech_prob=0.1, avg_logprob=-1.1), only_english=True)
    assert not asks_again(Evidence("I saw them.", 2.0, no_speech_prob=0.1, avg_logprob=-0.4), only_english=True)


def test_hearings_with_little_in_common_contradict_each_other():
    assert contradict(heard("It means that he ain't more."), heard("It means that we are going to be moving."))
    assert not contradict(heard("Dolphus sitting by the door."), heard("The authors sitting by the door."))
    assert not contradict(heard("Yeah."), heard("Yes.")), "too few words to be alike or not"
    assert not contradict(heard("I see. " * 4), heard("Dogs are sitting by the door.")), "the first looked wrong"


def test_one_word_over_and_over_must_be_heard_to_come_again():
    text = "No, no, no, no, no, no."
    assert gate(heard(text, self_similarity=0.49)) == "hallucination"
    assert gate(heard(text, self_similarity=0.85)) is None
    assert gate(heard("No, no, no.", self_similarity=0.49)) is None, "three are soon said"


def test_one_unlikely_word_is_no_sentence_in_a_language_that_the_recogniser_cannot_read():
    unread = {"token_logprob": -2.5, "least_logprob": -3.3, "sure_tokens": 0.04, "speech_prob": 0.99}
    assert gate(heard("you", **unread), only_english=True) == "hallucination"
    assert gate(heard("You.", speech_ms=1500), only_english=True) is None, "said slowly, and surely heard"


def test_slowed_english_stays_what_it_was_and_other_languages_do_not():
    said = heard("but the first Bible was printed at Mainz by Peter in the year")
    assert not is_foreign(said, heard("but the first Bible was printed at Mainz by Peter in a year"))
    assert is_foreign(said, heard("what a firm idea that was in my time to be here"))


def test_a_decoder_that_goes_round_over_slowed_english_does_not_make_it_foreign():
    text = "but the first Bible was printed at Mainz by Peter in the year"
    assert not is_foreign(heard(text), heard(text + " which was printed at Mainz" * 8))
    assert is_foreign(heard("We are going there again"), heard("He was here. " * 8))
