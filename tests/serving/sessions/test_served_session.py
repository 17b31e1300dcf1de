"""A served session: what it holds back and when, what it says at the end. Real sessions, scripted words, no server."""

import asyncio
from dataclasses import replace

import pytest
from material.tiny_ear import SETTINGS, WEIGHTS, add_ear, encoding
from material.tiny_release import make_release

from serving.service import Service
from serving.sessions.session import MAX_PENDING, ServedSession
from serving.settings import Recognition, ServerLimits
from undertone.audio_file import read
from undertone.release import open_release
from undertone.stream.settings import SettingError
from undertone.words.reading import Words

pytestmark = pytest.mark.fast


class IdleService(Service):
    """A service that finds words only while somebody has nothing to do but wait for them."""

    def __init__(self, release):
        super().__init__(release, ServerLimits(), Recognition())
        self.engine = open_release(release)
        self.told({"engine": "scripted", "open_vocabulary": True, "reason": "a test", "sha256": WEIGHTS})
        self.limits_s, self.awaited = [], asyncio.Event()

    async def transcribe(self, samples, *known, word_times=False):
        timeout_s = known[-1]
        self.limits_s.append(timeout_s)
        await self.awaited.wait()
        said = {"text": "well", "text_probabilities": [0.1, 0.2, 0.7]}
        return Words(**said, encoding=encoding(5, 0, 0), encoder=WEIGHTS)


@pytest.fixture(scope="module")
def speech(samples):
    """Six utterances, 1.5 s of silence after each, as PCM bytes."""
    clip = read(samples / "05_thanks.flac")[:24_000].tobytes()
    return 6 * (clip + bytes(48_000))


def awaiting(service, function):
    async def awaited(*arguments):
        service.awaited.set()
        await function(*arguments)
        service.awaited.clear()

    return awaited


def serve_through(release, pcm, live=True, chunk_bytes=10_000_000, prepare=lambda served: None):
    """Return the session, its messages, and how many verdicts were pending whenever it had heard a second more."""

    async def through():
        messages, pending = [], []
        service = IdleService(release)

        async def send(message):
            messages.append(message)

        served = ServedSession(service, send, live=live)
        served.finals.settled = awaiting(service, served.finals.settled)
        served.finals.drain = awaiting(service, served.finals.drain)
        prepare(served)
        feed = served.session.feed
        served.session.feed = lambda piece: pending.append(served.finals.pending) or feed(piece)
        for start in range(0, len(pcm), chunk_bytes):
            await served.hear(pcm[start : start + chunk_bytes])
        await served.close("finished")
        return service, served, messages, pending

    return asyncio.run(through())


@pytest.mark.parametrize("language", ["de", "zz", "en-!", "english"])
def test_a_language_that_the_recogniser_does_not_know_is_refused_and_nothing_changes(tiny_release, language):
    asyncio.run(_refused(tiny_release, language))


async def _refused(release, language):
    service = IdleService(release)
    service.asr["languages"] = ["en"]
    served = ServedSession(service, send=None)
    with pytest.raises(SettingError, match=r"language: .* is not among the languages of this recogniser: en"):
        served.update({"language": language, "alpha": 0.5})
    assert (served.session.settings.language, served.session.settings.alpha) == (None, None)
    served.update({"language": "en-US"})
    assert served.session.settings.language == "en-US"
    served.cancel()


def test_a_baseline_is_refused_with_its_reason_where_the_ear_is_silent_or_has_none(tmp_path):
    asyncio.run(_without_baseline(add_ear(make_release(tmp_path / "release"))))


async def _without_baseline(release):
    service = IdleService(release)
    for asr, reason in (({"sha256": None}, "no encoder"), ({"sha256": WEIGHTS}, "no prior for it")):
        service.told(asr)
        served = ServedSession(service, send=None)
        with pytest.raises(SettingError, match=f"baseline: .*{reason}"):
            served.update({"baseline": "adaptive", "alpha": 0.5})
        assert (served.settings.baseline, served.settings.alpha) == ("none", None)
        served.cancel()


def test_an_adaptive_session_hears_against_what_it_heard(tmp_path, speech):
    settings = replace(SETTINGS, prior=1.0)
    release = add_ear(make_release(tmp_path / "release"), settings, residual=True)
    created = []

    def adapt(served):
        created.append(served.created())
        served.update({"baseline": "adaptive"})

    _, _, messages, _ = serve_through(release, speech, prepare=adapt)
    heard = [m["audio_ears"]["encoder"]["probabilities"] for m in messages if m["type"] == "utterance.final"]
    assert created[0]["ear"] == {"active": True}
    assert len(heard) == 6
    assert heard[0]["negative"] > heard[1]["negative"] > heard[5]["negative"]


def test_audio_at_full_speed_waits_for_its_verdicts_and_no_word_is_lost(tiny_release, speech):
    _, served, messages, pending = serve_through(tiny_release, speech)
    finals = [message for message in messages if message["type"] == "utterance.final"]
    assert [final["mode"] for final in finals] == 6 * ["fused"]
    assert max(pending) == MAX_PENDING
    assert served.finals.pending == 0


def test_the_clock_of_a_session_stands_still_while_it_chooses_to_wait(tiny_release, speech):
    readings = []

    def watch(served):
        settled = served.finals.settled

        async def watched(at_most):
            readings.append(served.working_s())
            await settled(at_most)
            readings.append(served.working_s())

        served.finals.settled = watched

    serve_through(tiny_release, speech, prepare=watch)
    assert readings
    assert readings[::2] == readings[1::2]


def test_a_stream_that_is_not_ahead_of_the_clock_is_never_held_up(tiny_release, speech):
    def in_time(served):
        served._clock.ahead_s = lambda samples: 0.0

    _, _, _, pending = serve_through(tiny_release, speech, prepare=in_time)
    assert max(pending) > MAX_PENDING


def test_a_file_waits_for_each_verdict(tiny_release, speech):
    assert max(serve_through(tiny_release, speech, live=False)[3]) == 0


def test_the_time_limit_counts_from_when_the_words_would_have_been_spoken(tiny_release, speech):
    service, _, _, _ = serve_through(tiny_release, speech)
    assert min(service.limits_s) >= ServerLimits().words_timeout_s
    assert 10 < max(service.limits_s) - ServerLimits().words_timeout_s < len(speech) / 32_000


def test_the_end_counts_speculations_labels_and_utterances(tiny_release, speech):
    _, _, messages, _ = serve_through(tiny_release, speech, chunk_bytes=3200)
    totals = messages[-1]["totals"]
    assert totals["speculations"]["used"] == totals["utterances"] == sum(totals["labels"].values()) == 6
    assert totals["speculations"]["sent"] == 6 + totals["speculations"]["wasted"]


def test_settings_are_taken_before_audio_only_and_partials_only_where_there_are_workers(tiny_release, speech):
    def refuse(served):
        with pytest.raises(SettingError, match="partials: this server has no workers"):
            served.update({"partials": True, "redact_text": True})
        assert served.session.settings.redact_text is False
        served.update({"alpha": "adaptive"})
        assert served.finals.fusion.adaptive

    _, served, _, _ = serve_through(tiny_release, speech[:32_000], prepare=refuse)
    with pytest.raises(SettingError, match="before the first audio"):
        served.update({"alpha": 0.3})
