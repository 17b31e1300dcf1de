"""The official client of OpenAI against a running server with the real recogniser."""

import io

import httpx
import numpy as np
import openai
import pytest
import soundfile
from material.waiting import metric

from undertone.audio_file import read

SENTENCE = "I am so proud and so happy about the music."


@pytest.fixture(scope="module")
def client(listening_server):
    with openai.OpenAI(base_url=f"{listening_server.url}/v1", api_key="none", max_retries=0, timeout=60) as client:
        yield client


@pytest.fixture
def transcribe(client, samples):
    def create(name="07_proud", **fields):
        with (samples / f"{name}.flac").open("rb") as file:
            return client.audio.transcriptions.create(file=file, **{"model": "whisper-1", **fields})

    return create


def test_the_words_come_as_an_object_or_as_text(transcribe):
    told = transcribe()
    assert (told.text, told.usage.type, told.usage.seconds) == (SENTENCE, "duration", 4)
    assert transcribe(response_format="text") == f"{SENTENCE}\n"
    assert transcribe(model="tiny.en", language="en", temperature=0.2, prompt="music").text == SENTENCE


def test_segments_bear_their_times_and_what_their_speaker_feels(transcribe):
    told = transcribe(
        "06_turn", response_format="verbose_json", timestamp_granularities=["segment"], chunking_strategy="auto"
    )
    assert (told.language, round(told.duration, 1), told.task) == ("en", 5.0, "transcribe")
    assert [segment.id for segment in told.segments] == [0, 1]
    assert told.text == " ".join(segment.text for segment in told.segments)
    assert 0 <= told.segments[0].start < told.segments[0].end <= told.segments[1].start < told.segments[1].end <= 5.1
    (first, second) = (segment.sentiment for segment in told.segments)
    assert {first["fused_sentiment"]["label"], second["fused_sentiment"]["label"]} <= {
        "negative",
        "neutral",
        "positive",
    }
    assert set(first) >= {"text_sentiment", "audio_sentiment", "fused_score", "abstain", "agreement"}


def test_words_bear_their_times_where_they_are_asked_for(transcribe):
    told = transcribe("06_turn", response_format="verbose_json", timestamp_granularities=["word"])
    assert " ".join(word.word for word in told.words) == told.text
    ends = [end for word in told.words for end in (word.start, word.end)]
    assert ends == sorted(ends)
    assert 0 <= ends[0] < ends[-1] <= told.duration
    assert transcribe("06_turn", response_format="verbose_json").words is None


def test_subtitles_are_cut_where_people_pause(transcribe):
    srt = transcribe("06_turn", response_format="srt")
    numbers, times = srt.split("\n")[::4], srt.split("\n")[1::4]
    assert numbers == ["1", "2", ""]
    assert all(" --> 00:00:0" in time and time[8] == "," for time in times)
    assert transcribe("06_turn", response_format="vtt") == "WEBVTT\n\n" + "".join(
        f"{time.replace(',', '.')}\n{text}\n\n" for time, text in zip(times, srt.split("\n")[2::4], strict=True)
    )


def test_a_stream_tells_each_utterance_as_it_ends(transcribe):
    with transcribe("06_turn", stream=True) as stream:
        events = list(stream)
    assert [event.type for event in events] == 2 * ["transcript.text.delta"] + ["transcript.text.done"]
    assert "".join(event.delta for event in events[:-1]) == events[-1].text
    assert events[0].sentiment["fused_sentiment"]["label"]


def test_a_stream_says_where_its_recording_breaks(client, samples):
    file = ("a.wav", breaking(samples))
    with client.audio.transcriptions.create(file=file, model="whisper-1", stream=True) as stream:
        first = next(stream)
        with pytest.raises(openai.APIError) as broken:
            next(stream)
    assert (first.delta, broken.value.code) == (SENTENCE, "damaged_audio")


@pytest.mark.parametrize(
    ("fields", "param", "why"),
    [
        ({"timestamp_granularities": ["word"]}, "timestamp_granularities", "come with verbose_json"),
        ({"include": ["logprobs"]}, "include", "no log probabilities"),
        ({"known_speaker_names": ["a"]}, "known_speaker_names", "not told apart"),
        ({"response_format": "diarized_json"}, "response_format", "verbose_json"),
        ({"language": "de"}, "language", "de"),
        ({"temperature": 2}, "temperature", "less than or equal to 1"),
        ({"stream": True, "response_format": "srt"}, "stream", "when all is heard"),
        ({"extra_body": {"speed": "1"}}, "speed", "unknown field"),
        ({"language": "en", "extra_body": {"endpoint_silence_ms": "9"}}, "endpoint_silence_ms", "endpoint_silence_ms"),
        ({"extra_body": {"max_utterance_ms": "9" * 5000}}, "max_utterance_ms", "max_utterance_ms"),
    ],
)
def test_fields_that_cannot_be_had_are_refused_by_name(transcribe, fields, param, why):
    with pytest.raises(openai.BadRequestError, match=why) as refused:
        transcribe(**fields)
    assert (refused.value.param, refused.value.type) == (param, "invalid_request_error")


def test_a_broken_recording_is_no_fault_of_the_server(client, listening_server, samples):
    before = {reason: ended(listening_server, reason) for reason in ("damaged_audio", "internal")}
    for way in ({}, {"stream": True}):
        with pytest.raises(openai.APIError):
            list(client.audio.transcriptions.create(file=("a.wav", breaking(samples)), model="whisper-1", **way))
    assert httpx.post(f"{listening_server.url}/api/transcribe", content=breaking(samples)).status_code == 422
    assert ended(listening_server, "damaged_audio") == before["damaged_audio"] + 3
    assert ended(listening_server, "internal") == before["internal"]


def ended(server, reason):
    return metric(server, f'sessions_ended_total{{kind="upload",reason="{reason}"}}')


def breaking(samples):
    """Return a recording of a sentence, behind which come samples that are no numbers."""
    spoken = np.float32(read(samples / "07_proud.flac")) / 32_768
    sound = np.concatenate([spoken, np.zeros(32_000, np.float32), np.full(16_000, np.nan, np.float32)])
    file = io.BytesIO()
    soundfile.write(file, sound, 16_000, format="WAV", subtype="FLOAT")
    return file.getvalue()


def test_a_model_that_is_not_there_is_refused(client, transcribe):
    with pytest.raises(openai.NotFoundError, match="no model 'large-v3' here; whisper-1 stands for tiny") as refused:
        transcribe(model="large-v3")
    assert refused.value.code == "model_not_found"
    assert [model.id for model in client.models.list()] == ["tiny.en", "whisper-1"]


def test_settings_of_a_session_may_be_given_beside(transcribe):
    assert transcribe(extra_body={"endpoint_silence_ms": "400", "max_utterance_ms": "10000"}).text == SENTENCE


def test_what_is_no_recording_is_refused(client):
    with pytest.raises(openai.APIStatusError, match="not audio") as refused:
        client.audio.transcriptions.create(file=("a.wav", b"something else"), model="whisper-1")
    assert (refused.value.status_code, refused.value.code) == (415, "not_audio")
    with pytest.raises(openai.BadRequestError, match="empty"):
        client.audio.transcriptions.create(file=("a.wav", b""), model="whisper-1")


def test_a_server_without_words_says_so(server):
    with (
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
        pytest.raises(openai.InternalServerError, match="no speech recognition"),
    ):
        client.audio.transcriptions.create(file=("a.wav", b"x"), model="whisper-1")
