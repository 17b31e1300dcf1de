"""One final for each utterance, in order, whatever becomes of its words. The recogniser is scripted here."""

import asyncio
import logging
from dataclasses import replace

import numpy as np
import pytest
from material.tiny_ear import SETTINGS, WEIGHTS, encoding, make_ear

from serving.sessions.finals import Finals
from serving.sessions.subscribers import finals_log, publisher, wire
from serving.workers.queue import WorkerError, WorkerLostError
from serving.workers.scheduler import OverloadError
from undertone.stream.settings import SessionSettings
from undertone.stream.utterance import Speculation, Utterance, Voice
from undertone.voice.ear import Ear
from undertone.voice.joined import JoinedEars
from undertone.weighting import FusionSettings
from undertone.words.reading import Words

pytestmark = pytest.mark.fast

SAD, GLAD = [0.8, 0.1, 0.1], [0.1, 0.2, 0.7]


def heard(number, text="well done", probabilities=GLAD):
    return Words(text=f"{text} {number}", text_probabilities=list(probabilities), asr_latency_ms=5, text_latency_ms=1)


def utterance(number, lead_ms=None):
    samples = np.zeros(16_000, np.int16)
    return Utterance(number, samples, 900, 0, 1000, 500, speculation_lead_ms=lead_ms)


def speculation(number):
    return Speculation(number, np.zeros(15_000, np.int16), 900)


async def sad(utterance):
    return Voice(np.array(SAD), 2.0)


def play(scene, transcribe, provisional_after_ms=1000, listen=sad):
    async def played():
        messages = []

        async def send(message):
            messages.append(message)

        publish = publisher([finals_log("a-session"), wire(send)])
        finals = Finals(publish, transcribe, listen, "a-session", provisional_after_ms)
        await scene(finals)
        await finals.drain()
        return finals, messages

    return asyncio.run(played())


def answer_with(*outcomes):
    """Return a recogniser that gives each of `outcomes` in turn, and the list of what it was asked for."""
    script, asked = list(outcomes), []

    async def transcribe(stretch, job):
        asked.append((type(stretch).__name__, stretch.utterance_id))
        outcome = script.pop(0)
        await asyncio.sleep(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return transcribe, asked


async def one(finals):
    finals.add(utterance(1))


def test_words_and_voice_are_fused_by_the_released_rule():
    def with_rule(rule):
        async def scene(finals):
            finals.fusion = rule
            finals.add(utterance(1))

        return play(scene, answer_with(heard(1))[0])[1][0]

    fixed = with_rule(FusionSettings(alpha=0.25))
    assert (fixed["alpha"], fixed["mode"], fixed["abstain"]) == (0.25, "fused", False)
    assert fixed["fused_score"] == pytest.approx(0.25 * 0.6 - 0.75 * 0.7, abs=1e-3)
    adaptive = with_rule(FusionSettings(adaptive=True))
    assert 0 < adaptive["alpha"] < 0.5  # the voice is surer here
    assert adaptive["alpha"] == round(adaptive["alpha"], 4)
    assert with_rule(FusionSettings(alpha=0.5, abstain_below=0.99))["abstain"] is True


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Words(reason="no_words"), "no_words"),
        (Words(reason="hallucination", language="en"), "hallucination"),
        (TimeoutError(), "asr_timeout"),
        (WorkerLostError("gone"), "worker_lost"),
        (OverloadError("full"), "overload"),
        (WorkerError("raised"), "asr_unavailable"),
    ],
)
def test_without_words_the_voice_decides_and_the_next_is_fused_again(outcome, reason):
    async def scene(finals):
        finals.add(utterance(1))
        finals.add(utterance(2))

    _, (first, second) = play(scene, answer_with(outcome, heard(2))[0])
    assert (first["mode"], first["reason"], first["text"], first["alpha"]) == ("audio_only", reason, None, 0)
    assert first["fused_sentiment"] == first["audio_sentiment"]
    assert first["abstain"] is (reason == "hallucination"), "a voice that nobody has may be a sneeze"
    assert first["text_sentiment"] is first["agreement"] is None
    assert (second["mode"], second["reason"], second["text"]) == ("fused", None, "well done 2")


