"""The messages that the server sends: their form to the byte, and that they are of their types."""

import json

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from undertone.fusion import lanes_of
from undertone.probabilities import by_label
from undertone.protocol import (
    ErrorCode,
    ServerMessage,
    error,
    final,
    mood,
    partial,
    pong,
    provisional,
    speech_ended,
    speech_started,
    verdict,
)
from undertone.verdict import judge
from undertone.weighting import FusionSettings
from undertone.words.reasons import Reason

pytestmark = pytest.mark.fast

SPAN = {"utterance_id": 1, "start_ms": 0, "end_ms": 2000}
VOICE, WORDS = np.array([0.123456, 0.2, 0.676544]), np.array([0.1, 0.7, 0.2])
VOICE_TOLD = '{"label": "positive", "probabilities": {"negative": 0.1235, "neutral": 0.2, "positive": 0.6765}}'
TIMINGS = dict.fromkeys(
    [
        *("endpoint_wait_ms", "speculation_lead_ms", "queue_latency_ms", "asr_latency_ms", "text_latency_ms"),
        *("acoustic_latency_ms", "fusion_latency_ms", "total_latency_ms"),
    ],
    1.5,
)
ALONE = {"cnn": by_label(VOICE), "encoder": None}
SERVER = TypeAdapter(ServerMessage)


def told(reason):
    return verdict(SPAN, None, judge(lanes_of(None, VOICE), FusionSettings(), reason), None, ALONE)


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (
            speech_started(1, 40, 340),
            '{"type": "speech.started", "utterance_id": 1, "start_ms": 40, "speech_start_ms": 340}',
        ),
        (
            mood(1, 0, 250, VOICE),
            f'{{"type": "mood", "utterance_id": 1, "start_ms": 0, "end_ms": 250, "audio_sentiment": {VOICE_TOLD}}}',
        ),
        (partial(1, None), '{"type": "transcript.partial", "utterance_id": 1, "text": null}'),
        (
            speech_ended(1, 990, "silence"),
            '{"type": "speech.ended", "utterance_id": 1, "end_ms": 990, "cause": "silence"}',
        ),
        (pong([1]), '{"type": "pong", "id": [1]}'),
        (
            error(ErrorCode.SERVER_FULL, "full", fatal=True, retry_after_s=5),
            '{"type": "error", "code": "server_full", "message": "full", "fatal": true, "retry_after_s": 5}',
        ),
        (
            provisional(told(Reason.PENDING)),
            '{"type": "utterance.provisional", "utterance_id": 1, "start_ms": 0, "end_ms": 2000, "text": null, '
            f'"text_sentiment": null, "audio_sentiment": {VOICE_TOLD}, '
            f'"audio_ears": {{"cnn": {VOICE_TOLD}, "encoder": null}}, "fused_sentiment": {VOICE_TOLD}, '
            '"fused_score": 0.5531, "alpha": 0.0, "abstain": false, "mode": "audio_only", "reason": "pending", '
            '"agreement": null, "speech_rate_wpm": null}',
        ),
    ],
)
def test_a_message_is_the_same_to_the_byte_and_of_its_type(message, text):
    assert json.dumps(message) == text
    SERVER.validate_json(json.dumps(message))


def test_a_final_with_words_is_of_its_type():
    shared = verdict(SPAN, "well done", judge(lanes_of(WORDS, VOICE), FusionSettings()), 60, ALONE)
    message = SERVER.validate_json(json.dumps(final(shared, TIMINGS)))
    assert (message["mode"], message["speech_rate_wpm"], message["reason"]) == ("fused", 60, None)


def test_a_final_says_what_each_ear_heard():
    ears = {"cnn": by_label(VOICE), "encoder": by_label(WORDS)}
    message = final(
        verdict(SPAN, None, judge(lanes_of(None, VOICE), FusionSettings(), "no_words"), None, ears), TIMINGS
    )
    told = SERVER.validate_json(json.dumps(message))["audio_ears"]
    assert (told["cnn"]["label"], told["encoder"]["label"]) == ("positive", "neutral")
    assert told["encoder"]["probabilities"] == {"negative": 0.1, "neutral": 0.7, "positive": 0.2}


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.PENDING])
def test_every_reason_for_no_words_is_known_to_the_final(reason):
    assert SERVER.validate_json(json.dumps(final(told(reason), TIMINGS)))["reason"] == reason


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (final(told(Reason.PENDING), TIMINGS), "reason"),
        (provisional(told(Reason.OVERLOAD)), "reason"),
        ({**mood(1, 0, 250, VOICE), "loudness": 3}, "loudness"),
        ({**mood(1, 0, 250, VOICE), "utterance_id": 0}, "utterance_id"),
        (speech_ended(1, 0, "boredom"), "cause"),
        (error("bad_mood", "?"), "code"),
    ],
)
def test_what_is_no_message_of_the_wire_is_found_by_its_field(message, field):
    with pytest.raises(ValidationError, match=field):
        SERVER.validate_json(json.dumps(message))


def test_fatal_errors_have_a_close_code_of_their_own():
    codes = [code.close for code in ErrorCode if code.close]
    assert ErrorCode("internal").close == 1011
    assert len(set(codes)) == len(codes) == 10
    assert ErrorCode.INVALID_MESSAGE.close is None
