"""Any file becomes 16 kHz mono int16, and what cannot is named."""

import numpy as np
import pytest
import soundfile

from undertone.audio_file import AudioFileError, AudioFileWarning, blocks, read

pytestmark = pytest.mark.fast
SECONDS = 2.5


def tone(rate_hz, frequency_hz=440.0):
    return 0.5 * np.sin(2 * np.pi * frequency_hz * np.arange(int(SECONDS * rate_hz)) / rate_hz)


def largest_frequency_hz(samples):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * 16_000 / len(samples))


@pytest.mark.parametrize(
    ("name", "rate_hz", "channels", "subtype"),
    [
        ("stereo.wav", 48_000, 2, "PCM_16"),
        ("telephone.wav", 8_000, 1, "PCM_16"),
        ("float.wav", 44_100, 1, "FLOAT"),
        ("wide.wav", 96_000, 1, "PCM_24"),
        ("clip.flac", 22_050, 1, "PCM_16"),
        ("clip.ogg", 44_100, 2, "VORBIS"),
        ("clip.aiff", 32_000, 6, "PCM_16"),
        pytest.param(
            "clip.mp3",
            44_100,
            1,
            "MPEG_LAYER_III",
            marks=pytest.mark.skipif("MP3" not in soundfile.available_formats(), reason="this libsndfile has no MP3"),
        ),
    ],
)
def test_a_file_of_any_kind_becomes_16_khz_mono_of_the_same_length_and_pitch(
    tmp_path, name, rate_hz, channels, subtype
):
    path = tmp_path / name
    soundfile.write(path, np.repeat(tone(rate_hz)[:, None], channels, axis=1), rate_hz, subtype=subtype)
    samples = read(path)
    assert samples.dtype == np.int16
    assert samples.shape == (int(SECONDS * 16_000),)
    assert largest_frequency_hz(samples) == pytest.approx(440, abs=1)
    middle = samples[8000:32_000]
    assert np.sqrt(np.mean(np.square(middle / 32_768))) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_channels_are_averaged(tmp_path):
    channels = np.stack([np.full(16_000, 8000, np.int16), np.full(16_000, -2000, np.int16)], axis=1)
    soundfile.write(tmp_path / "two.wav", channels, 16_000)
    assert (read(tmp_path / "two.wav") == 3000).all()


def test_a_16_khz_mono_file_comes_through_bit_for_bit(tmp_path):
    samples = np.random.default_rng(0).integers(-32_768, 32_768, 50_001).astype(np.int16)
    soundfile.write(tmp_path / "same.flac", samples, 16_000)
    np.testing.assert_array_equal(read(tmp_path / "same.flac"), samples)


def test_blocks_are_the_file_in_order_and_none_is_long(tmp_path):
    soundfile.write(tmp_path / "long.wav", tone(44_100), 44_100)
    pieces = list(blocks(tmp_path / "long.wav"))
    assert max(len(piece) for piece in pieces) < 20_000
    np.testing.assert_array_equal(np.concatenate(pieces), read(tmp_path / "long.wav"))


def test_floats_beyond_full_scale_are_clipped_not_wrapped(tmp_path):
    soundfile.write(tmp_path / "hot.wav", np.array([2.0, -2.0, 0.0], np.float32), 16_000, subtype="FLOAT")
    np.testing.assert_array_equal(read(tmp_path / "hot.wav"), [32_767, -32_768, 0])


def test_a_file_without_samples_is_named_empty(tmp_path):
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 16_000)
    with pytest.raises(AudioFileError, match=r"empty\.wav: the file holds no audio"):
        read(tmp_path / "empty.wav")


@pytest.mark.parametrize("content", [b"", b"this is a letter, not a recording\n" * 50])
def test_a_file_that_is_no_audio_is_named(tmp_path, content):
    (tmp_path / "letter.wav").write_bytes(content)
    with pytest.raises(AudioFileError, match=r"letter\.wav: not audio that libsndfile can read"):
        read(tmp_path / "letter.wav")


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(AudioFileError, match=r"missing\.wav: no such file"):
        read(tmp_path / "missing.wav")
    with pytest.raises(AudioFileError, match="not a file"):
        read(tmp_path)


def test_a_file_that_ends_early_gives_what_precedes_and_says_so(tmp_path):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 16_000 * 6)
    soundfile.write(tmp_path / "whole.flac", noise, 16_000)
    content = (tmp_path / "whole.flac").read_bytes()
    (tmp_path / "cut.flac").write_bytes(content[: len(content) // 2])
    notes = []
    samples = read(tmp_path / "cut.flac", notes)
    assert [note.code for note in notes] == ["ended_early"]
    assert notes[0].as_dict() == {
        "code": "ended_early",
        "message": notes[0].message,
        "at_ms": pytest.approx(len(samples) / 16),
    }
    np.testing.assert_array_equal(samples, read(tmp_path / "whole.flac")[: len(samples)])


def test_whoever_takes_no_notes_is_warned_of_what_is_missing(tmp_path):
    soundfile.write(tmp_path / "whole.wav", tone(16_000), 16_000)
    (tmp_path / "cut.wav").write_bytes((tmp_path / "whole.wav").read_bytes()[:-1000])
    with pytest.warns(AudioFileWarning, match=r"cut\.wav: the file ends early, after 2\.5 s"):
        read(tmp_path / "cut.wav")


def test_samples_that_are_no_numbers_are_refused(tmp_path):
    soundfile.write(tmp_path / "nan.wav", np.array([0.0, np.nan], np.float32), 16_000, subtype="FLOAT")
    with pytest.raises(AudioFileError, match=r"nan\.wav: holds samples that are not finite"):
        read(tmp_path / "nan.wav")
