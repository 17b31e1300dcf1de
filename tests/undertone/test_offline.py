"""Recordings through an open release: files, arrays, folders; what they are refused for. The real models."""

import numpy as np
import pytest
import soundfile

import undertone
from undertone.audio_file import AudioFileError, read
from undertone.offline import audio_files


@pytest.fixture(scope="module")
def release(promoted_release):
    return undertone.open_release(promoted_release)


@pytest.fixture(scope="module")
def turn(samples):
    """Says two things, with a pause between them."""
    return samples / "06_turn.flac"


@pytest.fixture(scope="module")
def by_voice(release, turn):
    return release.analyze(turn, words=False)


@pytest.mark.fast
def test_each_utterance_has_its_span_and_a_verdict_of_the_voice(by_voice):
    first, second = by_voice
    assert (first.utterance_id, second.utterance_id) == (1, 2)
    assert 0 <= first.start_ms < first.end_ms < second.start_ms < second.end_ms
    assert first.verdict.label in undertone.LABELS
    assert (first.text, first.verdict.reason, first.verdict.mode) == (None, "asr_unavailable", "audio_only")
    assert first.verdict.lanes["voice"].weight == 1.0
    assert first.timings == {}


def test_words_and_voice_both_stand_in_the_verdict(release, turn, by_voice):
    first, second = release.analyze(str(turn))
    assert (first.text, first.verdict.mode) == ("The train is late again.", "fused")
    assert set(first.verdict.lanes) == {"words", "voice"}
    assert first.verdict.alpha == first.verdict.lanes["words"].weight > 0
    assert first.audio_ears["cnn"] == by_voice[0].verdict.lanes["voice"].probabilities
    assert first.audio_ears["encoder"] is not None
    assert second.speech_rate_wpm > 100


def test_the_recogniser_is_loaded_once_for_all_releases(release, promoted_release, turn):
    release.analyze(turn)
    assert undertone.open_release(promoted_release).reader._recogniser is release.reader._recogniser


@pytest.mark.fast
@pytest.mark.parametrize("dtype", ["int16", "int32", "float32", "float64"])
def test_samples_are_heard_as_the_file_that_they_were_read_from(release, turn, by_voice, dtype):
    samples, rate_hz = soundfile.read(turn, dtype=dtype)
    assert release.analyze(samples, rate_hz, words=False) == by_voice


@pytest.mark.fast
def test_samples_of_another_rate_and_two_channels_are_heard_as_their_file(release, turn, tmp_path):
    slow = np.repeat(read(turn), 3)  # three times the rate
    both = np.stack([slow, slow // 2], axis=1)
    soundfile.write(tmp_path / "both.wav", both, 48_000, subtype="PCM_16")
    assert release.analyze(both, 48_000, words=False) == release.analyze(tmp_path / "both.wav", words=False) != []


def test_the_settings_of_a_session_hold_here_too(release, turn):
    (first, _) = release.analyze(turn, alpha=0.0, redact_text=True)
    assert first.text is None
    assert first.speech_rate_wpm > 100
    assert first.verdict.alpha == 0.0
    assert first.verdict.probabilities == pytest.approx(first.verdict.lanes["voice"].probabilities)
    with pytest.raises(undertone.SettingError, match="alhpa"):
        release.analyze(turn, alhpa=0.5)
    with pytest.raises(undertone.SettingError, match="max_utterance_ms"):
        release.analyze(turn, max_utterance_ms=1)
    with pytest.raises(undertone.SettingError, match=r"language: 'de' is not among .*: en"):
        release.analyze(turn, language="de")


@pytest.mark.fast
def test_silence_has_no_utterances(release):
    assert release.analyze(np.zeros(32_000), 16_000) == []
    assert release.analyze(np.zeros(0, np.int16), 16_000) == []


@pytest.mark.fast
@pytest.mark.parametrize(
    ("samples", "rate_hz", "why"),
    [
        (np.zeros(100), None, "rate_hz"),
        (np.zeros(100), 10, "sample rate of 10 Hz"),
        (np.zeros((2, 2, 2)), 16_000, "channels"),
        (np.zeros(100, dtype=complex), 16_000, "complex"),
        (np.full(100, np.nan), 16_000, "finite"),
    ],
)
def test_samples_that_are_no_audio_are_refused(release, samples, rate_hz, why):
    with pytest.raises(ValueError, match=why):
        release.analyze(samples, rate_hz)


@pytest.mark.fast
def test_a_file_that_cannot_be_read_is_refused_by_name_and_a_rate_with_a_file_too(release, turn, tmp_path):
    (tmp_path / "broken.wav").write_bytes(b"RIFF nothing")
    with pytest.raises(AudioFileError, match=r"broken\.wav"):
        release.analyze(tmp_path / "broken.wav")
    with pytest.raises(AudioFileError, match="no such file"):
        release.analyze("missing.wav")
    with pytest.raises(ValueError, match="a file has its own"):
        release.analyze(turn, 16_000)


@pytest.mark.fast
def test_a_folder_is_searched_for_audio_in_order_and_without_what_is_hidden(tmp_path):
    for name in ("b.wav", "a.FLAC", "notes.txt", ".hidden.wav", "deep/c.mp3", ".cache/d.wav", "deep/.git/e.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.wav").mkdir()
    assert [str(path.relative_to(tmp_path)) for path in audio_files(tmp_path)] == ["a.FLAC", "b.wav", "deep/c.mp3"]
    assert audio_files(tmp_path / ".hidden.wav") == [tmp_path / ".hidden.wav"]


@pytest.mark.fast
def test_a_folder_inside_a_hidden_one_is_searched_when_it_is_named(tmp_path):
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "d.wav").touch()
    assert audio_files(tmp_path / ".cache") == [tmp_path / ".cache" / "d.wav"]
