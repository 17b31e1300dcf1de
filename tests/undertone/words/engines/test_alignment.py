"""The times of words, by Whisper's own alignment, on speech whose pauses are known. The real weights of tiny.en."""

import numpy as np
import pytest

from undertone.audio import RATE_HZ
from undertone.words.engines.alignment import word_starts
from undertone.words.transcript import Sound

PARTS = ("The kitchen door was open", "when we came home last night")
PAUSE_S, LEAD_S = 0.7, 0.3
CLOSE_S = 0.2


@pytest.fixture(scope="module")
def spoken(say):
    """Two parts with a pause between them, (samples,), and when each begins and ends."""
    first, second = (trimmed(say(part)) for part in PARTS)
    lead, pause = (np.zeros(round(length_s * RATE_HZ), np.int16) for length_s in (LEAD_S, PAUSE_S))
    starts_s = LEAD_S, LEAD_S + len(first) / RATE_HZ + PAUSE_S
    ends_s = starts_s[1] - PAUSE_S, starts_s[1] + len(second) / RATE_HZ
    return np.concatenate([lead, first, pause, second, lead]), starts_s, ends_s


def trimmed(samples):
    (loud,) = np.nonzero(np.abs(samples.astype(int)) > 300)
    return samples[loud[0] : loud[-1]]


@pytest.fixture(scope="module")
def heard(tiny_en, spoken):
    (transcript,) = tiny_en.transcribe_all([Sound(spoken[0], word_times=True)])
    return transcript


def test_the_words_are_those_of_the_text_in_order_and_inside_the_sound(heard, spoken):
    assert " ".join(word.text for word in heard.words) == heard.text
    ends = [end_s for word in heard.words for end_s in (word.start_s, word.end_s)]
    assert ends == sorted(ends)
    assert 0 <= ends[0] < ends[-1] <= len(spoken[0]) / RATE_HZ
    assert all(0.3 < word.confidence <= 1 for word in heard.words)


def test_what_is_written_with_hyphens_is_one_word(tiny_en, say):
    (transcript,) = tiny_en.transcribe_all([Sound(say("A well-known actor came to the desk."), word_times=True)])
    assert [word.text for word in transcript.words] == transcript.text.split()
    (known,) = (word for word in transcript.words if word.text == "well-known")
    assert 0.3 < known.end_s - known.start_s < 1


@pytest.mark.fast
def test_where_a_language_has_no_blanks_what_is_cut_apart_stays_apart():
    parts = [{"word": text} for text in (" 天", "気", " は")]
    assert word_starts(parts) == [0, 2, 3]
    assert word_starts(parts, spaced=False) == [0, 1, 2, 3]


def test_words_begin_and_end_where_they_were_spoken(heard, spoken):
    _, (_, second_s), (first_ends_s, second_ends_s) = spoken
    words = {word.text.strip(",.").lower(): word for word in heard.words}
    assert abs(words["open"].end_s - first_ends_s) < CLOSE_S
    assert second_s - PAUSE_S / 2 < words["when"].end_s < second_s + 2 * CLOSE_S
    assert abs(words["we"].start_s - words["when"].end_s) < CLOSE_S
    assert -CLOSE_S < words["night"].end_s - second_ends_s <= LEAD_S, "the last word may reach into the silence behind"


def test_nothing_is_aligned_where_nobody_asks_for_it(tiny_en, spoken, heard, monkeypatch):
    asked = []
    monkeypatch.setattr(tiny_en._decoder._whisper, "add_word_timestamps", lambda *call: asked.append(call))
    plain = tiny_en.transcribe(spoken[0])
    assert (plain.words, plain.text, asked) == ((), heard.text, [])


def test_what_is_heard_together_has_the_times_that_it_has_alone(tiny_en, spoken, heard):
    both = tiny_en.transcribe_all([Sound(spoken[0], word_times=True), Sound(spoken[0][: 2 * RATE_HZ])])
    assert [word.text for word in both[0].words] == [word.text for word in heard.words]
    assert np.allclose([word.end_s for word in both[0].words], [word.end_s for word in heard.words], atol=0.021)
    assert both[1].words == ()


def test_words_of_a_long_sound_lie_in_the_whole_of_it(tiny_en, spoken):
    twice = np.concatenate([spoken[0], np.zeros(20 * RATE_HZ, np.int16), spoken[0], np.zeros(5 * RATE_HZ, np.int16)])
    (transcript,) = tiny_en.transcribe_all([Sound(twice, word_times=True)])
    assert " ".join(word.text for word in transcript.words) == transcript.text
    assert transcript.words[-1].end_s > 24
