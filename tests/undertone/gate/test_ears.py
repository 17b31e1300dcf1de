"""The speech gate: hears shouts, stays silent on noise, and is a function of the samples alone."""

import numpy as np
import pytest
from material.tiny_release import VAD

from training.features.silero import published_silero
from training.features.trim import silero_hears, speech_bounds
from training.params import load_params
from training.sounds.noises import KINDS, noise
from undertone.audio import FRAME_SAMPLES, RATE_HZ
from undertone.audio_file import read
from undertone.gate.ears import SpeechGate, slowed
from undertone.gate.edges import SILENCE_DB, level_db, sounding
from undertone.gate.listener import utterances
from undertone.stream.session import Session, Utterance

# Silero v6 finds no frame of speech, or next to none, in these, whatever the gain. It is deaf to one more that the gate
# does not hear either, 03-01-06-02-02-02-06: its shout stays below what music reaches.
DEAF_TO = (
    "03-01-03-02-01-01-06",
    "03-01-03-02-02-01-06",
    "03-01-03-02-02-02-06",
    "03-01-04-02-01-01-06",
    "03-01-05-02-01-01-06",
    "03-01-05-02-01-01-18",
    "03-01-05-02-02-01-06",
    "03-01-05-02-02-01-14",
    "03-01-05-02-02-01-18",
    "03-01-05-02-02-02-06",
    "03-01-06-02-01-01-04",
    "03-01-06-02-01-01-06",
    "03-01-06-02-01-02-06",
    "03-01-06-02-02-01-06",
)


def tone(hz, amplitude=10_000, samples=FRAME_SAMPLES):
    return np.rint(amplitude * np.sin(2 * np.pi * hz * np.arange(samples) / RATE_HZ)).astype(np.int16)


@pytest.fixture(scope="module")
def clip(ravdess_mirror):
    """Return a reader of RAVDESS clips by name, (samples,) int16."""
    paths = {path.stem: path for path in ravdess_mirror.rglob("*.flac")}
    return lambda name: read(paths[name])


def session_spans(engine, samples, chunk_samples):
    """Return (first and last sample) of each utterance that a session finds, in ms."""
    session, outputs = Session(engine), []
    for start in range(0, len(samples), chunk_samples):
        outputs += session.feed(samples[start : start + chunk_samples].astype("<i2").tobytes())
    return [(o.start_ms, o.end_ms) for o in outputs + session.finish() if isinstance(o, Utterance)]


@pytest.mark.ravdess
@pytest.mark.parametrize("name", DEAF_TO)
def test_a_shout_that_silero_is_deaf_to_is_heard(clip, name):
    samples = clip(name)
    assert not silero_hears(samples.astype(np.float32) / 32768)
    assert utterances(samples, published_silero(), VAD)


@pytest.mark.ravdess
@pytest.mark.parametrize("gain_db", [-20, -10, 10])
def test_a_shout_is_heard_at_any_gain(clip, gain_db):
    samples = (clip(DEAF_TO[2]) * 10 ** (gain_db / 20)).clip(-32768, 32767).astype(np.int16)
    assert utterances(samples, published_silero(), VAD)


@pytest.mark.ravdess
@pytest.mark.parametrize("name", [DEAF_TO[0], "03-01-01-01-01-01-01"])
def test_a_session_keeps_what_training_keeps_in_chunks_of_any_size(engine, clip, name):
    samples = clip(name)
    vad = {**VAD.__dict__, "energy_floor_db": 35}
    bounds = speech_bounds(samples.astype(np.float32) / 32768, vad)
    for chunk_samples in (1, 160, 333, 512, 4000, len(samples)):
        spans = session_spans(engine, samples, chunk_samples)
        assert (spans[0][0], spans[-1][1]) == (bounds.start // 16, bounds.end // 16)


def test_the_released_numbers_are_those_of_the_parameters(repository):
    section = load_params(repository / "params.yaml")["vad"]
    assert {name: section[name] for name in VAD.__dict__} == VAD.__dict__


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_noise_is_no_utterance(kind):
    for seed in range(2000, 2004):
        assert utterances(noise(kind, seed), published_silero(), VAD) == [], f"{kind}, seed {seed}"


@pytest.mark.fast
def test_the_same_seed_makes_the_same_noise_and_an_unknown_kind_is_refused():
    for kind in KINDS:
        sound = noise(kind, 5, seconds=1.0)
        assert sound.shape == (RATE_HZ,)
        assert np.abs(sound.astype(int)).max() > 200
        assert np.array_equal(sound, noise(kind, 5, seconds=1.0))
    with pytest.raises(ValueError, match="unknown noise 'rian'; known are hum"):
        noise("rian", 5)


@pytest.mark.fast
def test_a_slowed_tone_is_two_thirds_as_high_and_as_loud():
    sound = (tone(900, samples=4096 + 16) / 32768).astype(np.float32)
    slow = slowed(sound)
    assert slow.shape == (6144,)
    expected = 10_000 / 32768 * np.sin(2 * np.pi * 600 * np.arange(6144) / RATE_HZ + 2 * np.pi * 900 * 8 / RATE_HZ)
    np.testing.assert_allclose(slow, expected, atol=0.002)


@pytest.mark.fast
def test_what_is_heard_of_a_frame_depends_on_what_came_before_only():
    sound = noise("music", 3, seconds=2.0)
    frames = sound[: len(sound) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    whole, half = SpeechGate(published_silero()), SpeechGate(published_silero())
    heard = [whole.hear(frame) for frame in frames]
    assert [half.hear(frame) for frame in frames[:30]] == heard[:30]


@pytest.mark.fast
def test_the_level_is_that_of_the_voice_band():
    assert level_db(np.zeros(FRAME_SAMPLES, dtype=np.int16)) == SILENCE_DB
    full_db = 20 * np.log10(10_000 / np.sqrt(2))
    assert level_db(tone(500)) == pytest.approx(full_db, abs=0.5)
    assert level_db(tone(40)) < full_db - 10
    assert level_db(tone(3000)) < full_db - 60


@pytest.mark.fast
def test_a_sound_shorter_than_160_ms_is_left_out_and_a_shorter_silence_is_bridged():
    assert sounding([60.0] * 4, 50) is None
    assert sounding([0.0] * 2 + [60.0] * 5, 50) == (2, 7)
    assert sounding([60.0] * 3 + [0.0] * 4 + [60.0] * 3, 50) == (0, 10)
    assert sounding([60.0] * 5 + [0.0] * 5 + [60.0] * 4, 50) == (0, 5)
    assert sounding([0.0] * 10, 50) is None
