"""Limits of uploads and faults of our own, on the routes alone: small limits, slow clients, a model that fails."""

import asyncio
import dataclasses
import io
import json

import httpx
import numpy as np
import pytest
import soundfile
from fastapi import FastAPI

from serving.admission import Admission
from serving.files.routes import add_routes
from serving.service import Service
from serving.settings import Recognition, ServerLimits

pytestmark = pytest.mark.fast


@pytest.fixture(scope="module")
def speech(samples):
    return (samples / "09_calm.flac").read_bytes()


def post(engine, tiny_release, content, path="/predict", drain=False, **limits):
    """Return what routes of their own with `limits` answers."""

    async def ask():
        allowed = ServerLimits(**limits)
        app, admission = FastAPI(), Admission(allowed)
        service = Service(tiny_release, allowed, Recognition(asr=None))
        service.engine = engine
        admission.open()
        add_routes(app, admission, service)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            asking = asyncio.create_task(client.post(path, content=content))
            if drain:
                await asyncio.sleep(0.1)
                await admission.drain(15.0)
            answer = await asking
        assert admission.admitted("upload") == 0  # the slot is free
        return answer

    return asyncio.run(ask())


async def pieces(content, pause_s=0.0, size=1000):
    for start in range(0, len(content), size):
        yield content[start : start + size]
        await asyncio.sleep(pause_s)


def last_line(answer):
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text.splitlines()[-1])


def test_an_upload_that_grows_over_the_limit_is_refused_also_without_a_declared_length(engine, tiny_release, speech):
    answer = post(engine, tiny_release, pieces(speech), max_upload_bytes=len(speech) - 1)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "upload_too_large")
    assert last_line(post(engine, tiny_release, pieces(speech), max_upload_bytes=len(speech)))["reason"] == "finished"


def test_an_upload_that_stops_coming_is_given_up(engine, tiny_release, speech):
    answer = post(engine, tiny_release, pieces(speech, pause_s=1.0), idle_session_s=0.2)
    assert (answer.status_code, answer.json()["error"]["code"]) == (408, "upload_timeout")


def test_an_upload_under_way_is_refused_when_the_server_goes_down(engine, tiny_release, speech):
    answer = post(engine, tiny_release, pieces(speech, pause_s=0.05), drain=True)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "server_draining")
    assert int(answer.headers["retry-after"]) > 0


def test_audio_that_is_too_long_by_its_header_is_refused(engine, tiny_release, speech):
    answer = post(engine, tiny_release, speech, max_file_s=1.0)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "audio_too_long")
    assert "1 s" in answer.json()["error"]["message"]


def test_audio_that_goes_on_for_too_long_ends_with_an_error_after_what_was_heard(engine, tiny_release, samples):
    speech, _ = soundfile.read(samples / "09_calm.flac", dtype="int16")
    buffer = io.BytesIO()
    soundfile.write(buffer, np.concatenate([speech, speech, speech, speech]), 22_050, format="FLAC")
    streamed = bytearray(buffer.getvalue())
    streamed[21:26] = bytes([streamed[21] & 0xF0, 0, 0, 0, 0])  # its header does not tell the length
    answer = post(engine, tiny_release, bytes(streamed), max_file_s=4.0)
    assert last_line(answer)["code"] == "audio_too_long"
    kinds = [json.loads(line)["type"] for line in answer.text.splitlines()]
    assert kinds.count("utterance.final") == kinds.count("speech.started") >= 1


def test_a_fault_of_our_own_ends_the_lines_with_an_error(engine, tiny_release, speech, caplog):
    def broken(samples):
        raise RuntimeError("a broken model")

    failing = dataclasses.replace(engine, acoustic=type("Broken", (), {"probabilities": staticmethod(broken)}))
    line = last_line(post(failing, tiny_release, speech))
    assert (line["type"], line["code"], line["fatal"]) == ("error", "internal", True)
    assert "a broken model" in caplog.text


def test_words_alone_are_refused_before_the_upload_where_there_is_no_recogniser(engine, tiny_release, speech):
    answer = post(engine, tiny_release, speech, path="/api/transcribe")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "asr_unavailable")


def test_a_setting_that_this_server_cannot_do_is_refused_by_name(engine, tiny_release, speech):
    answer = post(engine, tiny_release, speech, path="/predict?partials=true")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_setting")
    assert "partials" in answer.json()["error"]["message"]
