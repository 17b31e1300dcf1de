"""What is said again is heard in the sound, and is believed; what a decoder writes again is not in the sound."""

import numpy as np
import pytest

from training.features.silero import published_silero
from training.params import load_params
from training.sounds.noises import noise
from undertone.gate.listener import utterances
from undertone.gate.settings import vad_settings
from undertone.words.plausibility.evidence import Evidence
from undertone.words.plausibility.repetition import (
    REPEATS_FROM,
    is_said_once,
    loop_length,
    mostly_again,
    self_similarity,
)

RATE_HZ = 16_000
PAUSE = np.zeros(RATE_HZ // 5, dtype=np.int16)
SENTENCES = ("The train is late.", "I am so tired of this.", "Have mercy on us.", "Happy birthday to you.")


@pytest.mark.fast
def test_words_that_were_there_before_are_counted():
    assert mostly_again(["no", "no"])
    assert mostly_again(["i", "see", "i", "see"])
    assert not mostly_again(["no"])
    assert not mostly_again(["i", "know", "that", "i", "know"])
    assert not mostly_again([])


@pytest.mark.fast
@pytest.mark.parametrize(
    ("tokens", "once"),
    [
        ([5, 6, 7, 5, 6, 7], 3),
        ([5, 6, 7, 5, 6, 7, 5, 6], 3),
        ([5, 5, 5], 1),
        ([5, 6, 7, 5], 4),
        ([5, 6, 7, 6, 7, 6, 7], 7),
        ([5, 6, 7, 5, 6, 8], 6),
        ([5], 1),
        ([], 0),
    ],
)
def test_a_decoder_begins_anew_where_it_came_round_once_and_goes_on_so_to_the_end(tokens, once):
    assert loop_length(tokens) == once


def test_a_phrase_written_over_and_over_was_said_once_if_it_fills_the_speech_and_the_sound_does_not_repeat_itself(say):
    sound = say("The train is late.")
    twice = np.concatenate([sound, PAUSE, sound])
    assert is_said_once(Evidence("The train is late.", 1.2, speech_ms=1000), sound)
    assert not is_said_once(Evidence("The train is late.", 3.4, speech_ms=3000), sound), "what came behind is not heard"
    assert not is_said_once(Evidence("The train is late.", 1.6, speech_ms=1500), twice), "the sound repeats itself too"
    assert not is_said_once(Evidence("No, no, no, no.", 1.2, speech_ms=1000), sound), "a bark, for all we know"


@pytest.mark.parametrize("said", SENTENCES)
def test_a_sentence_said_four_times_resembles_itself_whatever_the_pace(say, said):
    again = np.concatenate([part for speed in (1.0, 1.15, 0.9, 1.05) for part in (say(said, speed), PAUSE)])
    assert self_similarity(again) >= REPEATS_FROM
    assert self_similarity(again // 30) >= REPEATS_FROM, "however low"


def test_different_sentences_do_not(say):
    assert self_similarity(say(" ".join(SENTENCES))) < REPEATS_FROM


def test_rain_and_white_noise_do_not():
    assert max(self_similarity(noise(kind, 3)) for kind in ("rain", "white")) < REPEATS_FROM


@pytest.mark.fast
@pytest.mark.parametrize("samples", [0, 1, 511, RATE_HZ // 2])
def test_what_is_too_short_does_not(samples):
    assert self_similarity(np.full(samples, 100, dtype=np.int16)) == 0.0


@pytest.mark.fast
def test_silence_does_not():
    assert self_similarity(np.zeros(5 * RATE_HZ, dtype=np.int16)) < REPEATS_FROM


@pytest.mark.parametrize(
    "said",
    ["No, no, no.", "Stop, stop, stop, stop.", "Thank you, thank you, thank you, thank you.", "Let it be, " * 5]
    + [sentence.rstrip(".") + ", " + (sentence.rstrip(".").lower() + ", ") * 3 for sentence in SENTENCES],
)
def test_what_is_said_over_and_over_is_believed_as_if_said_once(tiny_en, say, repository, said):
    vad = vad_settings(load_params(repository / "params.yaml")["vad"])
    sound = np.pad(say(said), (RATE_HZ // 2, RATE_HZ))
    heard = [
        tiny_en.transcribe(
            sound[found.start : found.end], None, (found.speech_end - found.speech_start) // 16, found.speech_prob
        )
        for found in utterances(sound, published_silero(), vad)
    ]
    assert heard
    assert [transcript.rejected for transcript in heard] == [None] * len(heard)
    bare = tiny_en.transcribe(say(said))
    assert bare.rejected is None, "nor without what the speech gate knows"
