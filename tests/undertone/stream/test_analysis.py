"""A stream that is judged in the calling thread. Real sessions on spoken samples, scripted words, no server."""

import numpy as np
import pytest

from undertone.audio_file import read
from undertone.stream.analysis import Stream
from undertone.stream.events import Final, Mood, Partial, SpeechEnded, SpeechStarted
from undertone.stream.settings import SettingError
from undertone.words.reading import Words

pytestmark = pytest.mark.fast

GLAD = [0.05, 0.15, 0.8]


class Scripted:
    """Says the same words of everything, and keeps what it was asked."""

    def __init__(self):
        self.asked = []

    def read(self, sound):
        self.asked.append(sound)
        return Words(text="well done", text_probabilities=GLAD)


@pytest.fixture(scope="module")
def speech(samples):
    """Two spoken samples, the silence of a second after each, as (n,) int16."""
    clips = [read(samples / name) for name in ("01_glad.flac", "04_sad.flac")]
    return np.concatenate([np.concatenate([clip, np.zeros(16_000, np.int16)]) for clip in clips])


def run(engine, samples, chunk=512, reader=None, **settings):
    stream, events = Stream(engine, reader, settings), []
    for start in range(0, len(samples), chunk):
        events += stream.feed(samples[start : start + chunk])
    return events + stream.finish()


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


def test_an_utterance_starts_has_moods_ends_and_has_its_final(engine, speech):
    events = run(engine, speech, reader=Scripted())
    kinds = [type(event) for event in events if event.utterance_id == 1]
    assert (kinds[0], kinds[-2:]) == (SpeechStarted, [SpeechEnded, Final])
    assert set(kinds[1:-2]) == {Mood}
    assert [final.utterance_id for final in of(Final, events)] == [1, 2]
    assert of(Mood, events)[0].label in of(Mood, events)[0].probabilities


@pytest.mark.parametrize("chunk", [160, 1601, 10_000_000])
def test_chunks_of_any_size_give_the_same_events(engine, speech, chunk):
    assert run(engine, speech, chunk, Scripted()) == run(engine, speech, 512, Scripted())


def test_bytes_and_samples_are_heard_alike(engine, speech):
    stream = Stream(engine, None, {})
    assert stream.feed(speech.tobytes()) + stream.finish() == run(engine, speech, len(speech))


def test_words_and_voice_are_fused_and_without_a_reader_the_voice_judges_alone(engine, speech):
    final = of(Final, run(engine, speech, reader=Scripted()))[0]
    assert (final.text, final.verdict.mode) == ("well done", "fused")
    assert list(final.verdict.lanes["words"].probabilities.values()) == GLAD
    alone = of(Final, run(engine, speech))[0]
    assert (alone.text, alone.verdict.reason) == (None, "asr_unavailable")
    assert alone.verdict.lanes["voice"].probabilities == final.verdict.lanes["voice"].probabilities


def test_words_are_recognised_once_from_what_a_server_would_have_asked_about_ahead(engine, speech):
    reader = Scripted()
    finals = of(Final, run(engine, speech, reader=reader, language="en"))
    assert len(reader.asked) == len(finals)
    lengths = [len(sound.samples) for sound in reader.asked]
    assert all(length < 16 * (f.end_ms - f.start_ms) for length, f in zip(lengths, finals, strict=True))
    assert reader.asked[0].language == "en"
    assert reader.asked[0].speech_ms > 0


def test_redacted_words_weigh_but_are_not_told(engine, speech):
    events = run(engine, speech, reader=Scripted(), redact_text=True, partials=True)
    assert of(Final, events)[0].verdict.mode == "fused"
    assert "well done" not in str(events)
    assert {partial.text for partial in of(Partial, events)} == {None}


def test_partials_are_told_where_they_are_asked_for(engine, speech):
    assert of(Partial, run(engine, speech, reader=Scripted())) == []
    assert {partial.text for partial in of(Partial, run(engine, speech, reader=Scripted(), partials=True))} == {
        "well done"
    }


@pytest.mark.parametrize("wrong", [b"odd", np.zeros(4), np.zeros((4, 2), np.int16), np.zeros(4, np.int32)])
def test_what_is_no_16_bit_audio_of_one_channel_is_refused(engine, wrong):
    with pytest.raises(ValueError, match="samples"):
        Stream(engine, None, {}).feed(wrong)


def test_nothing_is_heard_after_the_end(engine):
    stream = Stream(engine, None, {})
    assert stream.finish() == stream.finish() == []
    with pytest.raises(ValueError, match="finished"):
        stream.feed(bytes(64))


def test_an_unknown_setting_is_refused_by_name(engine):
    with pytest.raises(SettingError, match="volume"):
        Stream(engine, None, {"volume": 11})
