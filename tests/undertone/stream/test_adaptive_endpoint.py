"""An utterance that ends when its words say so: the library on spoken sentences, real words, a real gate."""

import numpy as np
import pytest

from undertone.stream.analysis import Stream
from undertone.stream.events import Final, SpeechEnded
from undertone.stream.session import Session
from undertone.stream.settings import SessionSettings, SettingError
from undertone.stream.utterance import Speculation, Utterance, Withdrawn
from undertone.words.reading import Words, read

COMPLETE = Words(text="The door was open.", end_prob=0.96)
HANGS = Words(text="I wanted to call you but.", end_prob=0.5)
UNKNOWN = Words(reason="no_words")


def silence(ms):
    return np.zeros(16 * ms, np.int16)


def voiced(samples):
    return samples[slice(*np.flatnonzero(np.abs(samples.astype(int)) > 200)[[0, -1]])]


@pytest.fixture(scope="module")
def listens(tiny_en):
    """A reader with the words of tiny.en."""

    class Whisper:
        def read(self, sound):
            return read(tiny_en.transcribe_all([sound])[0], None)

    return Whisper()


@pytest.fixture(scope="module")
def hesitant(say):
    """A sentence with a pause of 700 ms behind "but", and 1.5 s of silence."""
    parts = [voiced(say(part)) for part in ("I wanted to call you but", "my phone was dead.")]
    return np.concatenate([silence(500), parts[0], silence(700), parts[1], silence(1500)])


def streamed(engine, reader, samples, chunk=512, **settings):
    stream, events = Stream(engine, reader, settings), []
    for start in range(0, len(samples), chunk):
        events += stream.feed(samples[start : start + chunk])
    return events + stream.finish()


def test_a_pause_in_mid_sentence_is_waited_for_and_the_end_of_a_sentence_is_not(engine, listens, hesitant):
    adaptive, fixed = (
        [event for event in streamed(engine, listens, hesitant, endpoint=way) if isinstance(event, Final)]
        for way in ("adaptive", "fixed")
    )
    assert len(adaptive) == 1
    assert len(fixed) == 2
    assert adaptive[0].text.endswith("dead.")


def decisions(engine, words, samples, **settings):
    """Return after how many ms of the stream each utterance is known to be over; `words` are there at once."""
    session = Session(engine, SessionSettings(**settings), speculates=True)
    decided = []
    for start in range(0, len(samples), 512):
        for output in session.feed(samples[start : start + 512].tobytes()):
            if isinstance(output, Speculation):
                session.hint(output, words)
            elif isinstance(output, Utterance):
                decided.append(session.heard_samples // 16)
    return decided


@pytest.fixture(scope="module")
def sentence(say):
    return np.concatenate([silence(500), voiced(say("The kitchen door was open.")), silence(1500)])


@pytest.mark.fast
@pytest.mark.parametrize(("words", "earlier_ms"), [(COMPLETE, (288, 352)), (HANGS, (-416, -384)), (UNKNOWN, (0, 0))])
def test_the_words_move_the_endpoint_of_an_adaptive_session_alone(engine, sentence, words, earlier_ms):
    (usual,) = decisions(engine, words, sentence)
    (own,) = decisions(engine, words, sentence, endpoint="adaptive")
    assert earlier_ms[0] <= usual - own <= earlier_ms[1]


@pytest.mark.fast
def test_words_that_come_when_speech_went_on_end_nothing(engine, sentence):
    session = Session(engine, SessionSettings(endpoint="adaptive"), speculates=True)
    asked, kinds = [], []
    samples = np.concatenate([sentence[: 4800 - 24_000], sentence[7000:]])
    for start in range(0, len(samples), 512):
        for output in session.feed(samples[start : start + 512].tobytes()):
            kinds.append(type(output))
            if isinstance(output, Speculation):
                asked.append(output)
            elif isinstance(output, Withdrawn):
                session.hint(asked[0], COMPLETE)
    assert kinds.count(Withdrawn) == kinds.count(Utterance) == 1


@pytest.mark.fast
@pytest.mark.parametrize("chunk", [7, 1000, 1_000_000])
def test_chunks_of_any_size_end_the_same_utterances_in_the_library(engine, sentence, chunk):
    class Sure:
        def read(self, sound):
            return COMPLETE

    samples = sentence[6000:40_000] if chunk < 512 else sentence
    ends = [
        [event.end_ms for event in streamed(engine, Sure(), samples, size, endpoint="adaptive") if ended(event)]
        for size in (512, chunk)
    ]
    assert ends[0] == ends[1] != []


def ended(event):
    return isinstance(event, SpeechEnded)


@pytest.mark.fast
def test_an_endpoint_cannot_adapt_to_words_that_nobody_looks_for(engine):
    with pytest.raises(SettingError, match="endpoint: it adapts to the words"):
        Stream(engine, None, {"endpoint": "adaptive"})
