"""The models of a release, checked and warm, that all sessions of a server share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from contract.edges import FRAME_SAMPLES
from contract.manifest import Manifest, ManifestError, load
from contract.speech_gate import SpeechGate
from serving.acoustic import AcousticModel
from serving.vad import SileroModel

ACOUSTIC_FILE = "acoustic.int8.onnx"
VAD_FILE = "silero_vad.onnx"


@dataclass(frozen=True)
class Engine:
    """What a session needs to hear: the manifest and one ONNX session for each model."""

    manifest: Manifest
    silero: SileroModel
    acoustic: AcousticModel


def check_release(folder: Path) -> Manifest:
    """Return the manifest of `folder` after checking every file; opens no model, so it may be called before a fork.

    Raises:
        contract.manifest.ReleaseError: what is wrong, and with which file.
    """
    manifest = load(folder)
    for name in (ACOUSTIC_FILE, VAD_FILE):
        if name not in manifest.files:
            raise ManifestError(f"{folder} releases no {name}, which the service needs")
    return manifest


def load_engine(folder: Path) -> Engine:
    """Check `folder`, open its models and run each once, so that the first user does not wait for it."""
    manifest = check_release(folder)
    engine = Engine(
        manifest=manifest,
        silero=SileroModel(folder / VAD_FILE),
        acoustic=AcousticModel(folder / ACOUSTIC_FILE, manifest.acoustic),
    )
    gate = SpeechGate(engine.silero)
    for _ in range(2):  # the second ear hears two frames at a time
        gate.hear(np.zeros(FRAME_SAMPLES, dtype=np.int16))
    return engine


def describe_release(manifest: Manifest) -> dict[str, Any]:
    """Return what `/info` and `session.created` say of a release: schema, version and sha256 of each model."""
    models = {name: entry.sha256 for name, entry in manifest.files.items() if name.endswith(".onnx")}
    return {"schema_version": manifest.schema_version, "version": manifest.version, "models": models}
