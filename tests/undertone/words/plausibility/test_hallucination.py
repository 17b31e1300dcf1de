"""The gate against invented words: what was said passes, what was invented does not, and no sign decides alone."""

import pytest

from undertone.words.plausibility.hallucination import Evidence, gate, needs_wider_window, signs, unlooped
from undertone.words.plausibility.inventions import INVENTIONS

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


def test_words_are_repeated_only_where_the_sound_is():
    assert gate(said("I see. " * 4, compression_ratio=2.7, self_similarity=0.8)) is None
    assert gate(said("I see. " * 4, compression_ratio=2.7, self_similarity=0.3)) == "hallucination"


def test_nobody_speaks_twenty_words_in_a_second():
    text = "one two three four five six seven eight nine ten " * 2
    assert gate(said(text, length_s=8.0)) is None
    assert gate(said(text, length_s=1.0)) == "hallucination"
    assert gate(said(text, length_s=8.0, speech_ms=1000)) == "hallucination"


def test_only_words_that_look_wrong_are_decoded_again():
    assert not needs_wider_window(said("I saw them both."))
    assert needs_wider_window(said("I saw them both.", avg_logprob=-1.1))
    assert needs_wider_window(said("I see. " * 4))
    assert not needs_wider_window(said("you", avg_logprob=-1.1, no_speech_prob=0.8)), "silence gets no better at 30 s"


def test_the_log_gets_numbers_only_and_those_that_are_known():
    assert said("Thank you.", no_speech_prob=None).numbers() == {
        "length_s": 2.0,
        "avg_logprob": -0.3,
        "compression_ratio": 0.9,
        "words_per_second": 1.0,
    }


def heard_by_whisper(text, **known):
    """A short sentence, clearly said and surely heard, behind the speech gate."""
    sure = {"speech_ms": 1500, "speech_prob": 0.97, "sure_tokens": 5.0, "token_logprob": -0.3, "least_logprob": -0.9}
    sound = {"level": 900.0, "movement_db": 4.0, "periodicity": 0.9}
    return said(text, **{**sure, **sound, **known})


SNEEZE = {
    "speech_ms": 610,
    "speech_prob": 0.71,
    "no_speech_prob": 0.24,
    "sure_tokens": 2.1,
    "token_logprob": -0.34,
    "least_logprob": -0.75,
    "periodicity": 0.75,
    "movement_db": 5.4,
}
BARK = {**SNEEZE, "speech_prob": 0.14, "no_speech_prob": 0.6, "sure_tokens": 1.2, "token_logprob": -0.9}


def test_a_sneeze_is_no_thanks_and_a_bark_is_no_no():
    assert gate(heard_by_whisper("Thank you!", **SNEEZE), only_english=True) == "hallucination"
    assert gate(heard_by_whisper("No! No!", **BARK), only_english=True) == "hallucination"


def test_thanks_that_were_said_are_thanks():
    spoken = {"speech_ms": 450, "sure_tokens": 2.8, "token_logprob": -0.1, "least_logprob": -0.2, "periodicity": 0.95}
    assert gate(heard_by_whisper("Thank you.", **spoken), only_english=True) is None
    telephone = {**spoken, "speech_prob": 0.91, "sure_tokens": 2.4, "token_logprob": -0.24, "no_speech_prob": 0.25}
    assert gate(heard_by_whisper("Thank you.", **telephone), only_english=True) is None


@pytest.mark.parametrize("text", ["No.", "Fine.", "Really?", "Stop it."])
def test_short_answers_pass(text):
    spoken = {"speech_ms": 300, "speech_prob": 0.93, "sure_tokens": 1.7, "token_logprob": -0.35, "least_logprob": -0.6}
    assert gate(heard_by_whisper(text, **spoken), only_english=True) is None


