"""Channels that cancel each other lose no speech; all others are averaged, bit for bit."""

import numpy as np
import pytest
from material.recordings import heard, written

from undertone.audio_file import read
from undertone.audio_file.channels import Mixer
from undertone.gate.listener import utterances

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def speech(samples):
    clips = [read(samples / name) for name in ("04_sad.flac", "06_turn.flac", "09_calm.flac")]
    return np.concatenate(clips) / 32_768


@pytest.fixture(scope="module")
def spoken_s(engine):
    """Return how many seconds of speech the gate hears in samples."""

    def measured(samples):
        found = utterances(samples, engine.silero, engine.manifest.vad)
        return sum(each.end - each.start for each in found) / RATE_HZ

    return measured


def turned(signal, degrees):
    """Return `signal` with the phase of all its frequencies turned."""
    spectrum = np.fft.rfft(signal)
    spectrum[1:] *= np.exp(1j * np.deg2rad(degrees))
    return np.fft.irfft(spectrum, len(signal))


def mixed(channels, folder):
    """Return what is heard of `channels`, and their plain average."""
    content = written(np.stack(channels, axis=1), RATE_HZ, subtype="FLOAT")
    samples, notes = heard(content, folder)
    assert notes == {}
    average = np.stack(channels, axis=1).astype(np.float32).mean(axis=1)
    return samples, np.minimum(np.rint(np.clip(average, -1, 1) * 32_768), 32_767).astype(np.int16)


def level(samples):
    return float(np.sqrt(np.mean(np.square(samples / 32_768))))


def test_the_second_channel_turned_round_gives_what_one_channel_gives(speech, tmp_path):
    samples, _ = mixed([speech, -speech], tmp_path)
    np.testing.assert_allclose(samples / 32_768, speech, atol=1e-4)


@pytest.mark.parametrize("degrees", [0, 45, 90, 110, 120, 135, 150, 165, 175, 180, 225, 270])
def test_at_no_angle_is_speech_lost(degrees, speech, spoken_s, tmp_path):
    samples, _ = mixed([speech, turned(speech, degrees)], tmp_path)
    assert level(samples) > 0.55 * level(32_768 * speech)
    assert spoken_s(samples) == pytest.approx(spoken_s(np.int16(32_767 * speech)), rel=0.03)


def test_nor_by_a_weaker_channel_noise_a_shared_hum_or_more_channels(speech, spoken_s, tmp_path):
    noise = np.random.default_rng(0).normal(0, 0.003, (2, len(speech)))
    hum = 0.2 * np.sin(2 * np.pi * 50 * np.arange(len(speech)) / RATE_HZ)
    zero = np.zeros_like(speech)
    alone = spoken_s(np.int16(32_767 * speech))
    for channels in (
        [speech, -0.5 * speech],
        [speech + noise[0], noise[1] - speech],
        [speech + hum, hum - speech],
        [speech, turned(speech, 120), turned(speech, 240)],
        [speech, -speech, zero, zero, zero, zero],
        [speech, -np.roll(speech, 4)],
    ):
        assert spoken_s(mixed(channels, tmp_path)[0]) > 0.95 * alone


def test_a_channel_may_be_turned_round_in_the_middle(speech, tmp_path):
    half = np.where(np.arange(len(speech)) < len(speech) // 2, speech, -speech)
    samples, _ = mixed([speech, half], tmp_path)
    np.testing.assert_allclose(samples[len(speech) * 2 // 3 :] / 32_768, speech[len(speech) * 2 // 3 :], atol=1e-4)


def test_what_does_not_cancel_is_averaged_bit_for_bit(speech, tmp_path):
    noise = np.random.default_rng(0).normal(0, 0.1, (6, len(speech)))
    for channels in (
        [speech, speech],
        [speech, 0 * speech],
        [speech, 0.3 * speech],
        [speech, np.roll(speech, 5 * RATE_HZ)],
        [speech, np.roll(speech, 80)],
        [noise[0], noise[1]],
        [0.1 * noise[0], 0.1 * noise[1], speech, 0 * speech, 0.1 * noise[2], 0.1 * noise[3]],
        [np.full(len(speech), 0.2), np.full(len(speech), -0.1)],
    ):
        np.testing.assert_array_equal(*mixed(channels, tmp_path))


def test_a_change_of_mind_does_not_click():
    tone = np.sin(2 * np.pi * 440 * np.arange(RATE_HZ) / RATE_HZ).astype(np.float32)
    mixer = Mixer()
    joined = np.concatenate([mixer.mixed(np.stack([tone, sign * tone], axis=1)) for sign in (1, -1, 1)])
    assert np.abs(np.diff(joined)).max() < 0.2
