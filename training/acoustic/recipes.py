"""How each architecture becomes a network: what it reads of the clips, its settings and its fitting, by one interface.

    recipe = recipe_of("resnet", clips, params)
    for epoch, loss, network in recipe.fit(actors, "step one"): ...

Every fit starts from the seed and the threads of the section `train`. Which actors are fitted on is decided by the
caller (training/acoustic/train.py, training/crossval/run.py).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from training.acoustic.fitting import fit_baseline
from training.acoustic.model import ARCHITECTURES, check_architecture
from training.acoustic.resnet import EMOTIONS, labels_of_emotions
from training.acoustic.resnet_fitting import fit_resnet
from training.corpora.ravdess.clips import Clip
from training.features.spectra import MelSpectra, load_spectra
from training.files import CLIPS

Fitted = Iterator[tuple[int, float, nn.Module]]


class Recipe(ABC):
    """One architecture with the clips it may be fitted on; `arch` and `settings` rebuild its network."""

    arch: str
    settings: dict[str, Any]

    def __init__(self, clips: Sequence[Clip], params: Mapping[str, Any]) -> None:
        self.clips, self.params = list(clips), params
        self.section: dict[str, Any] = params["train"][self.arch]

    def fit(self, actors: Sequence[int], name: str) -> Fitted:
        """Fit a new network on the clips of `actors`; yield (epoch, mean training loss, network) after each epoch.

        Raises:
            SystemExit: an actor has no clip.
        """
        return self.fit_clips(of_actors(self.clips, actors), name)

    def fit_clips(self, clips: Sequence[Clip], name: str) -> Fitted:
        """As `fit`, on any of the recipe's clips: for the notebook that shows what a random split does."""
        set_deterministic(self.params["train"]["seed"], self.params["train"]["threads"])
        model = ARCHITECTURES[self.arch](**self.settings)
        yield from self._fit(model, clips, name)

    @abstractmethod
    def _fit(self, model: Any, clips: Sequence[Clip], name: str) -> Fitted: ...


class BaselineRecipe(Recipe):
    """The plain 1D-CNN, on the MFCC of the feature table."""

    arch = "baseline"

    def __init__(self, clips: Sequence[Clip], params: Mapping[str, Any], folder: Path = CLIPS) -> None:
        super().__init__(clips, params)
        self.settings = {"n_mfcc": params["features"]["n_mfcc"]}

    def _fit(self, model: Any, clips: Sequence[Clip], name: str) -> Fitted:
        return fit_baseline(model, clips, self.section, name)


class ResNetRecipe(Recipe):
    """The residual network, on augmented spectra of the clips' waveforms, told the eight emotions."""

    arch = "resnet"

    def __init__(self, clips: Sequence[Clip], params: Mapping[str, Any], folder: Path = CLIPS) -> None:
        super().__init__(clips, params)
        self.settings = {
            "n_mfcc": params["features"]["n_mfcc"],
            "labels": labels_of_emotions(params["labels"]),
            **{key: self.section[key] for key in ("width", "prior_strength", "dropout")},
        }
        # Also while spectra are made: side by side, processes that take all cores wait for each other.
        torch.set_num_threads(params["train"]["threads"])
        self.mel = MelSpectra(params["features"])
        spectra = load_spectra(clips, EMOTIONS, self.section["speeds"], params["features"], folder)
        self.spectra = {clip.name: own for clip, own in zip(clips, spectra, strict=True)}

    def _fit(self, model: Any, clips: Sequence[Clip], name: str) -> Fitted:
        return fit_resnet(model, [self.spectra[clip.name] for clip in clips], self.mel, self.section, name)


RECIPES: dict[str, type[BaselineRecipe] | type[ResNetRecipe]] = {
    recipe.arch: recipe for recipe in (BaselineRecipe, ResNetRecipe)
}


def recipe_of(
    arch: str, clips: Sequence[Clip], params: Mapping[str, Any], folder: Path = CLIPS
) -> BaselineRecipe | ResNetRecipe:
    """Return the recipe of `arch` over `clips`, whose waveforms lie in `folder`."""
    return RECIPES[check_architecture(arch)](clips, params, folder)


def set_deterministic(seed: int, threads: int) -> None:
    """Seed torch and forbid what makes sums differ: other thread counts and nondeterministic kernels."""
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)


def of_actors(clips: Sequence[Clip], actors: Sequence[int]) -> list[Clip]:
    """Return the clips that any of `actors` spoke.

    Raises:
        SystemExit: an actor has no clip.
    """
    missing = sorted(set(actors) - {clip.actor for clip in clips})
    if missing:
        raise SystemExit(f"the feature table has no clips of the actors {missing}: run `dvc repro features`")
    return [clip for clip in clips if clip.actor in actors]
