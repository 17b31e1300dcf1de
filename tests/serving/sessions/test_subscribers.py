"""Events of a session and who is told of them: the log, the wire, and whoever comes later."""

import asyncio

import pytest

from serving.sessions.subscribers import finals_log, publisher, wire
from serving.sessions.wire import message_of, place_of
from undertone.fusion import lanes_of
from undertone.stream.events import Final, Mood, SpeechEnded, SpeechStarted
from undertone.verdict import judge
from undertone.weighting import FusionSettings

pytestmark = pytest.mark.fast

VERDICT = judge(lanes_of([0.1, 0.2, 0.7], [0.8, 0.1, 0.1]), FusionSettings(alpha=0.25))
EARS = {"cnn": VERDICT.lanes["voice"].probabilities, "encoder": None}
FINAL = Final(3, 1000, 2000, "well done", 120, VERDICT, {"endpoint_wait_ms": 500}, audio_ears=EARS)


def test_all_subscribers_are_told_in_their_order_and_one_may_be_added_later():
    told = []

    def named(name):
        async def tell(event):
            told.append((name, event))

        return tell

    subscribers = [named("metrics")]
    publish = publisher(subscribers)
    asyncio.run(publish(FINAL))
    subscribers.append(named("recording"))
    asyncio.run(publish(FINAL))
    assert told == [("metrics", FINAL), ("metrics", FINAL), ("recording", FINAL)]


def test_a_client_that_is_gone_ends_the_telling_and_the_log_was_told_before(caplog):
    async def gone(message):
        raise ConnectionError

    caplog.set_level("INFO", logger="undertone.verdicts")
    with pytest.raises(ConnectionError):
        asyncio.run(publisher([finals_log("a-session"), wire(gone)])(FINAL))
    assert "final session=a-session utterance_id=3 start_ms=1000 end_ms=2000 mode=fused" in caplog.text
    assert "well done" not in caplog.text


def test_events_become_messages():
    assert message_of(SpeechStarted(1, 20, 50)) == {
        "type": "speech.started",
        "utterance_id": 1,
        "start_ms": 20,
        "speech_start_ms": 50,
    }
    assert message_of(SpeechEnded(1, 900, "silence"))["cause"] == "silence"
    mood = message_of(Mood(1, 0, 500, {"negative": 0.123456, "neutral": 0.2, "positive": 0.676544}))
    assert mood["audio_sentiment"] == {
        "label": "positive",
        "probabilities": {"negative": 0.1235, "neutral": 0.2, "positive": 0.6765},
    }


def test_a_final_has_its_timings_and_its_place_in_the_trajectory():
    message = message_of(FINAL)
    assert (message["type"], message["alpha"], message["speech_rate_wpm"]) == ("utterance.final", 0.25, 120)
    assert message["timings"] == {"endpoint_wait_ms": 500}
    assert place_of(FINAL) == {
        "utterance_id": 3,
        "start_ms": 1000,
        "end_ms": 2000,
        "label": message["fused_sentiment"]["label"],
        "fused_score": message["fused_score"],
    }


def test_what_is_no_event_has_no_message():
    with pytest.raises(TypeError, match="no message says str"):
        message_of("hello")
