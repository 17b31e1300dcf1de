"""The release manifest: what a release folder holds, with the sha256 of every file, and the checks made on it.

A release is a folder with `manifest.json` beside the files that it lists. The manifest says nothing of dates, revisions
or runs: the same inputs give the same bytes. It loads no models: export/release.py makes a release,
undertone/release.py opens one.

    ReleaseError
    ├── ManifestError      manifest.json is missing, malformed, or of another schema or label order
    │   └── OlderSchemaError  it was written before the present schema
    └── FileMismatchError  a listed file is missing, or its size or sha256 differs
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from undertone.gate.settings import VadSettings
from undertone.labels import LABELS

SCHEMA_VERSION = 2
MANIFEST_NAME = "manifest.json"
ACOUSTIC_FILE = "acoustic.int8.onnx"
TEXT_FILE = "text.int8.onnx"
TOKENIZER_FILE = "tokenizer.json"
VAD_FILE = "silero_vad.onnx"
EAR_FILE = "ear.onnx"  # a release may have none
CARD_FILE = "MODEL_CARD.md"
SERVED_FILES = (ACOUSTIC_FILE, VAD_FILE, TEXT_FILE, TOKENIZER_FILE)  # what the service cannot do without


class ReleaseError(ValueError):
    """A release folder cannot be used; the message names the file or key and what was expected."""


class ManifestError(ReleaseError):
    """The manifest itself is missing, malformed, or written for another schema or label order."""


class OlderSchemaError(ManifestError):
    """The release was made before the present schema: it cannot be served, and another may take its place."""


class FileMismatchError(ReleaseError):
    """A file that the manifest lists is missing or is not the one that was released."""


@dataclass(frozen=True)
class FileEntry:
    """Size in bytes and hex sha256 of one released file."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class AcousticSettings:
    """What a caller of the acoustic graph must know: input rate and minimum, MFCC settings, softmax temperature.

    The graph brings its input to `level_rms` itself.
    """

    sample_rate_hz: int
    min_samples: int
    level_rms: float
    n_mfcc: int
    n_fft: int
    hop_length: int
    n_mels: int
    temperature: float


def acoustic_settings(features: Mapping[str, Any], temperature: float) -> AcousticSettings:
    """Return what a caller of the acoustic graph must know, from the section `features` of params.yaml."""
    return AcousticSettings(
        sample_rate_hz=features["sample_rate_hz"],
        min_samples=features["n_fft"],
        level_rms=features["level_rms"],
        n_mfcc=features["n_mfcc"],
        n_fft=features["n_fft"],
        hop_length=features["hop_length"],
        n_mels=features["n_mels"],
        temperature=temperature,
    )


@dataclass(frozen=True)
class TextSettings:
    """What a caller of the text graph must know: where its texts are cut, in pieces, and its softmax temperature."""

    max_tokens: int
    temperature: float


@dataclass(frozen=True)
class EarSettings:
    """How the recogniser's ear (undertone/voice/ear.py) is joined with the acoustic graph, and whose encoder it hears.

    recogniser_sha256: of the weights that it was trained on, `recogniser` their name; with others it is silent.
    weight: of the ear in [0, 1]; the acoustic graph has the rest.
    temperature: of both joined, above 0.
    prior: utterances that a speaker's own baseline needs to count half, above 0; None: there are no baselines.
    """

    recogniser_sha256: str
    recogniser: str
    weight: float
    temperature: float
    prior: float | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for what is out of range; the message names it."""
        if not 0.0 <= self.weight <= 1.0:
            raise ValueError(f"the weight of the ear must lie in [0, 1], not {self.weight}")
        for name, value in (("temperature", self.temperature), ("prior", self.prior)):
            if value is not None and not value > 0.0:
                raise ValueError(f"the {name} of the ear must be above 0, not {value}")


@dataclass(frozen=True)
class Manifest:
    """A release: `files` by name, settings of each model, metrics with their protocol, md5 of the training data."""

    version: str
    files: dict[str, FileEntry]
    acoustic: AcousticSettings
    text: TextSettings
    vad: VadSettings
    metrics: dict[str, Any]
    data: dict[str, str]
    labels: tuple[str, ...] = LABELS
    schema_version: int = SCHEMA_VERSION
    fusion: dict[str, Any] = field(default_factory=dict)
    ear: EarSettings | None = None


def describe(path: Path) -> FileEntry:
    """Return size and sha256 of the file at `path`."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileEntry(bytes=path.stat().st_size, sha256=digest)


def save(manifest: Manifest, folder: Path) -> Path:
    """Write `manifest` into `folder` as sorted, indented JSON, without `ear` where it has none; return its path."""
    path = folder / MANIFEST_NAME
    written = {name: value for name, value in asdict(manifest).items() if name != "ear" or value is not None}
    path.write_text(json.dumps(written, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return path


def load(folder: Path) -> Manifest:
    """Read the manifest of `folder` and check it and every file it lists.

    Raises:
        ManifestError: no manifest, malformed, another schema version, another label order or count.
        FileMismatchError: a listed file is missing or changed; the message names it.
    """
    manifest = _parse(folder / MANIFEST_NAME)
    for name, expected in manifest.files.items():
        if Path(name).name != name:
            raise ManifestError(f"{folder / MANIFEST_NAME} lists {name!r}, which is not a plain file name")
        _check_file(folder / name, expected)
    return manifest


def _parse(path: Path) -> Manifest:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ManifestError(f"{path} is missing: this is not a release folder (get one with `dvc pull`)") from None
    except ValueError as error:
        raise ManifestError(f"{path} is not valid JSON: {error}") from None
    if not isinstance(raw, dict) or raw.get("schema_version") != SCHEMA_VERSION:
        found = raw.get("schema_version") if isinstance(raw, dict) else type(raw).__name__
        older = isinstance(found, int) and found < SCHEMA_VERSION
        kind = OlderSchemaError if older else ManifestError
        raise kind(f"{path}: schema_version is {found}, this undertone reads {SCHEMA_VERSION}")
    if raw.get("labels") != list(LABELS):
        raise ManifestError(f"{path}: labels are {raw.get('labels')}, expected {list(LABELS)} in this order")
    try:
        return Manifest(
            version=raw["version"],
            files={name: FileEntry(**entry) for name, entry in raw["files"].items()},
            acoustic=AcousticSettings(**raw["acoustic"]),
            text=TextSettings(**raw["text"]),
            vad=VadSettings(**raw["vad"]),
            metrics=raw["metrics"],
            data=raw["data"],
            fusion=raw["fusion"],
            ear=EarSettings(**raw["ear"]) if raw.get("ear") is not None else None,
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ManifestError(f"{path} does not follow schema {SCHEMA_VERSION}: {error}") from None


def _check_file(path: Path, expected: FileEntry) -> None:
    if not path.is_file():
        raise FileMismatchError(f"{path} is listed in the manifest but missing")
    found = describe(path)
    if found.bytes != expected.bytes:
        raise FileMismatchError(f"{path} has {found.bytes} bytes, the manifest says {expected.bytes}")
    if found.sha256 != expected.sha256:
        raise FileMismatchError(f"{path} has sha256 {found.sha256}, the manifest says {expected.sha256}")