def test_finals_stay_in_order_when_later_words_come_first():
    async def transcribe(stretch, job):
        await asyncio.sleep(0.05 / stretch.utterance_id)
        return heard(stretch.utterance_id)

    async def scene(finals):
        for number in (1, 2, 3, 4):
            finals.add(utterance(number))

    _, messages = play(scene, transcribe)
    assert [message["utterance_id"] for message in messages] == [1, 2, 3, 4]


def test_a_provisional_verdict_comes_before_slow_words_and_the_final_after(documented):
    async def transcribe(stretch, job):
        await asyncio.sleep(0.1)
        return heard(1)

    _, (provisional, final) = play(one, transcribe, provisional_after_ms=20)
    assert (provisional["type"], provisional["mode"]) == ("utterance.provisional", "audio_only")
    assert provisional["reason"] == "pending", "the words may still come"
    assert (final["type"], final["mode"]) == ("utterance.final", "fused")
    assert set(final) - set(provisional) == {"timings"}
    for message in (provisional, final):
        documented(message)


def test_the_ear_is_heard_when_the_words_are_there_and_a_provisional_verdict_is_that_of_the_voice_alone(tmp_path):
    async def transcribe(stretch, job):
        await asyncio.sleep(0.1)
        return replace(heard(1), encoding=encoding(0, 0, 5), encoder=WEIGHTS)

    async def scene(finals):
        finals.ears = JoinedEars(Ear(make_ear(tmp_path / "ear.onnx"), SETTINGS))
        finals.add(utterance(1))

    _, (provisional, final) = play(scene, transcribe, provisional_after_ms=20)
    assert provisional["audio_ears"] == {"cnn": provisional["audio_sentiment"], "encoder": None}
    assert final["audio_ears"]["cnn"] == provisional["audio_sentiment"]
    assert final["audio_ears"]["encoder"]["label"] == "positive"
    assert final["audio_sentiment"] not in final["audio_ears"].values()


def test_words_that_never_came_are_pending_at_first_and_have_timed_out_in_the_final():
    async def transcribe(stretch, job):
        await asyncio.sleep(0.1)
        raise TimeoutError

    _, messages = play(one, transcribe, provisional_after_ms=20)
    assert [message["reason"] for message in messages] == ["pending", "asr_timeout"]


def test_redaction_leaves_the_sentiment_of_the_words_and_not_the_words(caplog):
    async def scene(finals):
        finals.settings = SessionSettings(redact_text=True)
        finals.add(utterance(1))

    with caplog.at_level(logging.DEBUG):
        _, (final,) = play(scene, answer_with(heard(1))[0])
    assert final["text"] is None
    assert final["text_sentiment"]["label"] == "positive"
    assert final["speech_rate_wpm"] == 180
    assert "well done" not in str(final) + caplog.text


def test_the_log_has_a_line_for_each_final_and_never_the_words(caplog):
    with caplog.at_level(logging.INFO, logger="undertone.verdicts"):
        play(one, answer_with(heard(1))[0])
    (line,) = [record.getMessage() for record in caplog.records]
    for part in (
        "session=a-session",
        "utterance_id=1",
        "mode=fused",
        "reason=None",
        "asr_latency_ms=5",
        "total_latency",
    ):
        assert part in line
    assert "done" not in line


def test_the_words_of_a_speculation_are_used_and_never_asked_for_again():
    transcribe, asked = answer_with(heard("ahead"))

    async def scene(finals):
        finals.speculate(speculation(1))
        finals.add(utterance(1, lead_ms=288))

    finals, (final,) = play(scene, transcribe)
    assert final["text"] == "well done ahead"
    assert final["timings"]["speculation_lead_ms"] == 288
    assert (asked, finals.used) == ([("Speculation", 1)], 1)


