"""Every kind of recording is heard to its end, joined ones too; what was cut off is said with its time."""

import contextlib
import random

import numpy as np
import pytest
from material.recordings import KINDS, encoded, heard, recording, sounding, written

from undertone.audio_file import AudioFileError, AudioTooLongError, DamagedAudioError, NotAudioError

SECONDS = 4.0
_PADDING_S = 0.08  # what encoders add
INDEX_AT_THE_END = ("m4a", "3gp")
FRAMES_ALONE = ("amr", "aac", "mp3 without a length")  # a cut between two frames looks like an end that was meant


def seconds(samples):
    return len(samples) / 16_000


@pytest.fixture(scope="module")
def contents():
    return {kind: recording(kind, SECONDS) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_heard_whole_and_nothing_is_said_of_it(kind, contents, tmp_path):
    samples, notes = heard(contents[kind], tmp_path)
    assert seconds(samples) == pytest.approx(SECONDS, abs=_PADDING_S)
    assert notes == {}
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    assert np.argmax(spectrum) * 16_000 / len(samples) == pytest.approx(440, abs=2)


@pytest.mark.parametrize("kind", KINDS)
def test_of_joined_files_all_is_heard(kind, contents, tmp_path):
    once, _ = heard(contents[kind], tmp_path)
    twice, notes = heard(2 * contents[kind], tmp_path)
    assert seconds(twice) == pytest.approx(2 * seconds(once), abs=0.002)
    assert notes == {}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in INDEX_AT_THE_END])
