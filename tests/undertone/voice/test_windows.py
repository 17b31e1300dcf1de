"""How utterances are cut for the voice, and that what comes out of the parts is their mean."""

import itertools

import numpy as np
import pytest

from undertone.manifest import ACOUSTIC_FILE
from undertone.release import open_release
from undertone.voice.acoustic import AcousticModel
from undertone.voice.windows import HOP_SAMPLES, WHOLE_SAMPLES, WINDOW_SAMPLES, cut, windows

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("samples", [1, 400, WINDOW_SAMPLES, WHOLE_SAMPLES])
def test_short_speech_stays_whole(samples):
    assert windows(samples) == [(0, samples)]


@pytest.mark.parametrize("samples", [WHOLE_SAMPLES + 1, 48_000, 79_999, 160_000, 480_000])
def test_longer_speech_is_covered_by_windows_of_one_length(samples):
    found = windows(samples)
    assert {end - start for start, end in found} == {WINDOW_SAMPLES}
    assert (found[0][0], found[-1][1]) == (0, samples)
    starts = [start for start, _ in found]
    assert all(0 < later - earlier <= HOP_SAMPLES for earlier, later in itertools.pairwise(starts))


def test_cut_stacks_what_the_ranges_say():
    sound = np.arange(70_000, dtype=np.float32)
    assert [(int(part[0]), int(part[-1]) + 1) for part in cut(sound)] == windows(70_000)


def test_the_voice_of_a_long_utterance_is_the_mean_of_its_windows(promoted_release):
    settings = open_release(promoted_release).manifest.acoustic
    model = AcousticModel(promoted_release / ACOUSTIC_FILE, settings)
    sound = np.random.default_rng(0).integers(-3000, 3000, 100_000).astype(np.int16)
    parts = [model.probabilities(sound[start:end]) for start, end in windows(len(sound))]
    np.testing.assert_allclose(model.of_utterance(sound), np.mean(parts, axis=0), atol=1e-6)
