"""The released rule of the fusion: fixed and adaptive weight, temperature, abstention."""

import numpy as np
import pytest

from undertone.fusion import abstains, fuse, fused_many, verdict_of
from undertone.weighting import FusionSettings, entropy, fusion_settings, weight

pytestmark = pytest.mark.fast

SURE, UNSURE, UNIFORM = [0.96, 0.02, 0.02], [0.4, 0.3, 0.3], [1 / 3, 1 / 3, 1 / 3]
CERTAIN = [0.0, 0.0, 1.0]
ADAPTIVE = FusionSettings(adaptive=True, adaptive_alpha=0.6, sharpness=1.0)


def vectors(rows, seed=0):
    return np.random.default_rng(seed).dirichlet([1, 1, 1], size=rows)


def test_a_manifest_without_fusion_means_the_defaults():
    assert fusion_settings({}) == FusionSettings()
    np.testing.assert_allclose(verdict_of(SURE, UNSURE, FusionSettings())[0], fuse(SURE, UNSURE, 0.5))


def test_a_fixed_weight_is_the_same_for_every_utterance():
    settings = fusion_settings({"alpha": 0.7})
    assert {weight(text, audio, settings) for text in (SURE, UNIFORM) for audio in (CERTAIN, UNSURE)} == {0.7}


def test_at_half_and_one_it_is_the_published_inverse_entropy_rule():
    settings = FusionSettings(adaptive=True)
    by_text, by_audio = 1 / entropy(SURE), 1 / entropy(UNSURE)
    assert weight(SURE, UNSURE, settings) == pytest.approx(by_text / (by_text + by_audio))


def test_the_surer_one_counts_more():
    assert weight(SURE, UNSURE, ADAPTIVE) > 0.6 > weight(UNSURE, SURE, ADAPTIVE)


@pytest.mark.parametrize("both", [UNIFORM, CERTAIN, SURE])
def test_equally_sure_of_both_is_the_prior_weight(both):
    assert weight(both, both, ADAPTIVE) == pytest.approx(0.6)


def test_neutral_words_leave_the_verdict_to_a_voice_that_feels():
    settings = FusionSettings(adaptive=True, adaptive_alpha=0.7, sharpness=0.5, polarity=1.0)
    neutral, voice = [0.05, 0.9, 0.05], [0.8, 0.15, 0.05]
    alone = weight(neutral, voice, FusionSettings(adaptive=True, adaptive_alpha=0.7, sharpness=0.5))
    assert weight(neutral, voice, settings) < 0.4 * alone
    assert verdict_of(neutral, voice, settings)[0].argmax() == 0


def test_the_weight_is_the_stated_formula():
    settings = FusionSettings(adaptive=True, adaptive_alpha=0.6, sharpness=0.5, polarity=2.0)
    text, audio = [0.2, 0.5, 0.3], [0.7, 0.2, 0.1]
    odds = 0.6 / 0.4 * (entropy(audio) / entropy(text)) ** 0.5 * 0.5**2.0
    assert weight(text, audio, settings) == pytest.approx(odds / (1 + odds))


def test_certainty_against_doubt_takes_it_all_and_nothing_overflows():
    sharp = FusionSettings(adaptive=True, sharpness=200.0)
    assert weight(CERTAIN, UNIFORM, sharp) == pytest.approx(1.0)
    assert weight(UNIFORM, CERTAIN, sharp) == pytest.approx(0.0)


def test_without_sharpness_the_adaptive_weight_is_fixed():
    assert weight(SURE, UNIFORM, FusionSettings(adaptive=True, adaptive_alpha=0.3, sharpness=0)) == pytest.approx(0.3)


