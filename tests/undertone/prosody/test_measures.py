"""Pitch and energy against tones that are made here and a synthetic voice of known pitch."""

import io
import subprocess

import numpy as np
import pytest
import soundfile
import soxr

from undertone.audio import RATE_HZ
from undertone.prosody.measures import measured

pytestmark = pytest.mark.fast


def voiced(hz, seconds=1.5, level=0.2):
    """A buzz of falling harmonics, as vocal cords give; `hz` a number or one for each sample."""
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(hz, round(seconds * RATE_HZ))) / RATE_HZ
    wave = sum(np.sin(number * phase) / number for number in range(1, 11))
    return np.rint(wave / np.abs(wave).max() * level * 32767).astype(np.int16)


def vowel(pitch):
    """A long vowel of espeak-ng in a monotone, `pitch` of 0 to 99 as its option -p has it, and its pitch in Hz."""
    text = "<speak><prosody range='0%'>aaaaaaaaah</prosody></speak>"
    command = ["espeak-ng", "-m", "-v", "en", "-p", str(pitch), "-s", "80", "--stdout", text]
    sound, rate_hz = soundfile.read(io.BytesIO(subprocess.run(command, capture_output=True, check=True).stdout))
    sound = soxr.resample(sound, rate_hz, RATE_HZ)
    return np.rint(sound * 32767).clip(-32768, 32767).astype(np.int16), RATE_HZ / period(sound)


def period(sound):
    """The samples after which the middle of `sound` is most like itself."""
    middle = sound[len(sound) // 3 : 2 * len(sound) // 3]
    alike = np.correlate(middle, middle, "full")[len(middle) - 1 :]
    shortest, longest = RATE_HZ // 400, RATE_HZ // 60
    return shortest + int(alike[shortest:longest].argmax())


@pytest.mark.parametrize("hz", [75, 110, 180, 240, 420])
def test_a_tone_has_its_pitch(hz):
    pitch = measured(voiced(hz)).pitch
    assert np.allclose([pitch.median_hz, pitch.low_hz, pitch.high_hz], hz, rtol=0.01)


@pytest.mark.parametrize("pitch", [20, 50, 90])
def test_a_synthetic_voice_has_the_pitch_at_which_its_vowel_repeats_itself(pitch):
    samples, hz = vowel(pitch)
    found = measured(samples).pitch
    assert found.median_hz == pytest.approx(hz, rel=0.03)
    assert found.low_hz <= found.median_hz <= found.high_hz


def test_a_glide_has_the_range_that_it_goes_through():
    pitch = measured(voiced(np.geomspace(100, 200, 3 * RATE_HZ), seconds=3)).pitch
    assert pitch.low_hz == pytest.approx(100 * 2**0.05, rel=0.03)
    assert pitch.median_hz == pytest.approx(100 * 2**0.5, rel=0.03)
    assert pitch.high_hz == pytest.approx(100 * 2**0.95, rel=0.03)


def test_the_energy_is_the_level_in_decibels_of_full_scale_and_pauses_take_nothing_from_it():
    tone = voiced(150)
    loud = measured(tone).energy_dbfs
    assert loud == pytest.approx(20 * np.log10(np.sqrt(np.mean((tone / 32768.0) ** 2))), abs=0.2)
    assert measured(tone // 10).energy_dbfs == pytest.approx(loud - 20, abs=0.3)
    assert measured(np.concatenate([tone, np.zeros_like(tone)])).energy_dbfs == pytest.approx(loud, abs=0.5)


def test_where_no_voice_is_there_is_no_pitch():
    noise = np.random.default_rng(0).normal(0, 500, RATE_HZ).astype(np.int16)
    assert measured(noise).pitch is None
    assert measured(noise).energy_dbfs == pytest.approx(20 * np.log10(500 / 32768), abs=0.2)
    assert measured(np.zeros(RATE_HZ, np.int16)).pitch is None


@pytest.mark.parametrize("samples", [0, 1, 255, 256, 400])
def test_next_to_nothing_has_no_pitch_and_is_no_error(samples):
    assert measured(np.full(samples, 100, np.int16)).pitch is None
    assert -100 <= measured(np.zeros(samples, np.int16)).energy_dbfs <= -99
