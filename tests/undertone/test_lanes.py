"""The fusion over named lanes: of words and voice the numbers that it always gave, of more what the formula says."""

import numpy as np
import pytest

from undertone.fusion import abstains, agree, fuse_lanes, fused_many, lanes_abstain, lanes_of, verdict_of
from undertone.labels import LABELS
from undertone.lane import VOICE, WORDS, Lane
from undertone.weighting import SURE, FusionSettings, entropy, weight, weights

pytestmark = pytest.mark.fast

GLAD, ANGRY, FLAT = [0.05, 0.15, 0.8], [0.7, 0.2, 0.1], [0.3, 0.4, 0.3]
RULES = [
    FusionSettings(),
    FusionSettings(alpha=0.0, temperature=0.4),
    FusionSettings(alpha=1.0, temperature=3.0),
    FusionSettings(adaptive=True, adaptive_alpha=0.85, sharpness=0.5, polarity=1.5, temperature=0.72),
    FusionSettings(adaptive=True, adaptive_alpha=0.02, sharpness=7.0, temperature=0.05, abstain_below=0.5),
    FusionSettings(adaptive=True, sharpness=0.0, temperature=20.0, abstain_below=0.4),
]
ADAPTIVE = RULES[3]


def the_two_lane_formula(text, audio, settings):
    """Return the fused vectors and the weights of the words, written down for two lanes only."""
    alpha = np.full(text.shape[:-1], settings.alpha)
    if settings.adaptive:
        certain = np.maximum(entropy(text), SURE)
        preference = settings.sharpness * (np.log(np.maximum(entropy(audio), SURE)) - np.log(certain))
        preference += settings.polarity * np.log(np.maximum(1.0 - text[..., LABELS.index("neutral")], SURE))
        prior = np.log(settings.adaptive_alpha / (1.0 - settings.adaptive_alpha))
        alpha = 0.5 * (1.0 + np.tanh(0.5 * (prior + preference)))
    joined = alpha[..., None] * text + (1.0 - alpha[..., None]) * audio
    text_lean, audio_lean = (vectors[..., 2] - vectors[..., 0] for vectors in (text, audio))
    less = np.minimum(np.abs(text_lean), np.abs(audio_lean))
    mixed = 4.0 * alpha * (1.0 - alpha) * (1.0 - np.where(text_lean * audio_lean > 0, less, 0.0))
    powers = joined ** (1.0 + mixed * (1.0 / settings.temperature - 1.0))[..., None]
    return powers / powers.sum(axis=-1, keepdims=True), alpha


@pytest.mark.parametrize("settings", RULES)
@pytest.mark.parametrize("concentration", [0.05, 1.0, 5.0])
def test_words_and_voice_give_the_numbers_of_the_two_lane_formula_to_the_last_digit(settings, concentration):
    text, audio = np.random.default_rng(0).dirichlet(3 * [concentration], size=(2, 400))
    fused, alpha = the_two_lane_formula(text, audio, settings)
    assert np.array_equal(fused_many(text, audio, settings), fused)
    assert np.array_equal(weights(text, audio, settings), alpha)
    for words, voice in zip(text, audio, strict=True):
        one, one_alpha = the_two_lane_formula(words, voice, settings)
        found, found_alpha, abstain = verdict_of(words, voice, settings)
        assert np.array_equal(found, one)
        assert found_alpha == one_alpha == weight(words, voice, settings)
        contradicted = settings.abstain_below > 0 and not agree(words, voice)
        assert (
            abstain is bool(contradicted or one.max() < settings.abstain_below) is abstains(words, voice, one, settings)
        )


def three(face=GLAD, confidence=1.0, words=FLAT, voice=ANGRY):
    return [Lane(WORDS, words), Lane(VOICE, voice), Lane("face", face, confidence)]


def test_three_lanes_are_weighed_by_the_stated_formula():
    fused, (of_words, of_voice, of_face) = fuse_lanes(three(confidence=0.5), ADAPTIVE)
    evidence = np.array([entropy(ANGRY) ** -0.5, 0.5 * entropy(GLAD) ** -0.5])
    voice_share, face_share = evidence / evidence.sum()
    rest = voice_share * np.array(ANGRY) + face_share * np.array(GLAD)
    trust = 1.0 / (voice_share + 0.5 * face_share)
    odds = 0.85 / 0.15 * trust * (entropy(rest) / entropy(FLAT)) ** 0.5 * 0.6**1.5
    assert of_words == pytest.approx(odds / (1 + odds))
    assert of_voice == pytest.approx((1 - of_words) * voice_share)
    assert of_face == pytest.approx((1 - of_words) * face_share)
    mixed = min(1.0, 2 * (1 - of_words**2 - of_voice**2 - of_face**2))
    powers = (of_words * np.array(FLAT) + (1 - of_words) * rest) ** (1 + mixed * (1 / 0.72 - 1))
    np.testing.assert_allclose(fused, powers / powers.sum())


