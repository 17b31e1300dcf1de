"""Headers that are wrong about the length: the samples that are there are heard, and what was done is said."""

import struct

import pytest
from material.recordings import heard, sounding, written

from undertone.audio_file import EmptyAudioError

pytestmark = pytest.mark.fast
RATE_HZ = 16_000
SAMPLES = 3 * RATE_HZ
LIST = b"LIST" + struct.pack("<I", 26) + b"INFOISFT" + struct.pack("<I", 14) + b"Lavf58.29.100\x00"


def file_of(format="WAV", subtype="PCM_16"):
    return bytearray(written(sounding(3, RATE_HZ), RATE_HZ, format, subtype))


def with_size(size, content=None, name=b"data", form="<I"):
    """Return a file whose header says `size` of its samples."""
    content = content or file_of()
    place = content.index(name) + len(name)
    return bytes(content[:place]) + struct.pack(form, size) + bytes(content[place + struct.calcsize(form) :])


@pytest.mark.parametrize("size", [0, 0xFFFF_FFFF, 0x7FFF_F000, 0x8000_0000, 0x7FFF_FFDB, 40_000, 40_001])
@pytest.mark.parametrize("riff", [None, 0, 36, 0xFFFF_FFFF])
def test_what_a_crashed_or_piping_recorder_left_is_heard_whole(size, riff, tmp_path):
    content = with_size(size)
    if riff is not None:
        content = content[:4] + struct.pack("<I", riff) + content[8:]
    samples, notes = heard(content, tmp_path)
    assert (len(samples), list(notes)) == (SAMPLES, ["header_repaired"])


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "PCM_32", "FLOAT", "ULAW", "ALAW"])
def test_of_every_encoding(subtype, tmp_path):
    samples, notes = heard(with_size(0, file_of(subtype=subtype)), tmp_path)
    assert (len(samples), list(notes)) == (SAMPLES, ["header_repaired"])


@pytest.mark.parametrize(
    ("format", "name", "form", "size"),
    [
        ("WAVEX", b"data", "<I", 0),
        ("AIFF", b"SSND", ">I", 0),
        ("CAF", b"data", ">Q", 0),
        ("CAF", b"data", ">Q", 0xFFFF_FFFF_FFFF_FFFF),
        ("AU", b".snd\x00\x00\x00\x18", ">I", 0),
        ("W64", b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a", "<Q", 0),
    ],
)
def test_of_every_container(format, name, form, size, tmp_path):
    samples, notes = heard(with_size(size, file_of(format), name, form), tmp_path)
    assert (len(samples), list(notes)) == (SAMPLES, ["header_repaired"])


def test_of_rf64_with_its_long_sizes_never_written(tmp_path):
    content = file_of("RF64")
    place = content.index(b"ds64") + 8
    content[place : place + 24] = bytes(24)
    samples, notes = heard(bytes(content), tmp_path)
    assert (len(samples), list(notes)) == (SAMPLES, ["header_repaired"])


@pytest.mark.parametrize("more", [1000, 2 * SAMPLES, 0x6000_0000])
def test_a_size_beyond_the_end_says_that_the_file_was_cut_off(more, tmp_path):
    samples, notes = heard(with_size(2 * SAMPLES + more), tmp_path)
    assert (len(samples), notes) == (SAMPLES, {"ended_early": 3000})


def test_chunks_before_and_behind_the_samples_are_no_samples(tmp_path):
    content = bytes(file_of())
    place = content.index(b"data")
    for right in (content + LIST, content[:place] + LIST + content[place:], content[:-1] + b"\x00" + LIST):
        samples, notes = heard(right, tmp_path)
        assert (len(samples), notes) == (SAMPLES, {})


@pytest.mark.parametrize("behind", [b"TAG" + b"by us" * 25, bytes(10_000), b"\x17\x03" * 1000])
def test_a_little_of_something_behind_the_samples_is_not_heard(behind, tmp_path):
    samples, notes = heard(bytes(file_of()) + behind, tmp_path)
    assert (len(samples), notes) == (SAMPLES, {})


@pytest.mark.parametrize("behind", [b"", LIST])
def test_a_file_that_really_holds_nothing_is_empty(behind, tmp_path):
    content = bytes(file_of())
    with pytest.raises(EmptyAudioError):
        heard(content[: content.index(b"data")] + b"data" + bytes(4) + behind, tmp_path)
