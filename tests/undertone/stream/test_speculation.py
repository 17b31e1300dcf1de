"""Words asked for in a pause: a function of the samples alone. Real Silero, spoken samples, no server."""

from itertools import pairwise

import numpy as np
import pytest

from undertone.audio_file import read
from undertone.stream.events import SpeechEnded
from undertone.stream.session import Session
from undertone.stream.settings import SessionSettings
from undertone.stream.utterance import SoFar, Speculation, Utterance, Withdrawn

pytestmark = pytest.mark.fast

SECOND = np.zeros(16_000, np.int16)


@pytest.fixture(scope="module")
def voiced(samples):
    """Two spoken clips without the silence around them."""
    clips = [read(samples / name) for name in ("01_glad.flac", "04_sad.flac")]
    return [clip[slice(*np.flatnonzero(np.abs(clip) > 500)[[0, -1]])] for clip in clips]


@pytest.fixture(scope="module")
def paused(voiced):
    """Speech with a pause of 300 ms in it, then a second of silence."""
    return np.concatenate([voiced[0], SECOND[:4800], voiced[1], SECOND])


def run(engine, samples, chunk_bytes=10_000_000, **settings):
    session = Session(engine, SessionSettings(**settings), speculates=True)
    pcm, outputs = samples.tobytes(), []
    for start in range(0, len(pcm), chunk_bytes):
        outputs += session.feed(pcm[start : start + chunk_bytes])
    return outputs + session.finish(), session


def kinds(outputs):
    return [type(output) for output in outputs if isinstance(output, SoFar | Speculation | Withdrawn | Utterance)]


def test_a_pause_is_speculated_in_and_withdrawn_where_speech_resumes(engine, paused):
    outputs, session = run(engine, paused)
    assert kinds(outputs) == [Speculation, Withdrawn, Speculation, Utterance]
    assert session.speculations == 2
    first = next(output for output in outputs if isinstance(output, Speculation))
    withdrawn = next(output for output in outputs if isinstance(output, Withdrawn))
    assert withdrawn.speculation is first


def test_a_speculation_heard_the_utterance_but_for_a_tenth_of_a_second_of_silence(engine, paused):
    *_, speculation, utterance = (o for o in run(engine, paused)[0] if isinstance(o, Speculation | Utterance))
    ahead = len(speculation.samples)
    assert np.array_equal(speculation.samples, utterance.samples[:ahead])
    assert len(utterance.samples) - ahead <= 1600
    assert np.abs(utterance.samples[ahead:]).max(initial=0) < 100
    assert 200 <= utterance.speculation_lead_ms <= 300
    assert abs(speculation.speech_ms - utterance.speech_ms) < 300
    assert speculation.speech_prob == pytest.approx(utterance.speech_prob, abs=0.05)
    assert abs(speculation.lead_ms - utterance.speculation_lead_ms) <= 32, "it said how long nobody would wait for it"


def test_words_that_may_bring_the_endpoint_are_wanted_at_once(engine, paused):
    outputs, _ = run(engine, paused, endpoint="adaptive")
    assert {output.lead_ms for output in outputs if isinstance(output, Speculation)} == {0}


@pytest.mark.parametrize("chunk_bytes", [2, 320, 642, 1024, 32_000])
def test_chunks_of_any_size_give_the_same_speculations_and_partials(engine, paused, chunk_bytes):
    def comparable(outputs):
        return [
            (type(o).__name__, o.utterance_id, o.samples.tobytes(), o.speech_ms)
            if isinstance(o, SoFar | Speculation | Utterance)
            else type(o).__name__
            for o in outputs
        ]

    whole, pieces = (run(engine, paused, size, partials=True)[0] for size in (10_000_000, chunk_bytes))
    assert comparable(pieces) == comparable(whole)
    assert SoFar in kinds(whole)


def test_an_endpoint_that_comes_at_once_leaves_nothing_to_speculate_about(engine, paused):
    assert Speculation not in kinds(run(engine, paused, endpoint_silence_ms=250)[0])
    assert Speculation in kinds(run(engine, paused, endpoint_silence_ms=300)[0])


def test_an_utterance_that_is_cut_in_two_does_not_use_what_was_heard_ahead(engine, voiced):
    clip = np.concatenate([voiced[0][:28_000], SECOND[:4800], voiced[1], SECOND])
    outputs, _ = run(engine, clip, max_utterance_ms=2000, endpoint_silence_ms=2000)
    causes = [o.cause for o in outputs if isinstance(o, SpeechEnded)]
    cut = [o for o in outputs if isinstance(o, Utterance)][: causes.count("max_length")]
    assert causes.count("max_length") >= 1
    assert all(utterance.speculation_lead_ms is None for utterance in cut)


def test_a_commit_in_a_pause_uses_what_was_heard_ahead(engine, voiced):
    session = Session(engine, SessionSettings(endpoint_silence_ms=2000), speculates=True)
    session.feed(np.concatenate([voiced[0], SECOND[:8000]]).tobytes())
    (utterance,) = (output for output in session.end_utterance("commit") if isinstance(output, Utterance))
    assert utterance.speculation_lead_ms > 0


def test_partials_are_offered_once_a_second_while_someone_speaks(engine, voiced):
    clip = np.concatenate([*voiced, SECOND])
    lengths = [len(o.samples) / 16_000 for o in run(engine, clip, partials=True)[0] if isinstance(o, SoFar)]
    assert len(lengths) >= 3
    assert 1.0 <= lengths[0] <= 1.1
    assert all(1.0 <= later - earlier <= 1.3 for earlier, later in pairwise(lengths))
    assert SoFar not in kinds(run(engine, clip)[0])
