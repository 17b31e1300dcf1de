"""`undertone stream` and its library: real sessions on the real server, failures on a scripted one."""

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import pytest
import soundfile
from material.scripted_server import CLOSED, CREATED, hear_all, say, scripted_server

from serving.cli.main import main
from undertone.audio_file import read
from undertone.client.connection import ConnectionLostError, ServerUnreachableError
from undertone.client.stream import stream
from undertone.client.timing import MAX_SPEED, Pace, rechunk

SECOND = np.zeros(16_000, np.int16)
MOOD = {"type": "mood", "utterance_id": 1, "start_ms": 0, "end_ms": 500}


def collect(blocks, url, **options):
    async def run():
        return [event async for event in stream(blocks, url=url, **options)]

    return asyncio.run(run())


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip.wav"
    soundfile.write(path, SECOND, 16_000)
    return path


# On the real server.


def utterances(events):
    """What must not depend on how the audio was cut, by type: events in order, without wall-clock times.

    By type, because a final is computed beside the listening: at full speed the next utterance may begin before it.
    """
    return {
        kind: [
            {key: value for key, value in event.message.items() if key not in ("timings", "seq")}
            for event in events
            if event.type == kind
        ]
        for kind in ("speech.started", "speech.ended", "utterance.final")
    }


def test_every_sample_is_heard_and_its_session_closed(server, samples, capsys):
    files = sorted(samples.glob("*.flac"))
    assert main(["stream", *map(str, files), "--url", server.ws_url, "--speed", "max", "--json"]) == 0
    lines = json_lines(capsys.readouterr().out)
    for file in files:
        events = [line for line in lines if line["file"] == str(file)]
        finals = [event for event in events if event["type"] == "utterance.final"]
        assert events[0]["type"] == "session.created"
        assert events[-1]["type"] == "session.closed"
        assert [final["utterance_id"] for final in finals] == ([1, 2] if file.stem == "06_turn" else [1])
        assert all(final["client_latency_ms"] > 0 for final in finals)


def test_real_time_takes_as_long_as_the_audio_and_moods_come_while_it_lasts(server, samples):
    audio = read(samples / "04_sad.flac")
    began_s = time.monotonic()
    events = collect([audio], server.ws_url)
    assert len(audio) / 16_000 - 0.1 < time.monotonic() - began_s < len(audio) / 16_000 + 2
    moods = [event for event in events if event.type == "mood"]
    assert moods[0].received_ms < 1000 * len(audio) / 16_000 / 2
    assert np.median([mood.client_latency_ms for mood in moods]) < 250
    received = [event.received_ms for event in events if event.received_ms is not None]
    assert received == sorted(received)


def test_chunks_of_any_size_and_any_speed_give_the_same_utterances_and_finals(server, samples):
    audio = read(samples / "06_turn.flac")
    reference = utterances(collect([audio], server.ws_url))
    assert [final["utterance_id"] for final in reference["utterance.final"]] == [1, 2]
    for chunk_ms in (10, 20, 32, 100, 1000):
        assert utterances(collect([audio], server.ws_url, pace=Pace(chunk_ms, MAX_SPEED))) == reference


def test_settings_of_the_command_line_reach_the_session(server, samples, capsys):
    turn = str(samples / "06_turn.flac")
    options = ["--url", server.ws_url, "--speed", "max", "--json", "--endpoint-silence-ms", "2000"]
    assert main(["stream", turn, *options]) == 0
    finals = [line for line in json_lines(capsys.readouterr().out) if line["type"] == "utterance.final"]
    assert len(finals) == 1  # the pause within the clip is shorter than that


def test_words_and_the_weight_of_the_command_line_show_in_the_verdict(listening_server, samples, capsys):
    proud = str(samples / "07_proud.flac")
    options = ["--url", listening_server.ws_url, "--speed", "0.5", "--alpha", "0.25", "--partials"]
    assert main(["stream", proud, *options]) == 0
    shown = capsys.readouterr().out
    assert "words: faster-whisper tiny.en" in shown
    assert "partial" in shown
    assert "fused · words positive x0.25 · voice neutral x0.75 · only the words tell" in shown
    assert '"I am so proud and so happy about the music."' in shown
    assert "07_proud.flac: 1 utterance (1 fused)" in shown


