"""A new architecture is registered in one place; what it lacks is told before any clip is read."""

import numpy as np
import onnxruntime
import pytest
import torch
from material.made_features import write_features
from torch import nn

from export.acoustic.graph import export_graph
from training.acoustic.answers import answers
from training.acoustic.fitting import labels_of, mfccs_of
from training.acoustic.model import load_checkpoint, save_checkpoint
from training.acoustic.recipes import RECIPES, Recipe, check_architecture, recipe_of
from training.acoustic.train import Inputs, train
from training.corpora.ravdess.clips import load_features
from training.params import load_params


class Mean(nn.Module):
    """The mean of the frames, and a line."""

    def __init__(self, n_mfcc):
        super().__init__()
        self.line = nn.Linear(n_mfcc, 3)

    def forward(self, mfcc):
        return self.line(mfcc.mean(dim=2))


class MeanRecipe(Recipe):
    arch = "mean"
    network = Mean

    @staticmethod
    def settings_of(params):
        return {"n_mfcc": params["features"]["n_mfcc"]}

    def _fit(self, model, clips, name, checkpoint):
        means = torch.stack([mfcc.mean(dim=1) for mfcc in mfccs_of(clips)])
        optimizer = torch.optim.Adam(model.parameters(), lr=self.section["learning_rate"])
        for epoch in range(1, 31):
            loss = nn.functional.cross_entropy(model.line(means), torch.from_numpy(labels_of(clips)))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            yield epoch, loss.item(), model


@pytest.fixture
def params(repository):
    params = load_params(repository / "params.yaml")
    params["model"]["arch"] = "mean"
    params["train"]["mean"] = {"learning_rate": 0.1}
    return params


@pytest.fixture
def registered(monkeypatch):
    """Registers a recipe, for this test."""
    return lambda recipe: monkeypatch.setitem(RECIPES, recipe.arch, recipe)


def test_a_third_architecture_goes_through_fit_checkpoint_and_export(registered, params, tmp_path):
    registered(MeanRecipe)
    write_features(tmp_path / "features.parquet")
    clips = load_features(tmp_path / "features.parquet")
    check_architecture("mean", params)
    recipe = recipe_of("mean", clips, params)
    *_, (_, _, network) = recipe.fit(range(1, 25), "mean")
    save_checkpoint(network, recipe.arch, recipe.settings, tmp_path / "model.pt")
    loaded = load_checkpoint(tmp_path / "model.pt")
    logits = answers(loaded, mfccs_of(clips)).labels
    assert (logits.argmax(axis=1) == labels_of(clips)).mean() > 0.8
    graph = export_graph(loaded, params["features"], params["export"]["opset"])
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    sound = (0.01 * np.random.default_rng(0).standard_normal((2, 8000))).astype(np.float32)
    assert session.run(None, {"waveform": sound})[0].shape == (2, 3)


class Wide(Mean):
    def forward(self, mfcc):
        return torch.cat([super().forward(mfcc)] * 2, dim=1)


class OfOneSecond(Mean):
    def forward(self, mfcc):
        return self.line(mfcc[:, :, 100])


class HalfEmotional(Mean):
    def emotions(self, mfcc):
        return self.line(mfcc.mean(dim=2))

    def fold(self, emotions):
        return emotions


@pytest.mark.fast
@pytest.mark.parametrize(
    ("network", "said"),
    [
        (Wide, r"mean: forward makes \(2, 6\) of \(2, 40, 3\), not \(2, 3\)"),
        (OfOneSecond, r"mean: forward fails on \(2, 40, 3\): index 100"),
        (HalfEmotional, r"mean: emotions makes \(2, 3\) .* not \(2, 8\)"),
        (nn.Identity, r"mean: forward makes \(2, 40, 3\)"),
        (nn.Linear, r"mean: TypeError: .*n_mfcc"),
    ],
)
def test_a_network_that_does_not_answer_as_it_must_is_told_before_clips_are_read(
    network, said, registered, params, tmp_path
):
    registered(type("Odd", (MeanRecipe,), {"network": network}))
    with pytest.raises(SystemExit, match=f"the network cannot be trained: {said}"):
        train(Inputs(params, tmp_path / "no-features.parquet"))


@pytest.mark.fast
def test_a_recipe_without_a_method_a_section_or_a_name_is_told(registered, params):
    registered(type("Bare", (Recipe,), {"arch": "mean", "network": Mean}))
    with pytest.raises(SystemExit, match="mean: Bare has no _fit, settings_of"):
        check_architecture("mean", params)
    registered(MeanRecipe)
    with pytest.raises(SystemExit, match=r"params\.yaml has no section train\.mean"):
        check_architecture("mean", {**params, "train": {}})
    with pytest.raises(SystemExit, match="'transformer'; known architectures are baseline, resnet, mean"):
        check_architecture("transformer", params)


@pytest.mark.fast
@pytest.mark.parametrize("arch", ["baseline", "resnet"])
def test_ours_pass(arch, repository):
    check_architecture(arch, load_params(repository / "params.yaml"))
