"""The conditions that networks are judged under are what their names say, and the same for every network."""

import numpy as np
import pytest

from training.params import load_params
from training.sounds.conditions import conditions, rng_of

pytestmark = pytest.mark.fast

RATE_HZ, PAD_MS = 16_000, 300


@pytest.fixture(scope="module")
def made(repository):
    random = np.random.default_rng(0)
    voices = [random.normal(0, 0.1, 20_000).astype(np.float32) for _ in range(6)]
    return conditions(load_params(repository / "params.yaml")["crossval"], RATE_HZ, PAD_MS, voices)


@pytest.fixture(scope="module")
def waveform():
    return np.random.default_rng(1).normal(0, 0.05, 40_000).astype(np.float32)


def power_db(waveform):
    return 10 * np.log10(np.mean(np.square(waveform, dtype=np.float64)))


def test_every_network_hears_the_same_noise_on_the_same_clip(made, waveform):
    for name, change in made.items():
        first, second = (change(waveform, rng_of("03-01-01-01-01-01-01")) for _ in range(2))
        np.testing.assert_array_equal(first, second, err_msg=name)
    other = made["white_10dB"](waveform, rng_of("03-01-01-01-01-01-02"))
    assert not np.array_equal(other, made["white_10dB"](waveform, rng_of("03-01-01-01-01-01-01")))


@pytest.mark.parametrize("kind", ["white", "pink", "babble"])
def test_noise_lies_as_far_below_the_speech_as_the_name_says(made, waveform, kind):
    for snr_db in (0, 10, 20):
        noise = made[f"{kind}_{snr_db}dB"](waveform, rng_of("a")) - waveform
        assert power_db(waveform) - power_db(noise) == pytest.approx(snr_db, abs=0.1)


def test_a_window_lies_inside_the_speech_and_a_short_clip_is_heard_whole(made):
    ramp = np.arange(40_000, dtype=np.float32)
    for name in "abcdefgh":
        window = made["window_1s"](ramp, rng_of(name))
        assert len(window) == RATE_HZ
        assert window[0] >= 4800
        assert window[-1] < 40_000 - 4800
    assert len(made["window_3s"](ramp, rng_of("a"))) == 40_000


def test_gain_changes_the_level_and_clips_at_full_scale(made, waveform):
    assert power_db(made["gain_-20dB"](waveform, rng_of("a"))) == pytest.approx(power_db(waveform) - 20, abs=0.1)
    assert np.abs(made["gain_10dB"](waveform * 10, rng_of("a"))).max() <= 1.0


def test_a_telephone_keeps_speech_and_cuts_what_is_below_and_above(made):
    time_s = np.arange(RATE_HZ) / RATE_HZ
    for hz, lost_db in ((100, 40), (1000, 0), (6000, 40)):
        tone = np.sin(2 * np.pi * hz * time_s).astype(np.float32)
        lost = power_db(tone) - power_db(made["telephone"](tone, rng_of("a")))
        assert (lost > lost_db) if lost_db else (lost == pytest.approx(0, abs=0.5))
