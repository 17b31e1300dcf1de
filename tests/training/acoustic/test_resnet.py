"""The residual network: what it hears, that its training repeats itself, and that it learns what tones say."""

import copy

import numpy as np
import pytest
import torch
from material.spoken_tones import write_clips

from training.acoustic.answers import answers, answers_to_waveforms
from training.acoustic.augment import Augmenter
from training.acoustic.fitting import labels_of
from training.acoustic.model import load_checkpoint, save_checkpoint
from training.acoustic.recipes import recipe_of
from training.acoustic.resnet import EMOTIONS, ResNet, fused, labels_of_emotions
from training.acoustic.resnet_fitting import targets_of
from training.corpora.ravdess.clips import load_features, load_waveform, of_actors
from training.features.extract import extract
from training.features.mfcc import mfcc_transform
from training.features.spectra import MelSpectra, at_speed, load_spectra
from training.features.stored_spectra import spectra_at_hand, store
from training.params import load_params
from undertone.labels import LABELS
from undertone.scoring.scores import uar

SMALL = {"width": 16, "epochs": 2, "speeds": [1.0, 1.1], "precision": "float32", "batch_size": 16}


@pytest.fixture(scope="module")
def params(repository):
    params = load_params(repository / "params.yaml")
    params["train"]["resnet"] |= SMALL
    return params


@pytest.fixture(scope="module")
def spoken(params, tmp_path_factory):
    """Clips of three actors, and their feature table."""
    root = tmp_path_factory.mktemp("spoken")
    write_clips(root / "ravdess", (1, 2, 3))
    extract(params, root / "ravdess", root / "features.arrow", root / "features.json")
    return load_features(root / "features.arrow"), root / "ravdess"


@pytest.fixture(scope="module")
def network(params):
    torch.manual_seed(0)
    model = ResNet(40, 16, labels_of_emotions(params["labels"]), prior_strength=1.0, dropout=0.3)
    model.set_scale(torch.full((40,), 10.0))
    return model.eval()


def clip(seconds=1.0, seed=0):
    return np.random.default_rng(seed).normal(0, 0.05, int(16_000 * seconds)).astype(np.float32)


@pytest.mark.fast
def test_mel_spectra_give_the_same_features_as_torchaudio_within_a_thousandth(params):
    mel, waveform = MelSpectra(params["features"]), clip()
    leveller, mfcc = mfcc_transform(params["features"])
    found = mel.cepstra(mel.power(leveller(torch.from_numpy(waveform)).numpy()))
    torch.testing.assert_close(found, mfcc(leveller(torch.from_numpy(waveform))), atol=1e-3, rtol=0)


@pytest.mark.fast
def test_mel_power_is_brought_to_the_level_of_waveforms_within_half_a_decibel(params):
    mel, waveform = MelSpectra(params["features"]), clip()
    leveller = mfcc_transform(params["features"])[0]
    expected = mel.power(leveller(torch.from_numpy(waveform)).numpy()).mean()
    for gain in (0.03, 1.0, 5.0):
        found = mel.levelled(mel.power(np.float32(gain) * waveform)).mean()
        assert abs(10 * torch.log10(found / expected)) < 0.5


@pytest.mark.fast
def test_a_clip_played_faster_is_shorter_and_higher():
    time_s = np.arange(16_000) / 16_000
    faster = at_speed(np.sin(2 * np.pi * 500 * time_s).astype(np.float32), 1.25, 16_000)
    assert len(faster) == pytest.approx(12_800, abs=1)
    assert np.abs(np.fft.rfft(faster)).argmax() * 16_000 / len(faster) == pytest.approx(625, abs=2)


@pytest.mark.fast
def test_louder_or_differently_coloured_speech_changes_nothing(params, network):
    loud = clip()
    quiet = answers_to_waveforms(network, [loud / 40], params["features"]).labels
    np.testing.assert_allclose(quiet, answers_to_waveforms(network, [loud], params["features"]).labels, atol=1e-3)
    mfcc = mfcc_transform(params["features"])(torch.from_numpy(loud))
    coloured = mfcc + torch.linspace(-5, 5, 40).unsqueeze(1)
    np.testing.assert_allclose(answers(network, [coloured]).labels, answers(network, [mfcc]).labels, atol=1e-4)


@pytest.mark.fast
def test_a_label_is_as_likely_as_its_emotions_together(params):
    emotions = torch.tensor([[2.0, 1.0, 0.5, 0.0, -1.0, 0.3, 0.2, -0.4]])
    labels = labels_of_emotions(params["labels"])
    counted = ResNet(40, 16, labels, prior_strength=0.0, dropout=0.0).fold(emotions)
    probabilities = torch.softmax(emotions, dim=1)[0]
    for label in range(len(LABELS)):
        own = sum(probabilities[i] for i, of in enumerate(labels) if of == label)
        assert torch.softmax(counted, dim=1)[0, label] == pytest.approx(own.item())
    balanced = ResNet(40, 16, labels, prior_strength=1.0, dropout=0.0).fold(torch.zeros(1, 8))
    np.testing.assert_allclose(torch.softmax(balanced, dim=1), 1 / 3, atol=1e-6)


@pytest.mark.fast
def test_folding_the_normalisation_into_the_convolutions_keeps_the_logits(network):
    mfcc = torch.randn(2, 40, 77) * 10
    torch.testing.assert_close(fused(copy.deepcopy(network))(mfcc), network(mfcc), atol=1e-4, rtol=0)


