"""A constant offset is taken out of a stream before anything listens; a stream without one stays as it is."""

import numpy as np
import pytest

from undertone.audio_file import read
from undertone.stream.offset import OffsetRemover
from undertone.stream.session import Session
from undertone.stream.utterance import Utterance

pytestmark = pytest.mark.fast
RATE_HZ = 16_000
CLIPS = ("01_glad", "02_upset", "03_plain", "04_sad", "05_thanks", "06_turn", "07_proud", "08_garden", "09_calm")


def shifted(samples, offset):
    return np.clip(samples.astype(int) + offset, -32_768, 32_767).astype(np.int16)


@pytest.mark.parametrize("name", CLIPS)
def test_speech_without_an_offset_is_left_bit_for_bit(name, samples):
    speech = read(samples / f"{name}.flac")
    np.testing.assert_array_equal(OffsetRemover().removed(speech), speech)


@pytest.mark.parametrize("hz", [5, 15, 50, 100, 300])
def test_so_is_a_sound_however_low_and_loud(hz):
    tone = np.int16(20_000 * np.sin(2 * np.pi * hz * np.arange(5 * RATE_HZ) / RATE_HZ))
    noise = np.int16(np.random.default_rng(0).normal(0, 3000, 5 * RATE_HZ))
    for sound in (tone, noise):
        np.testing.assert_array_equal(OffsetRemover().removed(sound), sound)


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("offset", [3277, -3277, 700])
def test_an_offset_is_gone_after_the_first_hundredth_of_a_second(name, offset, samples):
    speech = read(samples / f"{name}.flac")
    kept = OffsetRemover().removed(shifted(speech, offset))
    assert np.abs(kept[200:].astype(int) - speech[200:]).max() <= 60


def test_an_offset_that_begins_within_speech_is_found(samples):
    speech = read(samples / "06_turn.flac")
    middle = np.flatnonzero(np.abs(speech) > 3000)[0] + 1600
    kept = OffsetRemover().removed(shifted(speech, 3277)[middle:])
    assert abs(float(np.mean(kept[RATE_HZ:].astype(int) - speech[middle + RATE_HZ :]))) < 60


def test_an_offset_that_ends_is_no_longer_taken_away():
    hiss = np.int16(np.random.default_rng(0).normal(0, 30, 4 * RATE_HZ))
    hiss[: 2 * RATE_HZ] += 3277
    assert abs(float(OffsetRemover().removed(hiss)[-RATE_HZ:].mean())) < 20


def test_the_pieces_in_which_it_comes_change_nothing(samples):
    speech = shifted(read(samples / "06_turn.flac"), 3277)
    whole = OffsetRemover().removed(speech)
    for size in (1, 7, 160, 512, 1000):
        remover = OffsetRemover()
        part = speech[:20_000]
        pieces = [remover.removed(part[start : start + size]) for start in range(0, len(part), size)]
        np.testing.assert_array_equal(np.concatenate(pieces), whole[:20_000])


def test_a_session_hears_the_same_utterances_with_and_without_it(engine, samples):
    speech = read(samples / "06_turn.flac")

    def heard(pcm):
        session = Session(engine)
        outputs = session.feed(pcm.astype("<i2").tobytes()) + session.finish()
        spans = [(output.start_ms, output.end_ms) for output in outputs if isinstance(output, Utterance)]
        return spans, session.notes

    (spans, notes), (plain_spans, plain_notes) = heard(shifted(speech, 3277)), heard(speech)
    assert spans == plain_spans
    assert plain_notes == []
    message = "a constant offset of 10.0 % of full scale was taken out"
    assert notes == [{"code": "offset_removed", "message": message}]
