"""How probably a sentence ends behind the last word: scripted logits, and tiny.en on a voice that breaks off."""

import numpy as np
import pytest

from undertone.words.engines.sentence_end import sentence_end_prob

VOCABULARY = ["<end>", "well", " done", ".", ",", "...", "?"]


class Words:
    """A tokenizer of seven tokens."""

    def token_to_id(self, token):
        """Return the place of `token`."""
        return VOCABULARY.index(token) if token in VOCABULARY else None

    def decode(self, ids):
        """Return the tokens in a row."""
        return "".join(VOCABULARY[number] for number in ids)


def logits(shares):
    """Return logits by the names of tokens: `logits({"well": 1.0})`."""
    return np.log([list((dict.fromkeys(VOCABULARY, 1e-9) | shares).values())])


SAID = [logits({"well": 1.0}), logits({" done": 1.0})]
END = logits({"<end>": 1.0})


@pytest.mark.fast
@pytest.mark.parametrize(
    ("behind", "prob"),
    [
        ({".": 0.9, "<end>": 0.1}, 0.99),
        ({".": 0.4, "?": 0.4, "<end>": 0.2}, 0.99),
        ({".": 0.4, ",": 0.2, "...": 0.2, "<end>": 0.2}, 0.49),
        ({",": 1.0}, 0.0),
    ],
)
def test_it_is_the_share_of_the_marks_that_end_a_sentence_among_all_marks(behind, prob):
    assert sentence_end_prob([1, 2, 3], [*SAID, logits(behind), END], Words()) == pytest.approx(prob, abs=0.01)


@pytest.mark.fast
def test_a_text_without_a_mark_is_judged_by_what_could_have_stood_there():
    assert sentence_end_prob([1, 2], [*SAID, END], Words()) == pytest.approx(0.0, abs=0.01)


@pytest.mark.fast
def test_nothing_is_known_without_words_and_of_a_text_that_was_cut_off():
    assert sentence_end_prob([3, 3], [END, END, END], Words()) is None
    assert sentence_end_prob([1, 2], SAID, Words()) is None


def test_whisper_is_surer_of_the_end_of_a_sentence_than_of_half_of_one(tiny_en, say):
    whole, half = (
        tiny_en.transcribe(say(text)) for text in ("The kitchen door was open.", "When we came home last night,")
    )
    assert whole.end_prob > 0.9 > half.end_prob
