"""Under node: the parts of the page and of the JavaScript client, and the client against a real server."""

import asyncio
import json

import numpy as np
import pytest
from conftest import running_server
from material.servers.cutting_proxy import cutting_proxy
from material.web.node import run_tests

from serving.guard.credentials import key_file
from serving.guard.grant import UNBOUNDED
from serving.typescript import FILE, text, typed
from undertone.audio_file import read
from undertone.client.stream import stream
from undertone.client.timing import MAX_SPEED, Pace

HERE = "tests/serving/web"
DIFFERS = {"timings", "seq"}  # between two sessions that hear the same


def finals(url, samples, key=None):
    """Return what the Python client is told of `samples`."""

    async def heard():
        told = stream([samples], url=url, pace=Pace(1000, MAX_SPEED), api_key=key)
        return [event.message async for event in told if event.type == "utterance.final"]

    return asyncio.run(heard())


def without(messages):
    return [{name: value for name, value in message.items() if name not in DIFFERS} for message in messages]


def test_the_parts_of_the_client_and_of_the_page_do_what_they_say(repository):
    folder = repository / HERE
    run_tests(*(folder / "client" / f"{name}.test.js" for name in ("samples", "parts", "resume")))
    run_tests(*sorted((folder / "page").glob("*.test.js")))


def test_the_javascript_client_is_told_by_a_real_server_what_the_python_client_is_told(
    repository, promoted_release, samples, tmp_path
):
    key = key_file.add(tmp_path / "keys.json", "alice", UNBOUNDED)
    speech = read(samples / "06_turn.flac")
    (tmp_path / "speech.pcm").write_bytes(speech.tobytes())
    options = ("--keys", str(tmp_path / "keys.json"), "--asr-model", "none")
    with running_server(promoted_release, tmp_path / "server.log", *options) as server:
        run_tests(
            repository / HERE / "client" / "session.test.js",
            UNDERTONE_URL=server.ws_url,
            UNDERTONE_KEY=key,
            UNDERTONE_PCM=str(tmp_path / "speech.pcm"),
            UNDERTONE_FINALS=str(tmp_path / "finals.json"),
        )
        told = json.loads((tmp_path / "finals.json").read_text())
        assert len(told) == 2
        assert without(told) == without(finals(server.ws_url, speech, key))


def test_fifty_cuts_at_random_moments_change_no_digit_of_what_the_javascript_client_is_told(
    repository, server, samples, tmp_path
):
    pause = np.zeros(12_800, np.int16)
    clips = sorted(samples.glob("*.flac"))[:4]
    conversation = np.concatenate([part for clip in clips for part in (read(clip), pause)])
    (tmp_path / "speech.pcm").write_bytes(conversation.tobytes())
    with cutting_proxy(server.port, most=50, bytes_between=7000, seed=5) as (proxy, url):
        run_tests(
            repository / HERE / "client" / "cuts.test.js",
            UNDERTONE_URL=url,
            UNDERTONE_PCM=str(tmp_path / "speech.pcm"),
            UNDERTONE_FINALS=str(tmp_path / "finals.json"),
        )
    assert proxy.cuts == 50
    told = json.loads((tmp_path / "finals.json").read_text())
    assert len(told) >= 4
    assert without(told) == without(finals(server.ws_url, conversation))


def test_the_types_of_the_messages_are_those_that_the_server_sends():
    assert FILE.read_text(encoding="utf-8") == text(), "write it anew: python -m serving.typescript"


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ({"type": ["string", "null"]}, "string | null"),
        ({"enum": ["a", None]}, '"a" | null'),
        ({"anyOf": [{"$ref": "#/x/trajectoryPoint"}, {"type": "null"}]}, "TrajectoryPoint | null"),
        ({"type": "array", "items": {"type": "integer"}}, "Array<number>"),
        ({"type": "object"}, "Record<string, unknown>"),
        ({"type": "object", "properties": {"a": {"const": 1}}}, "{ a?: 1; }"),
        ({}, "unknown"),
    ],
)
def test_a_schema_is_written_as_typescript_has_it(schema, wanted):
    assert typed(schema) == wanted
