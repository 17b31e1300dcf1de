"""The architectures: how each becomes a network, what it reads of the clips, its settings and its fitting.

    recipe = recipe_of("resnet", clips, params)
    for epoch, loss, network in recipe.fit(actors, "step one"): ...

A new one is a network (training/acoustic/network.py), a `Recipe`, its name in `RECIPES` and its section under `train`
of params.yaml; checkpoints, the cross-validation and the export find it there. `check_architecture` tells what is
missing before anything is read or fitted. Every fit starts from the seed and the threads of the section `train`. Which
actors are fitted on is decided by the caller (training/acoustic/train.py, training/crossval/run.py).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from training.acoustic.baseline import Baseline
from training.acoustic.fitting import fit_baseline
from training.acoustic.mixture import divided, draws, spectra_of, targets
from training.acoustic.network import ArchitectureError, check_network
from training.acoustic.resnet import EMOTIONS, ResNet, labels_of_emotions
from training.acoustic.resnet_fitting import fit_resnet
from training.checkpoints import Checkpoint
from training.corpora.ravdess.clips import Clip, of_actors
from training.features.spectra import MelSpectra
from training.features.stored_spectra import spectra_at_hand
from training.files import CLIPS

Fitted = Iterator[tuple[int, float, nn.Module]]
Teacher = Callable[[Sequence[Clip]], NDArray[np.float64]]  # the probabilities (clips, 8) of the emotions in clips


class Recipe(ABC):
    """One architecture with the clips it may be fitted on; `arch` and `settings` rebuild its network.

    `arch` is its name in params.yaml, `network` the class of its network. The waveforms of the clips lie in `folder`.
    What a `teacher` hears in them is told to networks that learn the emotions. Where `checkpoints` names a folder, fits
    that were interrupted go on (training/checkpoints.py).
    """

    arch: str
    network: type[nn.Module]
    checkpoints: Path | None = None

    def __init__(
        self, clips: Sequence[Clip], params: Mapping[str, Any], folder: Path = CLIPS, teacher: Teacher | None = None
    ) -> None:
        self.clips, self.params, self.folder, self.teacher = list(clips), params, folder, teacher
        self.section: dict[str, Any] = params["train"][self.arch]
        self.settings = self.settings_of(params)

    @staticmethod
    @abstractmethod
    def settings_of(params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of the network; `params` is the whole of params.yaml."""

    def fit(self, actors: Sequence[int], name: str, notes: list[Any] | None = None) -> Fitted:
        """Fit a new network on the clips of `actors`; yield (epoch, mean training loss, network) after each epoch.

        `notes` are plain rows of the caller that an interrupted fit brings back (training/checkpoints.py).

        Raises:
            SystemExit: an actor has no clip.
        """
        return self.fit_clips(of_actors(self.clips, actors), name, notes)

    def fit_clips(self, clips: Sequence[Clip], name: str, notes: list[Any] | None = None) -> Fitted:
        """As `fit`, on any of the recipe's clips: for the notebook that shows what a random split does."""
        set_deterministic(self.params["train"]["seed"], self.params["train"]["threads"])
        decisive = (
            name,
            self.arch,
            self.settings,
            self.params["train"],
            self.params["features"],
            self.params["labels"],
        )
        key = repr((decisive, [(clip.name, clip.label, clip.start_sample, clip.end_sample) for clip in clips]))
        checkpoint = Checkpoint(self.checkpoints, key, notes)
        checkpoint.decided_by(b"".join(clip.mfcc.tobytes() for clip in clips) if self.checkpoints else b"")
        yield from self._fit(self.network(**self.settings), clips, name, checkpoint)

    @abstractmethod
    def _fit(self, model: Any, clips: Sequence[Clip], name: str, checkpoint: Checkpoint) -> Fitted:
        """Fit `model`, a new network, on `clips`; yield as `fit`."""


