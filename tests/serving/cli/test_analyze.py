"""`undertone analyze`: what a server says, without one; broken files, folders, exit codes, the bar."""

import json
import os
import pty
import shutil
import subprocess
import sys

import httpx
import pytest
from printed import assert_printed

from serving.cli.main import main

COMMAND = [sys.executable, "-m", "serving.cli.main", "analyze"]


def analyze(capsys, *arguments):
    """Return the exit code, what was printed, and what was complained about."""
    code = main(["analyze", *map(str, arguments)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def finals_of(lines):
    return [json.loads(line) for line in lines.splitlines() if '"utterance.final"' in line]


def without(final, *names):
    return {key: value for key, value in final.items() if key not in names}


def test_every_recording_gets_the_finals_of_the_server_to_the_last_digit(
    listening_server, promoted_release, samples, capsys
):
    code, printed, _ = analyze(capsys, samples, "--release", promoted_release, "--json")
    assert code == 0
    own = finals_of(printed)
    served = []
    for path in sorted(samples.glob("*.flac")):
        answer = httpx.post(f"{listening_server.url}/predict", content=path.read_bytes(), timeout=60, trust_env=False)
        served += [{**without(final, "timings"), "file": str(path)} for final in finals_of(answer.text)]
    assert len(own) > len(list(samples.glob("*.flac")))
    assert {final["mode"] for final in own} == {"fused"}
    assert own == served


def test_it_prints_what_a_stream_to_the_server_prints(listening_server, promoted_release, samples, capsys):
    clip = str(samples / "06_turn.flac")
    main(["stream", clip, "--speed", "max", "--json", "--url", listening_server.ws_url])
    streamed = finals_of(capsys.readouterr().out)
    own = finals_of(analyze(capsys, clip, "--release", promoted_release, "--json")[1])
    assert own == [without(final, "timings", "received_ms", "client_latency_ms") for final in streamed] != []


@pytest.fixture
def mixed(samples, tmp_path):
    """A folder with a recording that is heard, a broken one, and a text."""
    shutil.copyfile(samples / "07_proud.flac", tmp_path / "c.flac")
    (tmp_path / "b.wav").write_bytes(b"RIFF nothing")
    (tmp_path / "a.txt").write_text("no audio")
    return tmp_path


def test_a_broken_file_is_named_and_passed_over(mixed, promoted_release, capsys):
    code, printed, complaints = analyze(capsys, mixed, "--release", promoted_release, "--json", "--no-words")
    assert code == 1
    assert [final["file"] for final in finals_of(printed)] == [str(mixed / "c.flac")]
    assert [line.split(":")[:2] for line in complaints.splitlines()] == [["undertone analyze", f" {mixed / 'b.wav'}"]]


def test_the_table_has_times_verdict_and_words(samples, promoted_release, capsys):
    code, printed, complaints = analyze(capsys, samples / "07_proud.flac", "--release", promoted_release)
    name, verdict, lanes, words = printed.splitlines()
    assert (code, complaints) == (0, "")
    assert name == str(samples / "07_proud.flac")
    assert_printed(" ".join(verdict.split()), "0:00.000 to 0:03.084 positive +0.93")
    assert_printed(lanes.strip(), "└ fused · words positive x0.97 · voice neutral x0.03 · only the words tell")
    assert words.strip() == '"I am so proud and so happy about the music."'


def test_without_words_the_voice_judges_alone_and_silence_is_said(samples, promoted_release, tmp_path, capsys):
    _, printed, _ = analyze(capsys, samples / "07_proud.flac", "--release", promoted_release, "--no-words")
    assert "audio_only, asr_unavailable" in printed
    import soundfile

    soundfile.write(tmp_path / "silence.wav", [0.0] * 16_000, 16_000)
    code, printed, _ = analyze(capsys, tmp_path, "--release", promoted_release, "--no-words")
    assert (code, "no speech was heard" in printed) == (0, True)


@pytest.mark.fast
def test_a_folder_without_audio_and_a_missing_file_are_failures(tiny_release, tmp_path, capsys):
    code, _, complaints = analyze(capsys, tmp_path, "missing.wav", "--release", tiny_release)
    assert code == 1
    assert f"{tmp_path}: no audio files in this folder" in complaints
    assert "missing.wav: no such file" in complaints


@pytest.mark.fast
def test_wrong_arguments_and_no_release_are_told_apart_from_broken_files(tmp_path, capsys):
    assert analyze(capsys, "talk.wav", "--release", tmp_path)[0] == 2
    with pytest.raises(SystemExit) as refused:
        main(["analyze"])
    assert refused.value.code == 2


@pytest.mark.fast
def test_it_loads_no_server(samples, tiny_release):
    program = "import sys; from serving.cli.main import main; main(sys.argv[1:]); print('loaded', *sys.modules)"
    arguments = ["analyze", str(samples / "07_proud.flac"), "--release", str(tiny_release), "--no-words"]
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.rpartition("loaded ")[2].split()}
    assert not loaded & {"litserve", "fastapi", "starlette", "uvicorn", "websockets", "torch", "faster_whisper"}


@pytest.mark.fast
def test_a_bar_is_drawn_on_a_terminal_only(samples, tiny_release):
    arguments = [*COMMAND, str(samples / "07_proud.flac"), "--release", str(tiny_release), "--no-words"]
    quiet = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert quiet.stderr == ""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    subprocess.run(arguments, stdout=subprocess.PIPE, stderr=theirs, check=True, env=environment)
    os.close(theirs)
    assert "/3 s" in os.read(ours, 10_000).decode()
    os.close(ours)
