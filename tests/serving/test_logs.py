"""The log of the real server: one form for every process, as text or as JSON lines."""

import json
import logging
import re

import httpx
import pytest
from conftest import running_server
from material.wire import receive_until, send, stream
from websockets.sync.client import connect

from serving.logs import JsonLines
from undertone.audio_file import read


def test_every_line_of_text_has_time_level_role_and_logger(tmp_path, tiny_release):
    log = tmp_path / "server.log"
    with running_server(tiny_release, log) as running:
        with connect(running.ws_url, proxy=None) as socket:
            send(socket, "session.finish")
            receive_until(socket, "session.closed")
        httpx.get(running.url + "/info", trust_env=False)
        running.stop()
    lines = log.read_text().splitlines()
    form = re.compile(r"\d{4}-\d\d-\d\d [\d:,]+ (DEBUG|INFO|WARNING|ERROR) (main|api|words) [a-z_.]+: ")
    assert [line for line in lines if not form.match(line)] == []
    assert any(" api undertone.service: release" in line for line in lines)
    assert any(" uvicorn.error: " in line for line in lines)
    assert any(" main litserve" in line for line in lines)


@pytest.fixture(scope="module")
def entries(tmp_path_factory, tiny_release, samples):
    """What a server logs as JSON lines of two sessions with speech and of a request."""
    log = tmp_path_factory.mktemp("entries") / "server.log"
    options = ("--asr-model", "none", "--log-format", "json", "--log-level", "debug")
    pcm = read(sorted(samples.glob("*.flac"))[0]).tobytes()
    with running_server(tiny_release, log, *options) as running:
        for _ in range(2):
            stream(running.ws_url, pcm, 32_000)
        httpx.get(running.url + "/info", trust_env=False)
        running.stop()
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_json_lines_have_the_same_and_the_session_where_there_is_one(entries):
    assert all({"time", "level", "role", "logger", "message"} <= set(entry) for entry in entries)
    assert {entry["role"] for entry in entries} >= {"main", "api"}
    assert any(entry["logger"] == "uvicorn.access" and "/info" in entry["message"] for entry in entries)


def test_the_lines_of_a_session_carry_its_id(entries):
    finals = [entry for entry in entries if entry["message"].startswith("final session=")]
    assert len({entry["session"] for entry in finals}) == 2
    assert all(f"session={entry['session']} " in entry["message"] for entry in finals)
    assert all("session" not in entry for entry in entries if entry["logger"].startswith("litserve"))


@pytest.mark.fast
def test_what_a_line_says_of_an_error_stays_in_its_line():
    try:
        raise ValueError("broken")
    except ValueError as error:
        fault = (type(error), error, error.__traceback__)
    record = logging.LogRecord("undertone", logging.ERROR, "", 1, "it %s", ("failed",), fault)
    line = JsonLines().format(record)
    assert "\n" not in line
    told = json.loads(line)
    assert (told["message"], "ValueError: broken" in told["exception"]) == ("it failed", True)