@pytest.mark.fast
def test_a_checkpoint_gives_the_same_network_back(network, params, tmp_path):
    settings = {"n_mfcc": 40, "width": 16, "labels": labels_of_emotions(params["labels"])}
    save_checkpoint(network, "resnet", {**settings, "prior_strength": 1.0, "dropout": 0.3}, tmp_path / "model.pt")
    mfcc = torch.randn(1, 40, 60)
    torch.testing.assert_close(load_checkpoint(tmp_path / "model.pt")(mfcc), network(mfcc))
    with pytest.raises(ValueError, match=r"transformer.*baseline, resnet"):
        save_checkpoint(network, "transformer", settings, tmp_path / "model.pt")


def test_a_batch_has_one_length_between_the_limits_and_follows_the_seed(spoken, params):
    clips, folder = spoken
    mel, section = MelSpectra(params["features"]), params["train"]["resnet"]
    spectra = load_spectra(clips[:8], EMOTIONS, section["speeds"], params["features"], folder)
    drawn = []
    for _ in range(2):
        torch.manual_seed(3)
        augmenter = Augmenter(spectra, mel, {**section, "noise_share": 1.0, "telephone_share": 0.5})
        drawn.append([augmenter.batch(range(8)) for _ in range(5)])
    shortest, longest = section["crop_frames"]
    for first, second in zip(*drawn, strict=True):
        assert shortest <= first.shape[2] <= longest
        assert torch.isfinite(first).all()
        torch.testing.assert_close(first, second, atol=0, rtol=0)
    assert len({batch.shape[2] for batch in drawn[0]}) > 1


def test_a_clip_of_digital_silence_leaves_the_babble_of_others_what_it_is(spoken, params):
    clips, folder = spoken
    mel, section = MelSpectra(params["features"]), params["train"]["resnet"]
    spectra = load_spectra(clips[:8], EMOTIONS, section["speeds"], params["features"], folder)
    spectra[0].powers[0].zero_()
    augmenter = Augmenter(spectra, mel, {**section, "noise_share": 0.5})
    torch.manual_seed(3)
    assert all(torch.isfinite(augmenter.batch(range(1, 8))).all() for _ in range(12))


@pytest.mark.fast
def test_a_clip_is_to_be_given_its_emotion_and_a_share_of_what_the_teacher_hears_in_it():
    settings, emotions = {"label_smoothing": 0.08, "teacher_share": 0.25}, torch.tensor([2, 0])
    acted = targets_of(emotions, None, settings)
    assert acted[0].tolist() == pytest.approx([0.01, 0.01, 0.93, *[0.01] * 5])
    heard = torch.full((2, 8), 1 / 8)
    torch.testing.assert_close(targets_of(emotions, heard, settings), 0.75 * acted + 0.25 * heard)


def test_another_teacher_makes_another_network(spoken, params):
    clips, folder = spoken
    weights = []
    for heard in (0, 4):
        teacher = lambda own, heard=heard: np.eye(8)[[heard] * len(own)]  # noqa: E731
        *_, (_, _, network) = recipe_of("resnet", clips, params, folder, teacher).fit((1,), "taught")
        weights.append(network.head.bias)
    assert weights[0][0] > weights[1][0]
    assert weights[0][4] < weights[1][4]


def test_the_same_clips_and_seed_give_the_same_weights_bit_for_bit(spoken, params):
    clips, folder = spoken
    weights = []
    for _ in range(2):
        *_, (_, _, network) = recipe_of("resnet", clips, params, folder).fit((1,), "again")
        weights.append(network.state_dict())
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_it_learns_from_two_voices_what_the_third_one_says(spoken, params):
    clips, folder = spoken
    longer = copy.deepcopy(params)
    longer["train"]["resnet"] |= {"epochs": 25, "width": 32, "averaging": 0.9, "noise_share": 0.0, "mixup": 0.1}
    *_, (_, _, network) = recipe_of("resnet", clips, longer, folder).fit((1, 2), "tones")
    judged = of_actors(clips, (3,))
    said = answers_to_waveforms(network, [load_waveform(c, folder) for c in judged], params["features"])
    assert uar(labels_of(judged), said.labels.argmax(axis=1)) > 0.6
    assert said.emotions.shape == (len(judged), 8)


def test_stored_spectra_are_those_computed_to_the_last_bit_and_others_are_computed(
    spoken, params, tmp_path, monkeypatch
):
    clips, folder = spoken
    monkeypatch.setattr("training.features.stored_spectra.CLIPS", folder)
    features, path = params["features"], tmp_path / "spectra.arrow"
    store(clips[:6], [1.0, 1.1], features, folder, path)
    computed = load_spectra(clips[:6], EMOTIONS, [1.0, 1.1], features, folder)
    monkeypatch.setattr("training.features.stored_spectra.load_spectra", lambda *_: "computed")
    read = spectra_at_hand(clips[:6], EMOTIONS, [1.0, 1.1], features, folder, path)
    for a, b in zip(computed, read, strict=True):
        assert a.emotion == b.emotion
        assert all(torch.equal(x, y) for x, y in zip(a.powers, b.powers, strict=True))
    for asked in ((clips[:7], [1.0]), (clips[:6], [0.9]), (clips[1:6], [1.1, 0.9])):
        assert spectra_at_hand(asked[0], EMOTIONS, asked[1], features, folder, path) == "computed"
    assert spectra_at_hand(clips[:6], EMOTIONS, [1.0], features, tmp_path, path) == "computed"