def test_what_was_cut_off_is_heard_up_to_there_and_its_end_is_said(kind, contents, tmp_path):
    content, places = contents[kind], random.Random(1)
    unsaid = 0
    for _ in range(20):
        cut = places.randrange(len(content) // 3, len(content) - 40)
        samples, notes = heard(content[:cut], tmp_path)
        assert 0 < seconds(samples) < SECONDS + _PADDING_S
        assert list(notes) in ([], ["ended_early"]), cut
        if notes:
            assert notes["ended_early"] == pytest.approx(1000 * seconds(samples), abs=2)
        unsaid += not notes
    assert unsaid <= (3 if kind in FRAMES_ALONE else 0)


@pytest.mark.parametrize("kind", INDEX_AT_THE_END)
def test_what_was_cut_off_before_its_index_is_named_damaged(kind, contents, tmp_path):
    for cut in (200, len(contents[kind]) // 2):
        with pytest.raises(DamagedAudioError, match="cut off before the index"):
            heard(contents[kind][:cut], tmp_path)


def test_a_film_that_plays_while_it_loads_is_heard_up_to_its_cut(tmp_path):
    fragments = {"movflags": "frag_keyframe+delay_moov", "frag_duration": "500000"}
    content = encoded(sounding(4, 44_100), 44_100, "mp4", "aac", fragments)
    assert seconds(heard(content, tmp_path)[0]) == pytest.approx(4, abs=_PADDING_S)
    samples, notes = heard(content[: len(content) * 2 // 3], tmp_path)
    assert 1 < seconds(samples) < 3.5
    assert list(notes) == ["ended_early"]


def test_what_a_browser_records_tells_no_length_and_is_heard_up_to_its_cut(tmp_path):
    content = encoded(sounding(4, 48_000), 48_000, "webm", "libopus", seekable=False)
    samples, notes = heard(content, tmp_path)
    assert (seconds(samples), notes) == (pytest.approx(4, abs=_PADDING_S), {})
    samples, notes = heard(content[: len(content) // 2], tmp_path)
    assert (seconds(samples), list(notes)) == (pytest.approx(2, abs=0.3), ["ended_early"])


@pytest.mark.parametrize(
    "pair", [("vorbis", "opus"), ("flac", "mp3"), ("mp3", "wav"), ("wav", "flac"), ("m4a", "webm")]
)
def test_files_of_different_kinds_and_rates_may_be_joined(pair, contents, tmp_path):
    samples, notes = heard(contents[pair[0]] + contents[pair[1]], tmp_path)
    assert seconds(samples) == pytest.approx(2 * SECONDS, abs=2 * _PADDING_S)
    assert notes == {}


def test_joined_files_may_have_other_channels_and_rates(tmp_path):
    flac = [written(np.stack([sounding(2, rate)] * n, 1), rate, "FLAC") for rate, n in ((16_000, 1), (48_000, 2))]
    samples, notes = heard(flac[0] + flac[1] + flac[0], tmp_path)
    assert (len(samples), notes) == (96_000, {})
    np.testing.assert_array_equal(samples[:32_000], samples[64_000:])


@pytest.mark.parametrize("kind", ["wav", "flac", "vorbis", "mp3"])
def test_a_cut_file_with_another_behind_it_lacks_something_in_the_middle(kind, contents, tmp_path):
    half = contents[kind][: len(contents[kind]) // 2]
    samples, notes = heard(half + contents[kind], tmp_path)
    assert SECONDS + 0.5 < seconds(samples) < 2 * SECONDS
    assert list(notes) == ["damaged"]
    assert notes["damaged"] == pytest.approx(1000 * (seconds(samples) - SECONDS), abs=60)


@pytest.mark.parametrize("kind", ["flac", "mp3", "m4a", "aac", "vorbis"])
def test_damage_in_the_middle_does_not_end_the_recording(kind, contents, tmp_path):
    content = bytearray(recording(kind, 12.0))
    middle = len(content) // 2
    content[middle : middle + 200] = np.random.default_rng(2).bytes(200)
    samples, notes = heard(bytes(content), tmp_path)
    assert seconds(samples) > 9
    assert "damaged" in notes


def test_tags_before_between_and_behind_are_no_sound(contents, tmp_path):
    tag = b"ID3\x03\x00\x00\x00\x00\x01\x00" + bytes(128)
    last = b"TAG" + bytes(125)
    once, _ = heard(contents["mp3 without a length"], tmp_path)
    tagged = tag + tag + contents["mp3 without a length"] + last
    samples, notes = heard(tagged + tagged, tmp_path)
    assert seconds(samples) == pytest.approx(2 * seconds(once), abs=0.06)
    assert notes == {}
    assert len(heard(tag + contents["flac"], tmp_path)[0]) == len(heard(contents["flac"], tmp_path)[0])


def test_speech_between_long_silences_is_heard_though_no_header_tells_the_length(tmp_path):
    silence = np.zeros(44_100 * 20)
    track = np.concatenate([silence, sounding(3, 44_100), silence, sounding(3, 44_100)])
    options = {"write_xing": "0", "id3v2_version": "0"}
    content = encoded(track, 44_100, "mp3", "libmp3lame", options, quality=4)
    assert seconds(heard(content, tmp_path, max_s=60)[0]) == pytest.approx(46, abs=0.2)
    assert heard(content, tmp_path, max_s=60)[1] == {}
    with pytest.raises(AudioTooLongError):
        heard(content, tmp_path, max_s=45)


def test_a_header_that_claims_too_much_is_counted_and_not_believed(contents, tmp_path):
    flac = bytearray(contents["flac"])
    flac[21] |= 0x0F  # hours of samples
    samples, notes = heard(bytes(flac), tmp_path, max_s=10)
    assert (seconds(samples), list(notes)) == (SECONDS, ["ended_early"])
    for kind in ("flac", "m4a", "mp3", "vorbis"):
        with pytest.raises(AudioTooLongError):
            heard(contents[kind], tmp_path, max_s=3)


def test_a_flac_that_was_streamed_into_its_file_is_whole(contents, tmp_path):
    flac = bytearray(contents["flac"])
    flac[21:26] = bytes([flac[21] & 0xF0, 0, 0, 0, 0])
    samples, notes = heard(bytes(flac), tmp_path)
    assert (seconds(samples), notes) == (SECONDS, {})
    assert list(heard(bytes(flac[: len(flac) // 2]), tmp_path)[1]) == ["ended_early"]


@pytest.mark.parametrize(
    "playlist",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile {}\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns={}\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    ],
)
def test_a_playlist_opens_nothing(playlist, contents, tmp_path):
    (tmp_path / "secret.mp3").write_bytes(contents["mp3"])
    with pytest.raises(NotAudioError):
        heard(playlist.format(tmp_path / "secret.mp3").encode(), tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"#!AMR\n" * 200_000,
        b"OggS" * 200_000,
        b"fLaC\x00\x00\x00\x22" * 100_000,
        b"ID3\x04\x00\x00\x00\x00\x00\x00" * 100_000,
        b"\xff\xfb\x90\x00" * 200_000,
        np.random.default_rng(0).bytes(1_000_000),
    ],
    ids=["AMR", "Ogg", "FLAC", "ID3", "MPEG", "noise"],
)
@pytest.mark.timeout(20)
def test_a_file_of_nothing_but_marks_keeps_nobody_busy(content, tmp_path):
    with contextlib.suppress(AudioFileError):
        assert seconds(heard(content, tmp_path)[0]) < 1
