"""The numbers of an evaluation, on answers whose numbers are known."""

import json

import numpy as np
import pandas as pd
import pytest

from undertone.evaluation.charts import groups_chart
from undertone.evaluation.groups import holm
from undertone.evaluation.items import Item
from undertone.evaluation.predictions import predictions
from undertone.evaluation.summary import summary
from undertone.labels import LABELS

pytestmark = pytest.mark.fast
PROTOCOL = {"manifest": "m.csv"}


def vector(label, sure=0.8):
    rest = (1 - sure) / 2
    return {name: sure if name == label else rest for name in LABELS}


def final(verdict, voice=None, words=None, length_ms=1000, **others):
    said = {"fused_sentiment": verdict, "audio_sentiment": voice or verdict, "text_sentiment": words}
    fields = {name: label and {"label": label, "probabilities": vector(label)} for name, label in said.items()}
    known = {"text": "some words", "alpha": 0.5, "abstain": False, "agreement": True, "mode": "fused", "reason": None}
    return {"type": "utterance.final", "start_ms": 0, "end_ms": length_ms, **fields, **known, **others}


def heard(answers):
    """Return items and their journal: `answers` are (label, finals, facts of the item)."""
    items = [Item(f"{n}.wav", f"{n}.wav", label, **facts) for n, (label, _, facts) in enumerate(answers)]
    entries = {f"{n}.wav": {"events": finals} for n, (_, finals, _) in enumerate(answers)}
    return predictions(items, entries)


def test_a_recording_of_several_utterances_is_their_mean_weighted_by_length():
    table = heard([("negative", [final("positive", length_ms=1000), final("negative", length_ms=3000)], {})])
    assert table.loc[0, "verdict"] == "negative"
    assert table.loc[0, "verdict_positive"] == pytest.approx((0.8 + 3 * 0.1) / 4)


def test_what_fusing_put_right_and_wrong_is_counted_against_voice_and_words():
    rows = [("negative", [final("negative", voice="neutral", words="negative")], {})] * 3
    rows += [("neutral", [final("positive", voice="neutral", words="positive")], {})]
    assert summary(heard(rows), PROTOCOL)["fusing"] == {
        "voice": {"helped": 3, "harmed": 1},
        "words": {"helped": 0, "harmed": 0},
    }


def test_recordings_without_speech_and_such_as_cannot_be_read_score_nothing():
    table = heard([("neutral", [final("neutral")], {}), ("negative", [], {})])
    table = pd.concat([table, table.iloc[[1]].assign(failure="no such file")], ignore_index=True)
    result = summary(table, PROTOCOL)
    assert result["counts"] == {"recordings": 3, "judged": 1, "without_speech": 1, "unreadable": 1, "damaged": 0}
    assert result["lanes"]["verdict"]["accuracy"] == 1.0
    assert result["lanes"]["words"] is None


def test_intervals_of_a_lane_leave_out_the_samples_in_which_it_was_never_drawn():
    rows = [(label, [final(label)], {}) for label in ("positive", "neutral", "neutral", "negative")]
    rows.append(("positive", [final("positive", words="positive")], {}))
    result = summary(heard(rows), PROTOCOL)
    ends = {"low": 1.0, "high": 1.0}
    assert result["lanes"]["words"]["intervals"]["uar"] == result["lanes"]["words"]["intervals"]["accuracy"] == ends
    assert json.dumps(result, allow_nan=False)


def test_groups_may_have_any_name_that_a_page_can_show():
    names = ("$25,000 - $49,999", "5% of $20k & 10% of $50k", "日本語")
    rows = [(label, [final(label)], {"groups": {"income": name}}) for name in names for label in LABELS]
    drawn = groups_chart(summary(heard(rows), PROTOCOL)["groups"][0]["groups"])
    assert all(f"{name.replace('&', '&amp;')} (3)" in drawn for name in names)


def test_what_was_not_heard_whole_is_counted():
    items = [Item("a.wav", "a.wav", "neutral"), Item("b.wav", "b.wav", "neutral")]
    entries = {"a.wav": {"events": [final("neutral")], "damage": "the file ends early"}, "b.wav": {"events": []}}
    counts = summary(predictions(items, entries), PROTOCOL)["counts"]
    assert (counts["judged"], counts["damaged"]) == (1, 1)


def test_nothing_judged_is_no_error():
    assert "lanes" not in summary(heard([("neutral", [], {})]), PROTOCOL)


def test_speakers_are_drawn_whole_where_there_are_any():
    rows = [(label, [final(label)], {"speaker": f"s{n % 3}"}) for n, label in enumerate(LABELS * 4)]
    assert summary(heard(rows), PROTOCOL)["intervals_over"] == "speakers"
    assert (
        summary(heard([(label, finals, {}) for label, finals, _ in rows]), PROTOCOL)["intervals_over"] == "recordings"
    )


def of_groups(right_in_b):
    random = np.random.default_rng(5)
    rows = []
    for n in range(120):
        label, group = LABELS[n % 3], "ab"[n // 60]
        right = group == "a" or random.random() < right_in_b
        said = label if right else LABELS[(n + 1) % 3]
        rows.append((label, [final(said)], {"groups": {"accent": group}}))
    return summary(heard(rows), PROTOCOL)["groups"][0]


def test_groups_that_differ_more_than_chance_allows_are_warned_of():
    assert of_groups(right_in_b=0.7)["differ"] is True
    assert of_groups(right_in_b=1.0)["differ"] is False


def test_many_questions_at_once_are_corrected_for():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_the_summary_is_json():
    rows = [(label, [final(label)], {"text": "some words"}) for label in LABELS]
    written = json.dumps(summary(heard(rows), PROTOCOL), allow_nan=False)
    assert json.loads(written)["words"]["word_error_rate"] == 0.0
