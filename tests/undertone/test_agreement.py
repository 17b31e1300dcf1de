"""Words and voice that contradict each other: when they do, and what it does to the verdict."""

import numpy as np
import pytest

from undertone.fusion import agree, contradiction, drawn_together, fuse_lanes, lanes_agreement, lanes_of, score
from undertone.lane import Lane
from undertone.weighting import FusionSettings

pytestmark = pytest.mark.fast

GLAD, ANGRY, CALM = [0.05, 0.15, 0.8], [0.7, 0.2, 0.1], [0.1, 0.8, 0.1]
SURELY_GLAD, SURELY_ANGRY, TORN = [0.0, 0.2, 0.8], [0.9, 0.1, 0.0], [0.44, 0.08, 0.48]


@pytest.mark.parametrize(
    ("text", "audio", "said"),
    [
        (SURELY_ANGRY, SURELY_ANGRY, True),
        (CALM, CALM, True),
        (SURELY_GLAD, SURELY_ANGRY, False),
        ([0.4, 0.6, 0.0], SURELY_GLAD, False),
        (CALM, SURELY_ANGRY, None),
        (SURELY_GLAD, CALM, None),
        ([0.3, 0.6, 0.1], SURELY_ANGRY, None),
        (TORN, SURELY_ANGRY, None),
        (None, SURELY_ANGRY, None),
    ],
)
def test_words_and_voice_agree_only_where_both_say_the_same(text, audio, said):
    assert lanes_agreement(lanes_of(text, audio)) is said


@pytest.mark.parametrize(
    ("words", "voice", "agreed"),
    [
        ([0.8, 0.1, 0.1], [0.1, 0.1, 0.8], False),
        ([0.1, 0.5, 0.4], [0.6, 0.3, 0.1], False),
        ([0.1, 0.8, 0.1], [0.6, 0.3, 0.1], True),
        ([0.3, 0.34, 0.36], [0.6, 0.3, 0.1], True),
        ([0.6, 0.3, 0.1], [0.6, 0.3, 0.1], True),
    ],
)
def test_words_and_voice_disagree_where_they_lean_to_opposite_poles(words, voice, agreed):
    assert agree(words, voice) is agreed
    assert agree(voice, words) is agreed


def fused(words, voice, contradiction, alpha=0.5):
    settings = FusionSettings(alpha=alpha, temperature=0.6, contradiction=contradiction)
    return fuse_lanes(lanes_of(words, voice), settings)[0]


def test_a_verdict_on_glad_words_in_an_angry_voice_is_less_sure():
    plain, drawn = fused(GLAD, ANGRY, 0), fused(GLAD, ANGRY, 2)
    assert drawn.max() < plain.max() - 0.05
    assert abs(score(drawn)) < abs(score(plain))
    assert drawn.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("voice", [GLAD, CALM, [0.3, 0.4, 0.3]])
def test_what_does_not_contradict_the_words_is_left_as_it_is(voice):
    np.testing.assert_array_equal(fused(GLAD, voice, 3), fused(GLAD, voice, 0))


@pytest.mark.parametrize("strength", [0.5, 1, 3, 1000])
def test_no_verdict_changes_its_label_or_its_side(strength):
    rng = np.random.default_rng(0)
    words, voices = rng.dirichlet([0.5] * 3, 2000), rng.dirichlet([0.5] * 3, 2000)
    plain, drawn = fused(words, voices, 0), fused(words, voices, strength)
    np.testing.assert_array_equal(drawn.argmax(axis=1), plain.argmax(axis=1))
    leans = [vectors[:, 2] - vectors[:, 0] for vectors in (plain, drawn)]
    np.testing.assert_array_equal(np.sign(leans[0]), np.sign(leans[1]))
    np.testing.assert_allclose(drawn.sum(axis=1), 1.0)
    assert np.all(drawn >= 0)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_one_lane_that_has_all_the_weight_keeps_its_own_vector(alpha):
    np.testing.assert_allclose(fused(GLAD, ANGRY, 3, alpha), GLAD if alpha else ANGRY)


def test_the_harder_the_contradiction_the_closer_the_poles():
    voices = [[0.4, 0.3, 0.3], [0.5, 0.3, 0.2], [0.7, 0.2, 0.1]]
    hardness = [float(contradiction(lanes_of(GLAD, voice))) for voice in voices]
    np.testing.assert_allclose(hardness, [0.1, 0.3, 0.6])
    np.testing.assert_allclose(drawn_together(np.array([0.6, 0.2, 0.2]), 0.5), [0.5, 0.2, 0.3])


def test_of_three_lanes_the_hardest_contradiction_counts_and_of_one_there_is_none():
    words, voice, face = (Lane(name, np.array(p)) for name, p in zip("abc", (GLAD, CALM, ANGRY), strict=True))
    assert contradiction([words, voice, face]) == pytest.approx(0.6)
    assert contradiction([words]) == 0
