"""What speaks for a voice in a sound: pitch, and a spectrum that moves."""

import numpy as np
import pytest

from training.sounds.noises import noise
from undertone.audio import RATE_HZ
from undertone.audio_file import read
from undertone.words.plausibility.hallucination import GateSettings
from undertone.words.plausibility.voicing import voicing

GATE = GateSettings()


@pytest.mark.fast
@pytest.mark.parametrize("kind", ["white", "clicks", "keyboard", "rain"])
def test_clicks_rain_and_white_noise_have_no_pitch(kind):
    for seed in range(8):
        assert voicing(noise(kind, seed, seconds=3.0)).voiced_s < GATE.shortest_voiced_s, f"{kind}, seed {seed}"


@pytest.mark.fast
@pytest.mark.parametrize("kind", ["hum", "beeps"])
def test_hum_and_beeps_do_not_move(kind):
    for seed in range(8):
        movement_db = voicing(noise(kind, seed, seconds=3.0)).movement_db
        assert movement_db is None or movement_db < GATE.still_movement_db, f"{kind}, seed {seed}"


def test_a_voice_has_pitch_and_moves_at_any_level(samples):
    for path in sorted(samples.glob("*.flac")):
        clip = read(path)
        loud, quiet = voicing(clip), voicing((clip * 0.05).astype(np.int16))
        assert loud.voiced_s > 0.5
        assert min(loud.movement_db, quiet.movement_db) > GATE.least_movement_db, path.name


@pytest.mark.fast
@pytest.mark.parametrize("length", [0, 1, 639, 640, RATE_HZ])
def test_silence_of_any_length_has_no_level_and_no_pitch(length):
    heard = voicing(np.zeros(length, dtype=np.int16))
    assert (heard.level, heard.voiced_s, heard.movement_db) == (0.0, 0.0, None)


@pytest.mark.fast
def test_the_level_is_that_of_the_loudest_moment():
    sound = np.zeros(20 * RATE_HZ, dtype=np.int16)
    sound[5 * RATE_HZ : 5 * RATE_HZ + 3200] = np.rint(1000 * np.sin(2 * np.pi * 200 * np.arange(3200) / RATE_HZ))
    assert voicing(sound).level == pytest.approx(1000 / np.sqrt(2), rel=0.01)


@pytest.mark.fast
def test_what_repeats_itself_at_a_voices_pitch_is_periodic_and_a_hiss_is_not():
    time_s = np.arange(RATE_HZ) / RATE_HZ
    buzz = sum(np.sin(2 * np.pi * 150 * order * time_s) / order for order in range(1, 8))
    hiss = np.random.default_rng(0).standard_normal(RATE_HZ)
    assert voicing((3000 * buzz).astype(np.int16)).periodicity > 0.95
    assert voicing((3000 * hiss).astype(np.int16)).periodicity < 0.6
    both = np.concatenate([3000 * hiss, 300 * buzz]).astype(np.int16)
    assert voicing(both).periodicity < 0.6, "the louder part counts"