def test_bad_files_are_named_and_the_others_still_go(server, samples, tmp_path, capsys):
    (tmp_path / "letter.wav").write_text("not a recording")
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 16_000 * 6)
    soundfile.write(tmp_path / "whole.flac", noise, 16_000)
    content = (tmp_path / "whole.flac").read_bytes()
    (tmp_path / "cut.flac").write_bytes(content[: len(content) // 2])
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 16_000)
    names = ("missing.wav", "letter.wav", "cut.flac", "empty.wav")
    files = [*(str(tmp_path / name) for name in names), str(samples / "04_sad.flac")]
    assert main(["stream", *files, "--url", server.ws_url, "--speed", "max"]) == 1
    output = capsys.readouterr()
    assert [name for name in names if name in output.err] == list(names)
    assert "04_sad.flac: 1 utterance" in output.out


def test_what_was_done_to_a_file_is_told_and_only_a_loss_is_a_failure(server, samples, tmp_path, capsys):
    speech = read(samples / "04_sad.flac")
    soundfile.write(tmp_path / "whole.wav", speech, 16_000)
    content = (tmp_path / "whole.wav").read_bytes()
    (tmp_path / "crashed.wav").write_bytes(content[:40] + bytes(4) + content[44:])
    (tmp_path / "cut.wav").write_bytes(content[: len(content) * 2 // 3])
    options = ["--url", server.ws_url, "--speed", "max"]
    assert main(["stream", str(tmp_path / "crashed.wav"), *options]) == 0
    assert "crashed.wav: the header is wrong about the length" in capsys.readouterr().err
    assert main(["stream", str(tmp_path / "cut.wav"), *options]) == 1
    output = capsys.readouterr()
    assert "cut.wav: the file ends early, after " in output.err
    assert "cut.wav: 1 utterance" in output.out


def test_ctrl_c_ends_it_without_a_traceback(server, samples):
    command = [
        sys.executable,
        "-m",
        "serving.cli.main",
        "stream",
        str(samples / "06_turn.flac"),
        "--url",
        server.ws_url,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    while "mood" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 130
    assert errors == "undertone stream: stopped\n"


def test_the_table_can_be_cut_short_by_its_reader(server, samples):
    stream_it = (
        f"{sys.executable} -m serving.cli.main stream {samples}/04_sad.flac --url {server.ws_url} --speed max --json"
    )
    done = subprocess.run(f"{stream_it} | head -n 1", shell=True, capture_output=True, text=True, timeout=30)
    assert json.loads(done.stdout)["type"] == "session.created"
    assert done.stderr == ""


# On a scripted server: what the real one does not do when asked.


@pytest.mark.fast
def test_settings_go_before_the_audio_and_all_audio_before_the_finish():
    heard = []

    def script(connection):
        say(connection, CREATED)
        heard.extend(hear_all(connection))
        say(connection, CLOSED)

    with scripted_server(script) as url:
        events = collect([SECOND, SECOND[:123]], url, pace=Pace(20, MAX_SPEED), settings={"mood_interval_ms": 500})
    assert heard == [
        [{"type": "session.update", "mood_interval_ms": 500}, {"type": "session.finish"}],
        2 * (16_000 + 123),
    ]
    assert [event.type for event in events] == ["session.created", "session.closed"]


@pytest.mark.fast
def test_sending_follows_the_clock_without_drift():
    def script(connection):
        say(connection, CREATED)
        hear_all(connection)
        say(connection, CLOSED)

    with scripted_server(script) as url:
        events = collect([SECOND], url, pace=Pace(chunk_ms=5, speed=2.0))
    assert 490 < events[-1].received_ms < 700


@pytest.mark.fast
def test_events_arrive_while_the_server_reads_nothing():
    read_on = threading.Event()

    def script(connection):
        say(
            connection,
            CREATED,
            {"type": "speech.started", "utterance_id": 1, "start_ms": 0, "speech_start_ms": 0},
            MOOD,
        )
        assert read_on.wait(10)
        hear_all(connection)
        say(connection, CLOSED)

    async def run(url):
        kinds = []
        pace = Pace(1000, MAX_SPEED)
        async for event in stream((SECOND for _ in range(600)), url=url, pace=pace):  # more than any buffer takes
            kinds.append(event.type)
            if event.type == "mood":
                read_on.set()
        return kinds

    with scripted_server(script) as url:
        kinds = asyncio.run(run(url))
    assert kinds == ["session.created", "speech.started", "mood", "session.closed"]


@pytest.mark.fast
def test_a_connection_dropped_without_session_closed_is_a_failure(clip, capsys):
    def script(connection):
        say(connection, CREATED)
        hear_all(connection)
        say(connection, MOOD)
        connection.close(1011, "gone")

    with scripted_server(script) as url:
        assert main(["stream", str(clip), "--url", url, "--speed", "max"]) == 1
    output = capsys.readouterr()
    assert "clip.wav: the connection ended without session.closed (code 1011: gone)" in output.err
    assert "mood" in output.out


@pytest.mark.fast
def test_a_full_server_is_explained_and_the_next_file_still_tried(clip, capsys):
    calls = []

    def script(connection):
        calls.append(1)
        if len(calls) == 1:
            full = {"type": "error", "code": "server_full", "message": "8 sessions", "fatal": True, "retry_after_s": 5}
            say(connection, full)
            connection.close(1013, "server_full")
            return
        say(connection, CREATED)
        hear_all(connection)
        say(connection, CLOSED)

    with scripted_server(script) as url:
        assert main(["stream", str(clip), str(clip), "--url", url, "--speed", "max", "--json"]) == 1
    output = capsys.readouterr()
    assert "server_full: 8 sessions; try again in 5 s" in output.err
    assert [line["type"] for line in json_lines(output.out)] == ["error", "session.created", "session.closed"]


@pytest.mark.fast
def test_a_refused_setting_fails_the_file_but_shows_what_was_heard(clip, capsys):
    def script(connection):
        say(connection, CREATED, {"type": "error", "code": "invalid_setting", "message": "no such", "fatal": False})
        hear_all(connection)
        say(connection, CLOSED)

    with scripted_server(script) as url:
        assert main(["stream", str(clip), "--url", url, "--speed", "max"]) == 1
    output = capsys.readouterr()
    assert "invalid_setting: no such" in output.out
    assert "clip.wav: the server says invalid_setting: no such" in output.err


@pytest.mark.fast
def test_a_session_closed_before_the_end_of_the_audio_is_a_failure():
    def script(connection):
        say(connection, CREATED)
        connection.recv()
        say(connection, CLOSED)

    with scripted_server(script) as url, pytest.raises(ConnectionLostError, match="before the end of the audio"):
        collect([SECOND] * 10, url)


@pytest.mark.fast
@pytest.mark.parametrize("greeting", [[], [CREATED]])
def test_a_server_that_falls_silent_is_not_waited_for_for_ever(greeting):
    quiet = threading.Event()

    def script(connection):
        say(connection, *greeting)
        if greeting:
            hear_all(connection)
        quiet.wait(10)

    with scripted_server(script) as url:
        try:
            with pytest.raises(ConnectionLostError, match=r"has sent nothing for 0\.1 s"):
                collect([SECOND], url, pace=Pace(speed=MAX_SPEED), patience_s=0.1)
        finally:
            quiet.set()


@pytest.mark.fast
def test_something_else_than_events_is_no_undertone_server():
    with (
        scripted_server(lambda connection: connection.send("hello")) as url,
        pytest.raises(ConnectionLostError, match="no event: 'hello'"),
    ):
        collect([SECOND], url)


@pytest.mark.fast
def test_without_a_server_the_url_is_named_once_with_what_to_do(clip, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        url = f"ws://127.0.0.1:{taken.getsockname()[1]}/ws/analyze"
        assert main(["stream", str(clip), str(clip), "--url", url]) == 1
    errors = capsys.readouterr().err
    assert errors == f"undertone stream: no server at {url} (connection refused); start one with `undertone serve`\n"


@pytest.mark.fast
def test_a_host_that_nobody_knows_is_named(clip, capsys):
    url = "ws://nobody.invalid/ws/analyze"
    assert main(["stream", str(clip), "--url", url]) == 1
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith(f"undertone stream: no server at {url} (")


@pytest.mark.fast
@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "ws://127.0.0.1:70000/x", "ws://[::1/ws"])
def test_a_url_that_cannot_be_is_an_error_of_the_library_too(url):
    with pytest.raises(ServerUnreachableError, match=re.escape(url)):
        collect([SECOND], url)


# A server without room, and the patience of the command line.


FULL = {"type": "error", "code": "server_full", "message": "8 sessions", "fatal": True, "retry_after_s": 0.2}


@contextmanager
def full_for(times, refusal=FULL):
    """A server that refuses so many sessions before it takes one; gives its url and the times of the calls."""
    calls = []

    def script(connection):
        calls.append(time.monotonic())
        if len(calls) <= times:
            say(connection, refusal)
            connection.close(1013, "server_full")
            return
        say(connection, CREATED)
        hear_all(connection)
        say(connection, CLOSED)

    with scripted_server(script) as url:
        yield url, calls


@pytest.mark.fast
@pytest.mark.parametrize("options", [["--wait", "20"], ["--wait"]])
def test_a_full_server_is_waited_for_as_long_as_it_says_and_that_is_told(clip, capsys, options):
    with full_for(2) as (url, calls):
        assert main(["stream", str(clip), "--url", url, "--speed", "max", "--json", *options]) == 0
    told = capsys.readouterr()
    assert [line["type"] for line in json_lines(told.out)] == ["session.created", "session.closed"]
    lines = told.err.splitlines()
    assert len(lines) == 2
    assert all("server_full: 8 sessions" in line and line.endswith("; waiting 0.2 s") for line in lines)
    assert all(later - earlier >= 0.19 for earlier, later in pairwise(calls))


@pytest.mark.fast
def test_patience_ends_with_the_refusal_in_one_line(clip, capsys):
    with full_for(1000) as (url, calls):
        assert main(["stream", str(clip), "--url", url, "--json", "--wait", "0.5"]) == 1
    told = capsys.readouterr()
    assert 3 <= len(calls) <= 4  # at once, after 0.2 and 0.4 s, and when it ends
    assert [line["type"] for line in json_lines(told.out)] == ["error"]
    assert "waiting" not in told.err.splitlines()[-1]
    assert "server_full: 8 sessions" in told.err.splitlines()[-1]


@pytest.mark.fast
@pytest.mark.parametrize(
    ("options", "refusal"),
    [([], FULL), (["--wait", "5"], {key: FULL[key] for key in FULL if key != "retry_after_s"})],
    ids=["without patience", "without a time"],
)
def test_a_refusal_that_is_not_waited_for_is_one_line(clip, capsys, options, refusal):
    with full_for(1, refusal) as (url, calls):
        assert main(["stream", str(clip), "--url", url, *options]) == 1
    assert len(calls) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "clip.wav: the server says server_full: 8 sessions; try again in" in line


@pytest.mark.fast
def test_a_session_that_was_under_way_is_not_begun_again(clip, capsys):
    calls = []

    def script(connection):
        calls.append(1)
        say(connection, CREATED, FULL)
        connection.close(1013, "server_full")

    with scripted_server(script) as url:
        assert main(["stream", str(clip), "--url", url, "--wait", "5"]) == 1
    assert calls == [1]


@pytest.mark.fast
@pytest.mark.parametrize("lengths", [[5, 5], [0, 10], [10], [1] * 10, [3, 3, 3, 1]])
def test_blocks_of_any_lengths_become_chunks_of_one(lengths):
    samples = np.arange(10, dtype=np.int16)
    chunks = list(rechunk(np.split(samples, np.cumsum(lengths)[:-1]), 3))
    assert [len(chunk) for chunk in chunks] == [3, 3, 3, 1]
    np.testing.assert_array_equal(np.concatenate(chunks), samples)
