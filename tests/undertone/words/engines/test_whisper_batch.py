"""Several utterances at once have the words that each has alone: tiny.en, speech, noise and next to nothing."""

import numpy as np
import pytest

from training.sounds.noises import noise
from undertone.audio import RATE_HZ
from undertone.words.engines.decoder import WhisperDecoder
from undertone.words.engines.recogniser import AsrSettings, Sound, load_recogniser

SAID = (
    "I am so happy that you came!",
    "No.",
    "The train leaves at nine and I will not wait for anybody who is late again.",
    "This is the worst day that I have had in years.",
    "Thank you.",
    "There is a table in the kitchen, and two chairs stand beside it.",
)


@pytest.fixture(scope="module")
def sounds(say):
    """A dozen utterances of different lengths: one is longer than a piece, one empty; half say what the gate heard."""
    spoken = [say(text) for text in SAID]
    long = np.concatenate([part for one in 3 * spoken[2:4] for part in (one, np.zeros(3 * RATE_HZ, np.int16))])
    strange = [noise("music", 1, seconds=3.0), noise("rain", 2, seconds=1.0), np.zeros(RATE_HZ, np.int16)]
    everything = [*spoken[:4], *strange, np.zeros(0, np.int16), *spoken[4:], long, np.zeros(100, np.int16)]
    return [
        Sound(samples, None, len(samples) // 20 if number % 2 else None, 0.9 if number % 3 else None)
        for number, samples in enumerate(everything)
    ]


@pytest.fixture(scope="module")
def alone(tiny_en, sounds):
    return [tiny_en.transcribe(sound.samples, sound.language, sound.speech_ms, sound.speech_prob) for sound in sounds]


def in_batches(recogniser, sounds, size):
    return [
        transcript
        for start in range(0, len(sounds), size)
        for transcript in recogniser.transcribe_all(sounds[start : start + size])
    ]


@pytest.mark.parametrize("size", [2, 3, 5, 12])
def test_what_is_heard_does_not_depend_on_what_else_is_in_the_batch(tiny_en, sounds, alone, size):
    heard = in_batches(tiny_en, sounds, size)
    told = [(one.text, one.rejected, one.segments, one.window_s, one.decodings) for one in heard]
    assert told == [(one.text, one.rejected, one.segments, one.window_s, one.decodings) for one in alone]
    for one, other in zip(heard, alone, strict=True):
        assert one.evidence == pytest.approx(other.evidence, abs=0.002)  # they are rounded to 0.001


def test_the_order_of_a_batch_does_not_matter(tiny_en, sounds, alone):
    backwards = tiny_en.transcribe_all(sounds[::-1])[::-1]
    assert [one.text for one in backwards] == [one.text for one in alone]


def test_the_test_hears_words_and_rejections(alone):
    assert sum(one.rejected is None for one in alone) >= len(SAID)
    assert sum(one.rejected is not None for one in alone) >= 3


def test_no_sounds_have_no_transcripts(tiny_en):
    assert tiny_en.transcribe_all([]) == []


@pytest.mark.parametrize("most", [1, 4])
def test_a_limit_of_tokens_is_that_of_each_and_not_of_the_longest(sounds, most, monkeypatch):
    recogniser = load_recogniser(AsrSettings(max_new_tokens=most, gates=False))
    few = [Sound(sound.samples) for sound in sounds[:4]]
    alone = [recogniser.transcribe(sound.samples).text for sound in few]
    assert [one.text for one in recogniser.transcribe_all(few)] == alone


def test_one_that_runs_on_past_its_own_limit_is_cut_where_it_would_be_alone(sounds, monkeypatch):
    monkeypatch.setattr("undertone.words.engines.decoder.SPARE_TOKENS", 1)
    monkeypatch.setattr("undertone.words.engines.decoder.TOKENS_PER_SECOND", 1)
    recogniser = load_recogniser(AsrSettings(gates=False))
    few = [Sound(sound.samples) for sound in (sounds[0], sounds[2], sounds[3])]
    alone = [recogniser.transcribe(sound.samples).text for sound in few]
    assert len({len(text.split()) for text in alone}) > 1
    assert [one.text for one in recogniser.transcribe_all(few)] == alone


def test_several_that_fit_one_window_are_decoded_in_one_go(tiny_en, sounds, monkeypatch):
    sizes, generate = [], WhisperDecoder._generate
    monkeypatch.setattr(
        WhisperDecoder,
        "_generate",
        lambda self, states, *batch: (sizes.append(len(batch)), generate(self, states, *batch))[1],
    )
    tiny_en.transcribe_all([Sound(sound.samples[: 2 * RATE_HZ]) for sound in sounds[:4]])
    assert sizes[0] == 4