def test_an_answer_of_a_quarter_second_need_not_be_as_sure_as_a_sentence_and_a_short_bark_is_still_none():
    short = {"speech_ms": 256, "speech_prob": 0.8, "no_speech_prob": 0.6, "sure_tokens": 0.4, "periodicity": 0.89}
    assert gate(heard_by_whisper("Sure.", **short), only_english=True) is None
    assert gate(heard_by_whisper("Sure.", **{**short, "speech_ms": 600}), only_english=True) == "hallucination"
    assert gate(heard_by_whisper("What?", **{**BARK, "speech_ms": 256}), only_english=True) == "hallucination"


def test_a_voice_across_a_room_may_be_still_and_full_of_tone():
    far = {"movement_db": 1.9, "tonality": 0.77, "periodicity": 0.8, "token_logprob": -0.22, "sure_tokens": 8.0}
    assert sum(signs(heard_by_whisper("Can you just remind me?", **far)).values()) >= 2
    assert gate(heard_by_whisper("Can you just remind me?", **far), only_english=True) is None


def test_a_clear_voice_with_unlikely_words_speaks_another_language_if_whisper_knows_only_english():
    unsure = {"token_logprob": -1.14, "least_logprob": -2.3, "sure_tokens": 3.3, "speech_prob": 0.99}
    foreign = heard_by_whisper("More than three minutes to the ham book.", **unsure)
    assert gate(foreign, only_english=True) == "language"
    assert gate(foreign) is None


def test_a_poor_voice_with_the_same_words_may_be_english():
    unsure = {"token_logprob": -1.1, "least_logprob": -2.0, "sure_tokens": 3.3, "speech_prob": 0.8, "movement_db": 2.2}
    assert gate(heard_by_whisper("I've been using a demo, sorry.", **unsure), only_english=True) is None


def test_what_is_said_over_and_over_passes_and_a_decoder_that_loops_is_cut_short():
    spoken = heard_by_whisper("I don't know. " * 4, speech_ms=4000, compression_ratio=2.7)
    assert gate(spoken, only_english=True) is None
    assert unlooped(spoken) == spoken.text
    loops = heard_by_whisper("No, no. " * 40, speech_ms=2000, compression_ratio=9.0)
    assert unlooped(loops) == "No, no. " * 3 + "No, no."
    assert gate(heard_by_whisper(unlooped(loops), speech_ms=2000), only_english=True) is None


def test_an_unsure_decoder_that_goes_round_over_a_sound_that_does_not_has_invented_its_words():
    loops = {"speech_ms": 3552, "compression_ratio": 8.0, "token_logprob": -0.375, "self_similarity": 0.57}
    text = "I'm gonna be here, I'm gonna be here, I'm gonna be here, I'm gonna"
    assert gate(heard_by_whisper(text, **loops), only_english=True) == "hallucination"
    for other in ({"token_logprob": -0.15}, {"self_similarity": 0.7}, {"self_similarity": None}):
        assert gate(heard_by_whisper(text, **{**loops, **other}), only_english=True) is None


def test_however_sure_nobody_speaks_twenty_words_in_a_second_or_in_silence():
    assert gate(heard_by_whisper("one two three four five six seven eight nine ten", speech_ms=500)) == "hallucination"
    assert gate(heard_by_whisper("I saw them both.", level=2.0)) == "hallucination"


@pytest.mark.parametrize("text", ["Mm-hmm.", "Uh...", "AHHHH!", "Hmm, mm."])
def test_grunts_and_cries_are_no_words_however_clear_the_voice(text):
    assert gate(heard_by_whisper(text)) == "no_words"


@pytest.mark.parametrize("text", ["Oh.", "Hi.", "Whoa, a ham.", "Me too."])
def test_short_words_are_words(text):
    assert gate(heard_by_whisper(text, speech_ms=400)) is None


def test_one_unlikely_word_tells_nothing_of_a_language():
    unsure = {"token_logprob": -1.7, "least_logprob": -2.4, "sure_tokens": 0.6, "speech_ms": 400}
    assert gate(heard_by_whisper("Really.", **unsure), only_english=True) is None