def test_a_speculation_that_nobody_waits_for_yet_is_not_urgent_until_its_endpoint():
    jobs, asked = [], asyncio.Event()

    async def transcribe(stretch, job):
        jobs.append(job)
        asked.set()
        async with asyncio.timeout(10):
            while not job.urgent:
                await asyncio.sleep(0)
        return heard(1)

    async def scene(finals):
        finals.speculate(speculation(1))
        await asked.wait()
        for _ in range(100):  # the loop goes round as often as it likes: only the endpoint changes the rank
            await asyncio.sleep(0)
        assert not jobs[0].urgent
        finals.add(utterance(1, lead_ms=288))

    _, (final,) = play(scene, transcribe)
    assert jobs[0].urgent
    assert (len(jobs), final["text"]) == (1, "well done 1")


def test_a_speculation_is_dropped_where_speech_resumed_and_where_it_does_not_hold():
    transcribe, asked = answer_with(heard("too early"), heard("too early"), heard("whole"))

    async def scene(finals):
        finals.speculate(speculation(1))
        await asyncio.sleep(0)
        finals.withdraw()
        finals.speculate(speculation(1))
        await asyncio.sleep(0)
        finals.add(utterance(1))

    finals, (final,) = play(scene, transcribe)
    assert final["text"] == "well done whole"
    assert final["timings"]["speculation_lead_ms"] is None
    assert [kind for kind, _ in asked] == ["Speculation", "Speculation", "Utterance"]
    assert finals.used == 0


@pytest.mark.parametrize("failure", [WorkerError("raised"), OverloadError("full")])
def test_a_speculation_that_failed_is_made_up_for(failure):
    async def scene(finals):
        finals.speculate(speculation(1))
        await asyncio.sleep(0.01)
        finals.add(utterance(1, lead_ms=288))

    finals, (final,) = play(scene, answer_with(failure, heard("again"))[0])
    assert (final["text"], finals.used) == ("well done again", 0)


def test_a_worker_lost_over_a_speculation_does_not_get_the_same_samples_again():
    transcribe, asked = answer_with(WorkerLostError("gone"))

    async def scene(finals):
        finals.speculate(speculation(1))
        finals.add(utterance(1, lead_ms=288))

    _, (final,) = play(scene, transcribe)
    assert (final["reason"], len(asked)) == ("worker_lost", 1)


def test_whoever_waits_for_verdicts_is_woken_when_few_enough_are_pending():
    async def transcribe(stretch, job):
        await asyncio.sleep(0.01)
        return heard(stretch.utterance_id)

    seen = []

    async def scene(finals):
        for number in range(1, 6):
            finals.add(utterance(number))
        await asyncio.wait_for(finals.settled(2), 5)
        seen.append(finals.pending)

    play(scene, transcribe)
    assert seen[0] <= 2


def test_voice_and_words_are_looked_into_side_by_side():
    order = []

    async def listen(utterance):
        order.append("voice begins")
        await asyncio.sleep(0.05)
        order.append("voice ends")
        return await sad(utterance)

    async def transcribe(stretch, job):
        order.append("words begin")
        return heard(1)

    _, (final,) = play(one, transcribe, listen=listen)
    assert order.index("words begin") < order.index("voice ends")
    assert final["mode"] == "fused"
    assert final["timings"]["acoustic_latency_ms"] == 2.0


def test_a_voice_model_that_fails_ends_the_session_instead_of_leaving_it_silent():
    async def listen(utterance):
        raise RuntimeError("the graph is broken")

    async def scene(finals):
        finals.add(utterance(1))
        finals.add(utterance(2))
        with pytest.raises(RuntimeError, match="graph is broken"):
            await finals.settled(0)
        assert finals.pending == 0
        with pytest.raises(RuntimeError, match="graph is broken"):
            finals.add(utterance(3))

    with pytest.raises(RuntimeError, match="graph is broken"):
        play(scene, answer_with(heard(1), heard(2))[0], listen=listen)
