"""A voice that knows when it is guessing: flatter on strange speech, the same label, the same in the graph."""

from pathlib import Path

import numpy as np
import pytest
import torch

from export.acoustic.graph import INPUT, OUTPUT, export_graph
from export.acoustic.int8 import count_quantized, quantize_network
from export.onnx_file import session_of
from training.acoustic.calibrate import Windows, choose, flattening, strange
from training.acoustic.model import load_checkpoint, save_checkpoint, save_tempered
from training.acoustic.resnet import ResNet, labels_of_emotions
from training.acoustic.strangeness import TemperedNet, described, fit_strangeness
from training.features.mfcc import mfcc_transform
from training.params import load_params
from undertone.labels import LABELS


def two_clouds(seed: int, count: int = 200, size: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings that differ along the first axis, and of another scale on the second, which says nothing."""
    random = np.random.default_rng(seed)
    known, strange_ones = random.normal(size=(count, size)), random.normal(size=(count // 2, size))
    strange_ones[:, 0] += 4.0
    return known * [1, 50, 1, 1, 1, 1], strange_ones * [1, 50, 1, 1, 1, 1]


def windows(embeddings: np.ndarray, said: np.ndarray, sure: float) -> Windows:
    return Windows(embeddings, sure * np.eye(3)[said], np.arange(len(embeddings)))


@pytest.mark.fast
def test_strange_speech_is_told_from_known_whatever_the_scale_of_a_coefficient() -> None:
    line = fit_strangeness(*two_clouds(seed=0), strength=0.1)
    known, unknown = two_clouds(seed=1)
    assert np.median(strange(windows(known, np.zeros(200, int), 1.0), line)) < 0.2
    assert np.median(strange(windows(unknown, np.zeros(100, int), 1.0), line)) > 0.8


@pytest.mark.fast
def test_a_network_that_guesses_on_strange_speech_is_flattened_there() -> None:
    random, (known, unknown) = np.random.default_rng(2), two_clouds(seed=0)
    line = fit_strangeness(known, unknown, strength=0.1)
    actual = random.integers(0, 3, len(known))
    said = np.where(random.random(len(actual)) < 0.9, actual, (actual + 1) % 3)  # it errs at times
    acted, guessing = windows(known, said, 3.0), windows(unknown, random.integers(0, 3, len(unknown)), 3.0)
    section = {"familiar_share": 0.95, "most_sure": 0.1, "steepest": 8.0}
    chosen = choose(acted, actual, guessing, line, section)
    assert chosen["steepness"] > 0.5
    assert (flattening(acted, line, chosen["familiar"], chosen["steepness"]) > 1.0).mean() <= 0.06
    flat = flattening(guessing, line, chosen["familiar"], chosen["steepness"])
    before = guessing.probabilities(chosen["temperature"], np.ones(len(flat)))
    after = guessing.probabilities(chosen["temperature"], flat)
    assert after.max(axis=1).mean() < before.max(axis=1).mean() - 0.1
    assert (after.argmax(axis=1) == before.argmax(axis=1)).all()


@pytest.fixture(scope="module")
def params(repository: Path) -> dict:
    return load_params(repository / "params.yaml")


@pytest.fixture(scope="module")
def tempered(params: dict, tmp_path_factory: pytest.TempPathFactory) -> TemperedNet:
    """A small network through its checkpoint, with a direction that calls half of all sounds strange."""
    folder = tmp_path_factory.mktemp("tempered")
    torch.manual_seed(0)
    settings = {"n_mfcc": 40, "width": 16, "labels": labels_of_emotions(params["labels"]), "prior_strength": 1.0}
    network = ResNet(dropout=0.1, **settings)
    save_checkpoint(network, "resnet", {**settings, "dropout": 0.1}, folder / "model.pt")
    direction = described(np.linspace(-2.0, 2.0, 32), 0.3, 0.2, 3.0)
    save_tempered(folder / "model.pt", direction, folder / "tempered.pt")
    loaded = load_checkpoint(folder / "tempered.pt")
    assert isinstance(loaded, TemperedNet)
    return loaded


def test_the_label_stays_and_the_logits_are_those_of_the_network_divided(params: dict, tempered: TemperedNet) -> None:
    transform = mfcc_transform(params["features"])
    sound = torch.from_numpy(np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32))
    with torch.no_grad():
        mfcc = transform(sound).unsqueeze(0)
        plain, flat = tempered.network(mfcc), tempered(mfcc)
        s = tempered.strangeness(tempered.network.embedding(mfcc))
    assert 0.0 < float(s) < 1.0
    torch.testing.assert_close(flat, plain / (1.0 + 3.0 * (s - 0.2).clamp(min=0.0)))


def test_the_graph_flattens_as_torch_does_in_float_and_nearly_so_in_int8(params: dict, tempered: TemperedNet) -> None:
    graph = export_graph(tempered, params["features"], params["export"]["opset"])
    random = np.random.default_rng(0)
    sounds = [random.normal(0, 0.1, 24_000).astype(np.float32) for _ in range(6)]
    transform = mfcc_transform(params["features"])
    with torch.no_grad():
        wanted = np.stack([tempered(transform(torch.from_numpy(sound)).unsqueeze(0))[0].numpy() for sound in sounds])
    int8 = quantize_network(graph, sounds)
    for model, tolerance in ((graph, 1e-4), (int8, 0.3)):
        session = session_of(model)
        found = np.stack([session.run([OUTPUT], {INPUT: sound[None]})[0][0] for sound in sounds])
        assert found.shape == (6, len(LABELS))
        np.testing.assert_allclose(found, wanted, atol=tolerance)
    assert count_quantized(int8) == {"Conv": 11, "Gemm": 1}
