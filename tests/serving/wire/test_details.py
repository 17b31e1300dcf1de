"""What a session may ask for beside its verdicts, as both clients and the document of the wire have it. Real server."""

import json
from urllib.request import Request, urlopen

import pytest
from material.wire import stream

import undertone
from serving.asyncapi import document
from undertone.audio_file import read
from undertone.client.events import event_of
from undertone.protocol.schemas import schema_of
from undertone.protocol.server import UtteranceFinal

ASKED = {"word_times": True, "prosody": True}


@pytest.fixture(scope="module")
def turn(samples):
    """Says two things, with a pause between them."""
    return samples / "06_turn.flac"


@pytest.fixture(scope="module")
def told(listening_server, turn):
    """All messages of a session that asks for everything."""
    return stream(listening_server.ws_url, read(turn).tobytes(), 3200, **ASKED)


def finals_of(messages):
    return [message for message in messages if message["type"] == "utterance.final"]


def test_each_final_has_its_words_at_their_times_in_the_session(told):
    for final in finals_of(told):
        assert " ".join(word["text"] for word in final["words"]) == final["text"]
        ends = [end for word in final["words"] for end in (word["start_ms"], word["end_ms"])]
        assert ends == sorted(ends)
        assert final["start_ms"] <= ends[0] < ends[-1] <= final["end_ms"]
    first, second = finals_of(told)
    assert first["words"][-1]["end_ms"] < second["words"][0]["start_ms"]


def test_each_final_says_how_it_was_spoken(told):
    for final in finals_of(told):
        prosody = final["prosody"]
        assert 60 <= prosody["pitch_low_hz"] <= prosody["pitch_median_hz"] <= prosody["pitch_high_hz"] <= 600
        assert -60 < prosody["energy_dbfs"] < 0
        assert prosody["speech_rate_wpm"] == final["speech_rate_wpm"]


def test_the_document_of_the_wire_has_every_field_that_was_sent(told):
    (final, *_) = finals_of(told)
    schemas = document()["components"]["schemas"]
    assert set(final) <= set(schemas["utterance.final"]["properties"])
    assert set(final["words"][0]) == set(schemas["spokenWord"]["properties"])
    assert set(final["prosody"]) == set(schemas["prosody"]["properties"])
    assert schema_of(UtteranceFinal)["additionalProperties"] is False


def test_who_asks_for_nothing_gets_what_there_always_was(listening_server, turn, told):
    plain = finals_of(stream(listening_server.ws_url, read(turn).tobytes(), 3200))
    for final, asked in zip(plain, finals_of(told), strict=True):
        assert set(asked) - set(final) == {"words", "prosody"}
        assert {**asked, "timings": None, "seq": None} == {
            **final, "words": asked["words"], "prosody": asked["prosody"], "timings": None, "seq": None
        }  # fmt: skip


def test_the_clients_read_them(listening_server, turn, told):
    with undertone.Client(listening_server.ws_url, **ASKED) as client:
        heard = [event for event in client.transcribe(turn) if isinstance(event, undertone.Final)]
    finals = finals_of(told)
    assert heard == [event_of(final) for final in finals]
    assert [word.text for word in heard[0].words] == finals[0]["text"].split()
    assert heard[0].prosody.pitch.median_hz == finals[0]["prosody"]["pitch_median_hz"]


def test_the_library_says_the_same_of_a_file(told, turn, promoted_release):
    offline = undertone.open_release(promoted_release).analyze(turn, **ASKED)
    for final, sent in zip(offline, finals_of(told), strict=True):
        assert [word.end_ms for word in final.words] == [word["end_ms"] for word in sent["words"]]
        assert round(final.prosody.pitch.median_hz, 1) == sent["prosody"]["pitch_median_hz"]


def test_a_file_that_is_sent_has_them_too(listening_server, turn, told):
    body = Request(f"{listening_server.url}/predict?word_times=true&prosody=true", turn.read_bytes())
    with urlopen(body, timeout=60) as answer:
        lines = [json.loads(line) for line in answer]
    for final, sent in zip(finals_of(lines), finals_of(told), strict=True):
        assert (final["words"], final["prosody"]) == (sent["words"], sent["prosody"])


def test_words_that_stay_here_have_no_times_either(listening_server, turn):
    messages = stream(listening_server.ws_url, read(turn).tobytes(), 3200, **ASKED, redact_text=True)
    assert [(final["text"], final["words"]) for final in finals_of(messages)] == 2 * [(None, [])]


def test_without_a_recogniser_there_are_no_words_but_there_is_a_pitch(server, turn):
    for final in finals_of(stream(server.ws_url, read(turn).tobytes(), 3200, **ASKED)):
        assert (final["words"], final["prosody"]["speech_rate_wpm"]) == ([], None)
        assert final["prosody"]["pitch_median_hz"] > 60


def test_a_recording_that_is_written_down_has_them_in_its_seconds(listening_server, turn, told):
    body = Request(f"{listening_server.url}/api/transcribe?word_times=true", turn.read_bytes())
    with urlopen(body, timeout=60) as answer:
        transcript = json.load(answer)
    sent = [word for final in finals_of(told) for word in final["words"]]
    assert [word["text"] for word in transcript["words"]] == [word["text"] for word in sent]
    assert [round(1000 * word["end_s"]) for word in transcript["words"]] == pytest.approx(
        [word["end_ms"] for word in sent], abs=1
    )
