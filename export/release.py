"""Stage `release`: gathers what is served into models/release/ with its manifest and model card.

It measures nothing: every number comes from metrics/. The same inputs give the same bytes: no date, revision or run.
Run it as `python -m export.release`; `make promote` is what makes a release live.
"""

import dataclasses
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import faster_whisper

from contract import manifest as contract_manifest
from contract.manifest import AcousticSettings, Manifest
from contract.vad import vad_settings
from export import card
from export.files import (
    ACOUSTIC_METRICS,
    DATA_METRICS,
    INT8_GRAPH,
    MAKERS,
    QUANTIZE_METRICS,
    RELEASE,
    TRAIN_METRICS,
    read_metrics,
)
from training.params import load_params

CARD = "MODEL_CARD.md"
SILERO = Path(faster_whisper.__file__).parent / "assets" / "silero_vad_v6.onnx"

# Name in the release -> the file that it is a copy of, and what makes that file.
ARTIFACTS = {
    "acoustic.int8.onnx": (INT8_GRAPH, f"`dvc repro {MAKERS[INT8_GRAPH]}`"),
    "silero_vad.onnx": (SILERO, "`pip install faster-whisper==1.2.1`, which carries it"),
}


def build_release(params: Mapping[str, Any], folder: Path = RELEASE) -> Manifest:
    """Write the release into `folder`, which is replaced as a whole, and return its manifest.

    Raises:
        SystemExit: an artifact or a metrics file is missing; the message names it and what makes it.
    """
    for source, maker in ARTIFACTS.values():
        if not source.is_file():
            raise SystemExit(f"{source} not found: it is made by {maker}")
    data = {"ravdess_md5": read_metrics(DATA_METRICS)["data_md5"]}
    manifest = Manifest(
        version=params["release"]["version"],
        files={},
        acoustic=acoustic_settings(params["features"], read_metrics(TRAIN_METRICS)["temperature"]),
        vad=vad_settings(params["vad"]),
        metrics={"acoustic": acoustic_metrics()},
        data=data,
    )
    text = card.render(manifest, params["labels"], data["ravdess_md5"])
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=".release-") as scratch:
        fresh = Path(scratch) / folder.name
        fresh.mkdir()
        manifest = _fill(fresh, manifest, text)
        if folder.exists():
            shutil.rmtree(folder)
        fresh.rename(folder)
    return manifest


def acoustic_settings(features: Mapping[str, int], temperature: float) -> AcousticSettings:
    """Return what a caller of the acoustic graph must know, from the section `features` of params.yaml."""
    return AcousticSettings(
        sample_rate_hz=features["sample_rate_hz"],
        min_samples=features["n_fft"],
        n_mfcc=features["n_mfcc"],
        n_fft=features["n_fft"],
        hop_length=features["hop_length"],
        n_mels=features["n_mels"],
        temperature=temperature,
    )


def acoustic_metrics() -> dict[str, Any]:
    """Return the numbers of the acoustic model with their protocol, joined from the stages that measured them."""
    scores, int8 = read_metrics(ACOUSTIC_METRICS), read_metrics(QUANTIZE_METRICS)
    kept = ("protocol", "uar", "uar_interval", "accuracy", "macro_f1", "recall", "nll", "ece")
    return {
        **{key: scores[key] for key in kept},
        "training_protocol": read_metrics(TRAIN_METRICS)["protocol"],
        "int8_agreement": int8["agreement"],
        "int8_uar": int8["int8"]["uar"],
        "bytes": int8["bytes"]["int8"],
    }


def _fill(folder: Path, manifest: Manifest, text: str) -> Manifest:
    for name, (source, _) in ARTIFACTS.items():
        shutil.copyfile(source, folder / name)
    (folder / CARD).write_text(text, encoding="utf-8")
    files = {name: contract_manifest.describe(folder / name) for name in [*ARTIFACTS, CARD]}
    complete = dataclasses.replace(manifest, files=files)
    contract_manifest.save(complete, folder)
    return contract_manifest.load(folder)


if __name__ == "__main__":
    build_release(load_params())
