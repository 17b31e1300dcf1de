"""What is counted of the events of a session, and that everything begins at zero."""

import pytest

from serving.observe.metrics import Metrics
from serving.observe.sessions import Sessions
from undertone.fusion import lanes_of
from undertone.stream.events import Final, Mood, Partial, Provisional, SpeechEnded, SpeechStarted
from undertone.verdict import judge
from undertone.weighting import FusionSettings

pytestmark = pytest.mark.fast

APART = judge(lanes_of([0.9, 0.05, 0.05], [0.05, 0.05, 0.9]), FusionSettings(alpha=0.5))
ALONE = judge(lanes_of(None, [0.8, 0.1, 0.1]), FusionSettings(alpha=0.5), "overload")
EARS = {"cnn": ALONE.lanes["voice"].probabilities, "encoder": None}
TIMINGS = {"asr_latency_ms": 300.0, "text_latency_ms": 100.0, "queue_latency_ms": 50.0, "total_latency_ms": 460.0}


@pytest.fixture
def metrics():
    return Metrics()


def value(metrics, name, **labels):
    return metrics.registry.get_sample_value(f"undertone_{name}", labels)


def counted(metrics):
    """Return all samples but those of the process, which go on by themselves."""
    return [
        sample for family in metrics.registry.collect() for sample in family.samples if "process_" not in sample.name
    ]


def test_a_final_is_counted_by_mode_reason_and_label(metrics):
    metrics.tell(Final(1, 0, 2000, "well", 120, APART, TIMINGS, audio_ears=EARS))
    metrics.tell(Final(2, 3000, 4000, None, None, ALONE, audio_ears=EARS))
    assert value(metrics, "utterances_total", mode="fused", reason="none") == 1
    assert value(metrics, "utterances_total", mode="audio_only", reason="overload") == 1
    assert value(metrics, "labels_total", label="negative") == 2
    assert value(metrics, "disagreements_total") == 1


def test_stages_are_in_seconds_and_the_real_time_factor_is_computing_for_a_second_of_speech(metrics):
    metrics.tell(Final(1, 0, 2000, "well", 120, APART, TIMINGS, audio_ears=EARS))
    assert value(metrics, "stage_seconds_sum", stage="recognition") == pytest.approx(0.3)
    assert value(metrics, "stage_seconds_count", stage="voice") == 0, "what nobody took the time of is not told as zero"
    assert value(metrics, "real_time_factor_sum") == pytest.approx(0.2)


def test_ends_and_provisional_verdicts_are_counted_and_moods_cost_nothing(metrics):
    before = counted(metrics)
    metrics.tell(Mood(1, 0, 500, {"negative": 0.2, "neutral": 0.2, "positive": 0.6}))
    metrics.tell(Partial(1, "so far"))
    assert counted(metrics) == before
    metrics.tell(SpeechEnded(1, 900, "idle"))
    metrics.tell(Provisional(1, 0, 900, None, None, ALONE, audio_ears=EARS))
    assert value(metrics, "endpoints_total", cause="idle") == 1
    assert value(metrics, "provisionals_total") == 1


def test_what_may_happen_is_there_at_zero(metrics):
    assert value(metrics, "utterances_total", mode="audio_only", reason="worker_lost") == 0
    assert value(metrics, "sessions_ended_total", kind="live", reason="too_far_behind") == 0
    assert value(metrics, "refusals_total", kind="upload", reason="quota_exceeded") == 0
    assert value(metrics, "refusals_total", kind="request", reason="unauthorized") == 0


def test_a_session_is_in_one_state_and_its_audio_stays_when_it_is_gone(metrics, caplog):
    caplog.set_level("INFO", logger="undertone.sessions")
    sessions = Sessions(metrics)
    totals = {"utterances": 1, "labels": {"negative": 1}, "speculations": {"sent": 2}}
    session = sessions.begin("live", lambda: 32_000, lambda: totals)
    states = [session.state]
    for event in (
        SpeechStarted(1, 0, 0),
        SpeechEnded(1, 900, "silence"),
        Final(1, 0, 900, None, None, ALONE, audio_ears=EARS),
    ):
        sessions.tell(session, event)
        states.append(session.state)
    assert states == ["listening", "speaking", "judging", "listening"]
    assert sum(sessions.by_state().values()) == 1
    for reason in ("finished", "gone"):
        sessions.end(session, reason)
    assert (sessions.audio_s(), sum(sessions.by_state().values())) == ({"live": 2.0, "upload": 0.0}, 0)
    assert [record.getMessage() for record in caplog.records] == [
        "totals kind=live reason=finished utterances=1 speculations_sent=2"
    ], "once, and not how anybody felt"
