"""`POST /api/transcribe` on the running server: the words of the finals, with their times, and nothing else."""

import io
import json

import httpx
import numpy as np
import pytest
import soundfile

from undertone.audio_file import read


@pytest.fixture(scope="module")
def client(listening_server):
    with httpx.Client(base_url=listening_server.url, timeout=60, trust_env=False) as client:
        yield client


def test_the_words_of_a_recording_are_those_of_its_finals_and_stand_where_they_were_said(client, samples, jsonschema):
    recording = (samples / "06_turn.flac").read_bytes()
    answer = client.post("/api/transcribe", content=recording)
    assert answer.status_code == 200, answer.text
    transcript = answer.json()
    schema = client.get("/openapi.json").json()["paths"]["/api/transcribe"]["post"]["responses"]["200"]
    jsonschema.Draft202012Validator(schema["content"]["application/json"]["schema"]).validate(transcript)

    events = map(json.loads, client.post("/predict", content=recording).text.splitlines())
    finals = [event for event in events if event["type"] == "utterance.final"]
    assert transcript["text"] == " ".join(final["text"] for final in finals if final["text"])
    assert transcript["language"] == "en"
    assert transcript["asr"]["engine"] == "faster-whisper"
    for segment in transcript["segments"]:
        assert any(
            final["start_ms"] <= 1000 * segment["start_s"] < 1000 * segment["end_s"] <= final["end_ms"]
            for final in finals
        )
    assert len({segment["start_s"] >= finals[1]["start_ms"] / 1000 for segment in transcript["segments"]}) == 2


def test_a_sentence_is_written_down_from_a_form_too(client, samples):
    with (samples / "07_proud.flac").open("rb") as file:
        answer = client.post("/api/transcribe?language=en&endpoint_silence_ms=400", files={"file": file})
    assert answer.json()["text"] == "I am so proud and so happy about the music."


def test_silence_has_no_words(client):
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros(32_000, np.int16), 16_000, format="WAV")
    transcript = client.post("/api/transcribe", content=buffer.getvalue()).json()
    assert (transcript["text"], transcript["segments"]) == ("", [])


def test_of_what_ends_early_the_words_up_to_there_come_with_a_note(client, samples, jsonschema):
    speech = read(samples / "09_calm.flac")
    buffer = io.BytesIO()
    soundfile.write(buffer, np.concatenate([speech, speech]), 16_000, format="FLAC")
    answer = client.post("/api/transcribe", content=buffer.getvalue()[: len(buffer.getvalue()) * 3 // 4])
    transcript = answer.json()
    schema = client.get("/openapi.json").json()["paths"]["/api/transcribe"]["post"]["responses"]["200"]
    jsonschema.Draft202012Validator(schema["content"]["application/json"]["schema"]).validate(transcript)
    assert transcript["text"]
    assert [note["code"] for note in transcript["notes"]] == ["ended_early"]


@pytest.mark.parametrize(
    "query", ["alpha=0.5", "redact_text=true", "language=x", "language=de", "endpoint_silence_ms=1"]
)
def test_settings_that_change_nothing_here_or_are_wrong_are_refused_by_name(client, samples, query):
    answer = client.post(f"/api/transcribe?{query}", content=(samples / "07_proud.flac").read_bytes())
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_setting")
    assert query.split("=")[0] in answer.json()["error"]["message"]
