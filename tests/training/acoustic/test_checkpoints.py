"""A fit that is interrupted goes on where it was and ends with the same weights, bit for bit."""

from pathlib import Path

import numpy as np
import pytest
import torch
from material.made_features import write_features

from training import checkpoints
from training.acoustic.recipes import recipe_of
from training.checkpoints import code_digest
from training.corpora.ravdess.clips import load_features
from training.features.spectra import Spectra
from training.params import load_params


@pytest.fixture
def clips(tmp_path: Path):
    write_features(tmp_path / "features.arrow")
    return load_features(tmp_path / "features.arrow")[::7]


@pytest.fixture(params=["baseline", "resnet"])
def fitted(request, clips, repository, tmp_path, monkeypatch):
    """Make a recipe anew, as another process does; of the resnet with spectra that no waveform stands behind."""
    monkeypatch.setattr(checkpoints, "EVERY_S", 0.0)
    monkeypatch.setattr(checkpoints.Checkpoint.__init__, "__defaults__", (None, 0.0))
    params = load_params(repository / "params.yaml")
    params["train"]["baseline"] |= {"epochs": 4}
    params["train"]["resnet"] |= {"epochs": 4, "width": 16, "speeds": [1.0], "precision": "float32", "batch_size": 16}

    def made():
        random = np.random.default_rng(0)
        stored = [
            Spectra(n % 8, (torch.from_numpy(random.random((64, 90), dtype=np.float32)),)) for n in range(len(clips))
        ]
        monkeypatch.setattr("training.acoustic.recipes.spectra_at_hand", lambda *_: stored)
        recipe = recipe_of(request.param, clips, params)
        recipe.checkpoints = tmp_path / "kept"
        return recipe

    return made


def last(steps):
    *_, (epoch, loss, network) = steps
    return epoch, loss, [value.clone() for value in network.state_dict().values()]


def test_what_was_interrupted_ends_with_the_same_weights_and_brings_its_notes_back(fitted, clips, tmp_path, capsys):
    whole = last(fitted().fit_clips(clips, "step"))
    for kept in (tmp_path / "kept").glob("*.pt"):
        kept.unlink()
    notes = []
    for epoch, _, _ in fitted().fit_clips(clips, "step", notes):
        notes.append([epoch, 0.5])
        if epoch == 3:
            break  # Ctrl-C while the third is looked at: two are kept
    capsys.readouterr()
    again: list = []
    resumed = last(fitted().fit_clips(clips, "step", again))
    assert "an interrupted fit goes on after epoch 2" in capsys.readouterr().err
    assert again == [[1, 0.5], [2, 0.5]]
    assert resumed[:2] == whole[:2]
    assert all(torch.equal(a, b) for a, b in zip(whole[2], resumed[2], strict=True))


def test_a_fit_of_other_clips_or_settings_does_not_go_on_with_it(fitted, clips, capsys):
    last(fitted().fit_clips(clips, "step"))
    capsys.readouterr()
    last(fitted().fit_clips(clips[1:], "step"))
    last(fitted().fit_clips(clips, "other step"))
    assert "goes on" not in capsys.readouterr().err


@pytest.mark.fast
def test_a_fit_does_not_go_on_with_what_other_code_began(tmp_path, monkeypatch):
    before = checkpoints.Checkpoint(tmp_path, "key").path
    assert checkpoints.Checkpoint(tmp_path, "key").path == before
    monkeypatch.setattr(checkpoints, "code_digest", lambda: "edited")
    assert checkpoints.Checkpoint(tmp_path, "key").path != before
    (tmp_path / "a.py").write_text("x = 1")
    first = code_digest(tmp_path)
    (tmp_path / "a.py").write_text("x = 2")
    assert code_digest(tmp_path) != first


@pytest.mark.fast
def test_what_ended_well_is_forgotten_and_without_a_folder_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept = checkpoints.Checkpoint(checkpoints.checkpoints_of("train"), "key", every_s=0.0)
    kept.resume()
    kept.save(1)
    assert list(checkpoints.checkpoints_of("train").glob("*.pt"))
    checkpoints.clear("train")
    assert not checkpoints.checkpoints_of("train").exists()
    checkpoints.Checkpoint(None, "key", every_s=0.0).save(1)
    assert not list(tmp_path.rglob("*.pt"))