class BaselineRecipe(Recipe):
    """The plain 1D-CNN, on the MFCC of the feature table."""

    arch = "baseline"
    network = Baseline

    @staticmethod
    def settings_of(params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the number of coefficients."""
        return {"n_mfcc": params["features"]["n_mfcc"]}

    def _fit(self, model: Any, clips: Sequence[Clip], name: str, checkpoint: Checkpoint) -> Fitted:
        return fit_baseline(model, clips, self.section, name, draws(clips), checkpoint)


class ResNetRecipe(Recipe):
    """The residual network, on augmented spectra of the clips' waveforms, told the eight emotions.

    With a teacher it is told as well what that hears in each clip (training/ear/teacher.py).
    """

    arch = "resnet"
    network = ResNet

    @staticmethod
    def settings_of(params: Mapping[str, Any]) -> dict[str, Any]:
        """Return coefficients, the label of each emotion, and what params.yaml says of the network."""
        section = params["train"]["resnet"]
        return {
            "n_mfcc": params["features"]["n_mfcc"],
            "labels": labels_of_emotions(params["labels"]),
            **{key: section[key] for key in ("width", "prior_strength", "dropout")},
        }

    def __init__(
        self, clips: Sequence[Clip], params: Mapping[str, Any], folder: Path = CLIPS, teacher: Teacher | None = None
    ) -> None:
        super().__init__(clips, params, folder, teacher)
        # Also while spectra are made: side by side, processes that take all cores wait for each other.
        torch.set_num_threads(params["train"]["threads"])
        self.mel = MelSpectra(params["features"])
        speeds, (own, others) = self.section["speeds"], divided(clips)
        spectra = spectra_at_hand(own, EMOTIONS, speeds, params["features"], folder)
        self.spectra = {clip.name: made for clip, made in zip(own, spectra, strict=True)}
        self.spectra |= {clip.name: spectra_of(clip, speeds, self.mel) for clip in others}

    def _fit(self, model: Any, clips: Sequence[Clip], name: str, checkpoint: Checkpoint) -> Fitted:
        own, others = divided(clips)  # RAVDESS first, as `targets` has them
        ordered: list[Clip] = [*own, *others]
        spectra = [self.spectra[clip.name] for clip in ordered]
        given = targets(ordered, self.teacher, self.section, self.params["labels"])
        checkpoint.decided_by(given.numpy().tobytes())
        return fit_resnet(model, spectra, given, self.mel, self.section, name, draws(ordered), checkpoint)


RECIPES: dict[str, type[Recipe]] = {recipe.arch: recipe for recipe in (BaselineRecipe, ResNetRecipe)}


def known_recipe(arch: str) -> type[Recipe]:
    """Return the recipe that is named `arch`, as `model.arch` of params.yaml is.

    Raises:
        ArchitectureError: there is none.
    """
    if arch not in RECIPES:
        raise ArchitectureError(f"model.arch is {arch!r}; known architectures are {', '.join(RECIPES)}")
    return RECIPES[arch]


def check_architecture(arch: str, params: Mapping[str, Any]) -> None:
    """Return where `arch` can be trained as `params` says: in a moment, before clips are read.

    Raises:
        SystemExit: there is no such recipe, it lacks a method, its section of params.yaml lacks a key, or its network
            does not answer as training/acoustic/network.py says.
    """
    try:
        recipe = known_recipe(arch)
        lacking = sorted(recipe.__abstractmethods__)
        if lacking:
            raise ArchitectureError(f"{arch}: {recipe.__name__} has no {', '.join(lacking)}")
        if arch not in params["train"]:
            raise ArchitectureError(f"{arch}: params.yaml has no section train.{arch}")
        check_network(recipe.network(**recipe.settings_of(params)), params["features"]["n_mfcc"], arch)
    except (ArchitectureError, AttributeError, KeyError, TypeError) as error:
        said = str(error) if isinstance(error, ArchitectureError) else f"{arch}: {type(error).__name__}: {error}"
        raise SystemExit(f"the network cannot be trained: {said}") from error


def recipe_of(
    arch: str,
    clips: Sequence[Clip],
    params: Mapping[str, Any],
    folder: Path = CLIPS,
    teacher: Teacher | None = None,
) -> Recipe:
    """Return the recipe of `arch` over `clips`, whose waveforms lie in `folder`."""
    return known_recipe(arch)(clips, params, folder, teacher)


def set_deterministic(seed: int, threads: int) -> None:
    """Seed torch and forbid what makes sums differ: other thread counts and nondeterministic kernels."""
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
