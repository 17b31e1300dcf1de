"""The encoder's vector of a sound: the mean over the sound alone, of one window or of pieces. Real tiny.en."""

import numpy as np
import pytest

from undertone.audio import RATE_HZ
from undertone.audio_file import read
from undertone.words.engines.packages import CARRIERS
from undertone.words.engines.pieces import by_pieces
from undertone.words.engines.pooling import combined, pooled, sound_frames
from undertone.words.transcript import Sound

FRAMES = np.random.default_rng(0).normal(3.0, 2.0, (150, 8)).astype(np.float32)


@pytest.fixture(scope="module")
def clip(samples):
    return read(samples / "01_glad.flac")


@pytest.mark.fast
def test_a_vector_is_the_mean_over_time():
    assert pooled([[1.0, 2.0], [3.0, 2.0]]).tolist() == [2.0, 2.0]
    assert pooled(FRAMES).shape == (8,)
    assert pooled(FRAMES).dtype == np.float32


@pytest.mark.fast
@pytest.mark.parametrize("wrong", [np.zeros((0, 8)), np.zeros(8), np.zeros((1, 4, 8))])
def test_what_are_no_frames_is_refused(wrong):
    with pytest.raises(ValueError, match="frames must be"):
        pooled(wrong)


@pytest.mark.fast
@pytest.mark.parametrize("cuts", [[], [75], [1, 149], [20, 60, 61]])
def test_pieces_of_any_length_give_the_vector_of_the_whole(cuts):
    parts = np.split(FRAMES, cuts)
    whole = combined([pooled(part) for part in parts], [len(part) for part in parts])
    np.testing.assert_allclose(whole, pooled(FRAMES), rtol=1e-5)
    assert whole.dtype == np.float32


@pytest.mark.fast
def test_a_sound_has_fifty_frames_a_second_and_one_at_least():
    assert [sound_frames(samples) for samples in (48_000, 48_001, 320, 1, 0)] == [150, 151, 1, 1, 1]


def test_the_vector_is_that_of_the_positions_over_the_sound(tiny_en, clip):
    heard = tiny_en.transcribe(clip)
    decoder = tiny_en._decoder
    window = np.zeros((80, round(100 * heard.window_s / 2) * 2), np.float32)
    features = decoder.features(clip)
    window[:, : features.shape[1]] = features
    states = np.asarray(decoder._whisper.encode(window))
    assert states.shape == (1, round(50 * heard.window_s), 384)
    np.testing.assert_allclose(heard.encoding, pooled(states[0, : -(-len(clip) // 320)]), rtol=1e-3, atol=1e-3)
    assert heard.encoding.shape == (384,)
    assert heard.encoder == tiny_en.description["sha256"] == CARRIERS["tiny.en"].sha256


def test_the_encoder_can_be_asked_without_looking_for_words(tiny_en, clip):
    np.testing.assert_array_equal(tiny_en.encoding(clip), tiny_en.transcribe(clip).encoding)


def test_rejected_words_have_a_vector_and_no_samples_have_none(tiny_en):
    heard = tiny_en.transcribe(np.zeros(RATE_HZ, np.int16))
    assert heard.rejected
    assert heard.encoding.shape == (384,)
    assert tiny_en.transcribe(np.zeros(0, np.int16)).encoding is None


def test_words_that_are_decoded_again_keep_the_vector_of_the_first_window(tiny_en, clip, monkeypatch):
    first = tiny_en.transcribe(clip)
    monkeypatch.setattr("undertone.words.engines.whisper.asks_again", lambda evidence, only_english: True)
    again = tiny_en.transcribe(clip)
    assert (first.decodings, again.decodings) == (1, 2)
    np.testing.assert_array_equal(again.encoding, first.encoding)


def test_what_is_heard_in_pieces_has_one_vector_of_all_of_them(tiny_en, clip, monkeypatch):
    cut, end = 16_000, len(clip)
    monkeypatch.setattr("undertone.words.engines.pieces.pieces", lambda samples: [(0, cut), (cut, end)])
    parts = tiny_en.transcribe_all([Sound(clip[:cut]), Sound(clip[cut:])])
    heard = by_pieces(Sound(clip), lambda piece: tiny_en.transcribe_all([piece])[0])
    frames = [50, -(-(end - cut) // 320)]
    np.testing.assert_allclose(heard.encoding, combined([part.encoding for part in parts], frames), rtol=1e-5)
    assert heard.encoder == parts[0].encoder