def test_a_third_lane_moves_the_outcome_its_way():
    two = fuse_lanes(three()[:2], ADAPTIVE)[0]
    assert fuse_lanes(three(GLAD), ADAPTIVE)[0][2] > two[2]
    assert fuse_lanes(three(ANGRY), ADAPTIVE)[0][0] > two[0]


def test_a_lane_of_hardly_any_confidence_changes_nothing():
    two, parts = fuse_lanes(three()[:2], ADAPTIVE)
    fused, weighed = fuse_lanes(three(confidence=1e-12), ADAPTIVE)
    np.testing.assert_allclose(fused, two, atol=1e-9)
    np.testing.assert_allclose(weighed, [*parts, 0.0], atol=1e-9)


@pytest.mark.parametrize("settings", RULES)
def test_the_order_of_the_lanes_does_not_matter_and_weights_sum_to_one(settings):
    fused, parts = fuse_lanes(three(), settings)
    backwards, backward_parts = fuse_lanes(three()[::-1], settings)
    np.testing.assert_allclose(backwards, fused)
    np.testing.assert_allclose(backward_parts[::-1], parts)
    assert sum(parts) == pytest.approx(1.0)
    assert fused.sum() == pytest.approx(1.0)


def test_a_fixed_alpha_is_the_weight_of_the_words_however_many_lanes_there_are():
    assert fuse_lanes(three(), FusionSettings(alpha=0.7))[1] == pytest.approx([0.7, 0.15, 0.15])
    assert fuse_lanes(three(confidence=0.5), FusionSettings(alpha=0.7))[1] == pytest.approx([0.7, 0.2, 0.1])


def test_without_words_the_other_lanes_share_the_verdict_and_the_surer_one_counts_more():
    fused, (of_voice, of_face) = fuse_lanes(three(FLAT)[1:], ADAPTIVE)
    assert of_voice > of_face > 0
    assert fused.argmax() == 0


@pytest.mark.parametrize("said", [GLAD, [0.35, 0.3, 0.35]])
def test_three_that_say_the_same_are_sharpened_the_less_the_surer_they_are(said):
    settings = FusionSettings(alpha=1 / 3, temperature=0.5)
    left = min(1.0, 4 / 3 * (1 - (said[2] - said[0])))  # the three pairs, of weights 1/3 each
    powers = np.array(said) ** (1 + left)
    np.testing.assert_allclose(fuse_lanes(three(said, 1.0, said, said), settings)[0], powers / powers.sum())


def test_a_calm_lane_beside_a_sure_one_is_sharpened_as_the_temperature_says_and_two_sure_ones_are_not():
    settings = FusionSettings(alpha=0.5, temperature=0.5)
    sure, calm = np.array([0.02, 0.0, 0.98]), np.array([0.1, 0.8, 0.1])
    both = fuse_lanes([Lane(WORDS, sure), Lane(VOICE, sure)], settings)[0]
    assert both[2] == pytest.approx(0.98, abs=0.005)
    mean = (sure + calm) / 2
    np.testing.assert_allclose(
        fuse_lanes([Lane(WORDS, sure), Lane(VOICE, calm)], settings)[0], mean**2 / np.sum(mean**2)
    )


def test_any_two_lanes_that_contradict_each_other_make_the_verdict_abstain():
    floor = FusionSettings(abstain_below=0.1)
    assert lanes_abstain(three(GLAD, words=FLAT, voice=ANGRY), GLAD, floor)
    assert not lanes_abstain(three(ANGRY, words=FLAT, voice=ANGRY), ANGRY, floor)


def test_many_utterances_of_three_lanes_are_fused_at_once():
    rows = np.random.default_rng(1).dirichlet([1, 1, 1], size=(3, 20))
    names = (WORDS, VOICE, "face")
    together = fuse_lanes([Lane(name, of) for name, of in zip(names, rows, strict=True)], ADAPTIVE)[0]
    for index, fused in enumerate(together):
        one = [Lane(name, of[index]) for name, of in zip(names, rows, strict=True)]
        np.testing.assert_allclose(fused, fuse_lanes(one, ADAPTIVE)[0], atol=1e-12)


@pytest.mark.parametrize("confidence", [0.0, -1.0, 1.1, float("nan")])
def test_a_confidence_out_of_its_range_is_refused_with_the_name_of_the_lane(confidence):
    with pytest.raises(ValueError, match="confidence of face"):
        Lane("face", GLAD, confidence)


def test_a_lane_that_is_no_probabilities_is_refused_by_name():
    with pytest.raises(ValueError, match="face must"):
        Lane("face", [0.9, 0.9, 0.9])
    with pytest.raises(ValueError, match="text must"):
        lanes_of([0.5, 0.5], GLAD)
