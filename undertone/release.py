"""The models of a release, checked and warm, that all sessions of a server share."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from undertone.gate.ears import SpeechGate
from undertone.gate.edges import FRAME_SAMPLES
from undertone.gate.silero import SileroModel
from undertone.manifest import ACOUSTIC_FILE, SERVED_FILES, VAD_FILE, Manifest, ManifestError, load
from undertone.stream.ring import Samples
from undertone.stream.utterance import Voice
from undertone.voice.acoustic import AcousticModel
from undertone.weighting import FusionSettings, fusion_settings


@dataclass(frozen=True)
class Engine:
    """What a session needs to hear and to judge: the manifest, one ONNX session for each model, the fusion's rule."""

    manifest: Manifest
    fusion: FusionSettings
    silero: SileroModel
    acoustic: AcousticModel

    def voice(self, samples: Samples) -> Voice:
        """Return what the voice says in an utterance, (n,) int16 at 16 kHz."""
        began_s = time.perf_counter()
        audio = self.acoustic.of_utterance(samples)
        return Voice(audio, 1000 * (time.perf_counter() - began_s))


def check_release(folder: Path) -> Manifest:
    """Return the manifest of `folder` after checking every file; opens no model, so it may be called before a fork.

    Raises:
        undertone.manifest.ReleaseError: what is wrong, and with which file.
    """
    manifest = load(folder)
    for name in SERVED_FILES:
        if name not in manifest.files:
            raise ManifestError(f"{folder} releases no {name}, which the service needs")
    _fusion(manifest, folder)
    return manifest


def _fusion(manifest: Manifest, folder: Path) -> FusionSettings:
    try:
        return fusion_settings(manifest.fusion)
    except (ValueError, TypeError) as error:
        raise ManifestError(f"{folder}: {error}") from None


def load_engine(folder: Path) -> Engine:
    """Check `folder`, open its models and run each once, so that the first user does not wait for it."""
    manifest = check_release(folder)
    engine = Engine(
        manifest=manifest,
        fusion=_fusion(manifest, folder),
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
