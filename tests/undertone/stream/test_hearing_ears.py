"""The recogniser's ear in a stream of the library: joined where the words bring an encoding. Scripted words."""

from dataclasses import replace

import numpy as np
import pytest
from material.tiny_ear import SETTINGS, WEIGHTS, add_ear, encoding
from material.tiny_release import make_release

from undertone.audio_file import read
from undertone.probabilities import by_label
from undertone.release import open_release
from undertone.stream.analysis import Stream
from undertone.stream.events import Final
from undertone.stream.settings import SettingError
from undertone.voice.joined import joined
from undertone.words.reading import Words

pytestmark = pytest.mark.fast

SAD = encoding(5, 0, 0)


class Scripted:
    """Says that it has these words of everything."""

    def __init__(self, words):
        self.words = words

    def read(self, sound):
        return self.words


def words(encoder=WEIGHTS, **changes):
    return replace(Words(text="well", text_probabilities=[0.1, 0.8, 0.1], encoding=SAD, encoder=encoder), **changes)


@pytest.fixture(scope="module")
def hearing(tmp_path_factory):
    """A release with an ear and a baseline, open."""
    folder = make_release(tmp_path_factory.mktemp("hearing"))
    return open_release(add_ear(folder, replace(SETTINGS, prior=1.0), residual=True))


@pytest.fixture(scope="module")
def speech(samples):
    clip = read(samples / "05_thanks.flac")[:20_000]
    return np.concatenate(3 * [np.concatenate([clip, np.zeros(12_000, np.int16)])])


def finals(release, samples, said, **settings):
    stream = Stream(release, Scripted(said), settings)
    events = stream.feed(samples) + stream.finish()
    return [event for event in events if isinstance(event, Final)]


def test_a_final_says_what_each_ear_heard_and_its_voice_is_both_joined(hearing, speech):
    for final in finals(hearing, speech, words()):
        cnn, encoder = (np.array(list(final.audio_ears[name].values())) for name in ("cnn", "encoder"))
        np.testing.assert_allclose(encoder, hearing.ear.probabilities(SAD))
        both = by_label(joined(cnn, encoder, hearing.ear.settings))
        assert final.verdict.lanes["voice"].probabilities == pytest.approx(both)


@pytest.mark.parametrize("said", [words("a" * 64), words(None, encoding=None), Words(reason="asr_unavailable")])
def test_with_another_recogniser_or_none_everything_is_as_without_an_ear(hearing, engine, speech, said):
    told = finals(hearing, speech, said)
    assert told == finals(engine, speech, said)
    for final in told:
        assert final.audio_ears == {"cnn": final.verdict.lanes["voice"].probabilities, "encoder": None}


def test_what_was_said_but_not_believed_is_heard_all_the_same(hearing, speech):
    (first, *_) = finals(hearing, speech, words(text=None, text_probabilities=None, reason="no_words"))
    assert first.audio_ears["encoder"] == pytest.approx(by_label(hearing.ear.probabilities(SAD)))
    assert first.verdict.mode == "audio_only"


def test_an_adaptive_session_hears_a_speaker_against_how_they_sounded_so_far(hearing, speech):
    heard = [final.audio_ears["encoder"]["negative"] for final in finals(hearing, speech, words(), baseline="adaptive")]
    assert heard == sorted(heard, reverse=True)
    assert len(set(heard)) == len(heard) == 3
    assert len({final.audio_ears["encoder"]["negative"] for final in finals(hearing, speech, words())}) == 1


def test_a_baseline_that_the_release_does_not_have_is_refused_by_name(engine):
    with pytest.raises(SettingError, match="baseline: the release has no ear"):
        Stream(engine, None, {"baseline": "adaptive"})