@pytest.mark.parametrize("settings", [ADAPTIVE, FusionSettings(alpha=0.3, temperature=0.6)])
def test_many_at_once_are_fused_as_one_by_one(settings):
    text, audio = vectors(50), vectors(50, seed=1)
    single = [verdict_of(words, voice, settings)[0] for words, voice in zip(text, audio, strict=True)]
    np.testing.assert_allclose(fused_many(text, audio, settings), single, atol=1e-12)
    np.testing.assert_allclose(np.sum(single, axis=1), 1.0)


def test_the_temperature_changes_how_sure_the_verdict_is_and_not_its_label():
    plain, sharper, softer = (verdict_of(SURE, UNSURE, FusionSettings(temperature=t))[0] for t in (1.0, 0.5, 2.0))
    assert softer.max() < plain.max() < sharper.max()
    assert softer.argmax() == plain.argmax() == sharper.argmax()


@pytest.mark.parametrize(("alpha", "alone"), [(0.0, UNSURE), (1.0, SURE)])
def test_a_session_that_wants_only_one_of_the_two_gets_it_as_it_is(alpha, alone):
    released = FusionSettings(alpha=0.5, temperature=0.3)
    np.testing.assert_allclose(verdict_of(SURE, UNSURE, released.with_alpha(alpha))[0], alone)


def test_at_equal_weights_beside_a_lane_of_no_pole_the_vector_is_raised_to_one_over_the_temperature():
    powers = fuse(SURE, UNIFORM, 0.5) ** 2
    np.testing.assert_allclose(verdict_of(SURE, UNIFORM, FusionSettings(temperature=0.5))[0], powers / powers.sum())


def test_without_words_the_voice_decides_alone_and_is_not_sharpened():
    settings = FusionSettings(alpha=0.9, temperature=0.5, abstain_below=0.5)
    fused, alpha, abstain = verdict_of(None, UNSURE, settings)
    np.testing.assert_allclose(fused, UNSURE)
    assert (alpha, abstain) == (0.0, True)


def test_a_verdict_abstains_below_the_floor_and_not_on_it():
    settings = FusionSettings(abstain_below=0.4)
    assert abstains(None, UNIFORM, UNIFORM, settings)
    assert not abstains(None, UNSURE, UNSURE, settings)
    assert not abstains(None, UNIFORM, UNIFORM, FusionSettings())


def test_a_verdict_abstains_where_words_and_voice_contradict_each_other():
    settings = FusionSettings(alpha=0.8, abstain_below=0.4)
    glad, angry = [0.02, 0.03, 0.95], [0.9, 0.05, 0.05]
    fused, _, abstain = verdict_of(glad, angry, settings)
    assert (fused.argmax(), abstain) == (2, True)
    assert not verdict_of(glad, glad, settings)[2]


def test_a_session_may_ask_for_another_alpha():
    released = FusionSettings(alpha=0.6, adaptive=True, adaptive_alpha=0.7, abstain_below=0.5)
    assert released.with_alpha(None) is released
    assert weight(SURE, UNSURE, released.with_alpha(0.25)) == 0.25
    assert released.with_alpha(0.25).abstain_below == 0.5
    assert released.with_alpha(0.25).with_alpha("adaptive").adaptive
    for wrong in (1.5, float("nan"), "often"):
        with pytest.raises(ValueError, match="alpha"):
            released.with_alpha(wrong)


@pytest.mark.parametrize(
    "section",
    [
        {"alpha": 2},
        {"sharpness": -1},
        {"polarity": -0.5},
        {"temperature": 0},
        {"abstain_below": float("nan")},
        {"adaptive_alpha": 1.0},
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(section):
    with pytest.raises(ValueError, match=next(iter(section))):
        fusion_settings(section)


def test_an_unknown_setting_is_refused_by_name():
    with pytest.raises(ValueError, match=r"fusion\.alhpa"):
        fusion_settings({"alhpa": 0.5})


def test_what_is_no_probability_vector_is_refused():
    with pytest.raises(ValueError, match="text"):
        verdict_of([0.5, 0.5], UNSURE, FusionSettings())
