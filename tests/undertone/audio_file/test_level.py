"""Float samples on the scale of integers are brought to full scale, and it is said; other floats are left alone."""

import numpy as np
import pytest
from material.recordings import encoded, heard, sounding, written

pytestmark = pytest.mark.fast


@pytest.fixture(scope="module")
def sound():
    return sounding(3, 16_000)


@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
@pytest.mark.parametrize("scale", [32_768, 8_388_608, 2_147_483_648])
def test_floats_at_the_scale_of_integers_are_heard_as_what_they_mean(scale, subtype, sound, tmp_path):
    samples, notes = heard(written(scale * sound, 16_000, subtype=subtype), tmp_path)
    assert list(notes) == ["level_scaled"]
    np.testing.assert_allclose(samples / 32_768, sound, atol=1e-4)


def test_also_where_they_are_quiet_and_come_after_silence(sound, tmp_path):
    late = np.concatenate([np.zeros(32_000), 300 * sound])
    samples, notes = heard(written(late, 16_000, subtype="FLOAT"), tmp_path)
    assert list(notes) == ["level_scaled"]
    np.testing.assert_allclose(samples, late, atol=1)


@pytest.mark.parametrize("gain", [0.001, 0.5, 1.0])
def test_floats_within_full_scale_are_left_alone(gain, sound, tmp_path):
    samples, notes = heard(written(gain * sound, 16_000, subtype="FLOAT"), tmp_path)
    assert notes == {}
    np.testing.assert_allclose(samples / 32_768, gain * sound, atol=1e-4)


def test_a_mix_that_is_too_hot_is_clipped_and_it_is_said(sound, tmp_path):
    samples, notes = heard(written(4 * sound, 16_000, subtype="FLOAT"), tmp_path)
    assert list(notes) == ["level_clipped"]
    np.testing.assert_allclose(samples / 32_768, np.clip(4 * sound, -1, 1), atol=1e-4)


def test_one_wild_sample_is_no_scale(sound, tmp_path):
    wild = sound.copy()
    wild[100] = 1e30
    samples, notes = heard(written(wild, 16_000, subtype="FLOAT"), tmp_path)
    assert list(notes) == ["level_clipped"]
    np.testing.assert_allclose(samples[200:] / 32_768, sound[200:], atol=1e-4)


def test_what_decoders_make_of_loud_sound_is_not_spoken_of(tmp_path):
    loud = np.clip(3 * sounding(3, 44_100), -1, 1)
    assert heard(encoded(loud, 44_100, "mp4", "aac"), tmp_path)[1] == {}
    assert heard(written(loud, 44_100, "OGG", "VORBIS"), tmp_path)[1] == {}
