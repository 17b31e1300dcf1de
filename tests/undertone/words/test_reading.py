"""From what was heard to words that feel something: what costs the words, and what does not. Scripted engines."""

import pickle
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from undertone.words import reading
from undertone.words.reading import Reader, Words, read
from undertone.words.settings import AsrSettings
from undertone.words.transcript import AsrModelError, NoRecogniser, Segment, Sound, Transcript

pytestmark = pytest.mark.fast

SOUND = Sound(np.zeros(16_000, np.int16))
SAID = Transcript("it was great", (Segment(0.0, 1.0, "it was great"),), "en")


class Engine:
    """Hears the same in everything, or fails."""

    def __init__(self, outcome):
        self.outcome = outcome

    def transcribe_all(self, sounds):
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return [self.outcome for _ in sounds]


@pytest.fixture
def reader_with(monkeypatch, tiny_release):
    def made(recogniser):
        monkeypatch.setattr(reading, "_loaded", lambda settings: recogniser)
        return Reader(tiny_release)

    return made


def test_words_are_read_by_the_text_model_of_the_release(reader_with):
    words = reader_with(Engine(SAID)).read(SOUND)
    assert (words.text, words.language, words.reason) == ("it was great", "en", None)
    assert sum(words.text_probabilities) == pytest.approx(1)
    assert words.segments == ({"start_s": 0.0, "end_s": 1.0, "text": "it was great"},)


def test_of_several_threads_one_is_heard_after_the_other(reader_with):
    under_way, most = [], []

    class Slow(Engine):
        def transcribe_all(self, sounds):
            under_way.append(1)
            most.append(len(under_way))
            time.sleep(0.02)
            under_way.pop()
            return super().transcribe_all(sounds)

    reader = reader_with(Slow(SAID))
    with ThreadPoolExecutor(4) as threads:
        assert [words.text for words in threads.map(reader.read, [SOUND] * 8)] == ["it was great"] * 8
    assert max(most) == 1


def test_rejected_words_are_left_out_and_the_reason_kept(reader_with):
    rejected = Transcript("thanks for watching", language="en", rejected="hallucination")
    assert reader_with(Engine(rejected)).read(SOUND) == Words(reason="hallucination", language="en")


def test_words_of_another_script_say_nothing_of_the_speaker(reader_with):
    assert reader_with(Engine(Transcript("好"))).read(SOUND).text_probabilities is None


def test_without_a_text_model_the_words_come_alone():
    words = read(SAID, None, asr_latency_ms=5.0)
    assert (words.text, words.text_probabilities, words.asr_latency_ms) == ("it was great", None, 5.0)


@pytest.mark.parametrize("rejected", [None, "hallucination"])
def test_what_the_encoder_made_of_it_comes_along_and_stays_a_small_message(rejected):
    encoding = np.random.default_rng(0).normal(size=768).astype(np.float32)
    heard = Transcript("it was great", rejected=rejected, encoding=encoding, encoder="a" * 64)
    message = pickle.dumps(vars(read(heard, None)))
    words = Words(**pickle.loads(message))
    np.testing.assert_array_equal(words.encoding, encoding)
    assert words.encoder == "a" * 64
    assert len(message) < 4_000, "3 kB are the vector"


def test_no_engine_and_one_that_fails_cost_the_words_only(reader_with, caplog):
    assert reader_with(NoRecogniser("none here")).read(SOUND) == Words(reason="asr_unavailable")
    assert caplog.text == ""
    assert reader_with(Engine(ValueError("broken"))).read(SOUND) == Words(reason="asr_unavailable")
    assert "broken" in caplog.text


def test_a_reader_says_which_engine_runs(reader_with):
    assert reader_with(NoRecogniser("none here")).description["reason"] == "none here"


def test_a_model_that_there_is_not_is_a_mistake_to_correct(tiny_release, tmp_path):
    with pytest.raises(AsrModelError):
        Reader(tiny_release, AsrSettings(model=str(tmp_path / "nowhere"))).read(SOUND)
