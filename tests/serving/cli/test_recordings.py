"""What `stream` and `analyze` take as recordings: files, folders, standard input."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from serving.cli.main import main
from serving.cli.recordings import recordings
from undertone.audio_file import AudioFileError, read


@pytest.fixture
def folder(samples, tmp_path):
    """A folder with two clips, one of them below, and things to pass over."""
    (tmp_path / "below").mkdir()
    shutil.copyfile(samples / "04_sad.flac", tmp_path / "b.flac")
    shutil.copyfile(samples / "04_sad.flac", tmp_path / "below" / "a.FLAC")
    (tmp_path / "notes.txt").write_text("no audio")
    (tmp_path / ".hidden.wav").write_text("no audio")
    return tmp_path


@pytest.fixture
def piped(monkeypatch):
    """Puts bytes on standard input, in which nobody can go back."""

    def put(content):
        stream = io.BytesIO(content)
        stream.seekable = lambda: False
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(stream))

    return put


@pytest.mark.fast
def test_folders_are_searched_and_those_without_audio_told(folder, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    told = []
    found, nothing = recordings([folder / "notes.txt", folder, empty], told.append)
    assert [one.name for one in found] == [f"{folder}/{name}" for name in ("notes.txt", "b.flac", "below/a.FLAC")]
    assert (nothing, told) == (1, [f"{empty}: no audio files in this folder"])


@pytest.mark.fast
@pytest.mark.parametrize("name", ["04_sad.flac", "07_proud.flac"])
def test_standard_input_is_heard_like_the_file_as_often_as_asked(samples, piped, name):
    piped((samples / name).read_bytes())
    (recording,), _ = recordings([Path("-")], pytest.fail)
    for _ in range(2):
        np.testing.assert_array_equal(np.concatenate(list(recording.blocks([]))), read(samples / name))


@pytest.mark.fast
@pytest.mark.parametrize("content", [b"", bytes(32_000)], ids=["empty", "raw samples"])
def test_standard_input_without_a_recording_is_named(piped, content):
    piped(content)
    (recording,), _ = recordings([Path("-")], pytest.fail)
    with pytest.raises(AudioFileError, match="standard input: not audio"):
        list(recording.blocks([]))


@pytest.mark.fast
def test_a_name_that_no_file_can_have_is_an_audio_file_error_or_told(tmp_path):
    told = []
    found, nothing = recordings([tmp_path / ("a" * 300)], told.append)
    assert (found, nothing) == ([], 1)
    assert told[0].endswith("File name too long")


def test_stream_takes_folders_and_standard_input(server, folder, samples, piped, capsys):
    piped((samples / "07_proud.flac").read_bytes())
    assert main(["stream", str(folder), "-", "--url", server.ws_url, "--speed", "max", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    finals = [line["file"] for line in lines if line["type"] == "utterance.final"]
    assert finals == [f"{folder}/b.flac", f"{folder}/below/a.FLAC", "-"]


def test_a_folder_without_audio_is_a_failure_and_the_rest_is_heard(server, samples, tmp_path, capsys):
    clip = str(samples / "04_sad.flac")
    assert main(["stream", str(tmp_path), clip, "--url", server.ws_url, "--speed", "max"]) == 1
    told = capsys.readouterr()
    assert told.err == f"undertone stream: {tmp_path}: no audio files in this folder\n"
    assert "04_sad.flac: 1 utterance" in told.out
