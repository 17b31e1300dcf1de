"""The verdict of an utterance: what stands in it and when it doubts."""

import numpy as np
import pytest

from undertone.fusion import lanes_of, verdict_of
from undertone.lane import Lane
from undertone.verdict import judge
from undertone.weighting import FusionSettings

pytestmark = pytest.mark.fast

GLAD, ANGRY = [0.02, 0.08, 0.9], [0.7, 0.2, 0.1]
RULE = FusionSettings(adaptive=True, adaptive_alpha=0.8, temperature=0.7, abstain_below=0.4)


def test_a_verdict_says_what_the_rule_says_of_words_and_voice():
    fused, alpha, abstain = verdict_of(GLAD, ANGRY, RULE)
    verdict = judge(lanes_of(GLAD, ANGRY), RULE)
    assert list(verdict.probabilities.values()) == fused.tolist()
    assert (verdict.label, verdict.score) == ("positive", fused[2] - fused[0])
    assert (verdict.alpha, verdict.abstain, verdict.agreement) == (alpha, abstain, False)
    assert (verdict.mode, verdict.reason) == ("fused", None)


def test_each_lane_keeps_what_it_said_and_has_its_weight():
    lanes = judge([*lanes_of(GLAD, ANGRY), Lane("face", GLAD)], RULE).lanes
    assert {name: lane.label for name, lane in lanes.items()} == {
        "words": "positive",
        "voice": "negative",
        "face": "positive",
    }
    assert list(lanes["voice"].probabilities.values()) == ANGRY
    assert sum(lane.weight for lane in lanes.values()) == pytest.approx(1)


def test_without_words_the_voice_decides_and_the_reason_is_told():
    verdict = judge(lanes_of(None, ANGRY), RULE, "asr_unavailable")
    assert (verdict.label, verdict.mode, verdict.reason) == ("negative", "audio_only", "asr_unavailable")
    assert (verdict.alpha, verdict.agreement, verdict.abstain) == (0.0, None, False)
    assert judge(lanes_of(None, ANGRY), RULE).reason == "no_words"
    np.testing.assert_allclose(list(verdict.probabilities.values()), ANGRY)


def test_a_voice_that_nobody_has_may_be_a_sneeze():
    assert judge(lanes_of(None, ANGRY), RULE, "hallucination").abstain


def test_verdicts_of_the_same_lanes_are_equal():
    assert judge(lanes_of(GLAD, ANGRY), RULE) == judge(lanes_of(GLAD, ANGRY), RULE)
