"""The plots of a cross-validation as CSV for `dvc plots`: reliability, confusion, UAR by noise and by window."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from contract.labels import LABELS
from training.conditions import NOISES
from training.crossval_scores import Heard, calibrated
from training.metrics_files import write_rows

FOLDER = Path("plots")
BINS = 15


def write_plots(heard: Mapping[str, Heard], section: Mapping[str, Any], folder: Path = FOLDER) -> None:
    """Write crossval_{noise,window,reliability,confusion}.csv; `heard` is keyed by architecture."""
    write_rows(folder / "crossval_noise.csv", [_noise_row(heard, snr_db) for snr_db in section["snrs_db"]])
    write_rows(folder / "crossval_window.csv", [_window_row(heard, window_s) for window_s in section["windows_s"]])
    write_rows(folder / "crossval_reliability.csv", reliability(heard))
    chosen = heard["resnet"] if "resnet" in heard else next(iter(heard.values()))
    predicted = chosen.logits["whole"].argmax(axis=1)
    pairs = zip(chosen.actual, predicted, strict=True)
    write_rows(folder / "crossval_confusion.csv", [{"actual": LABELS[a], "predicted": LABELS[p]} for a, p in pairs])


def reliability(heard: Mapping[str, Heard]) -> list[dict[str, Any]]:
    """Return a row per bin of confidence: its middle, each network's accuracy there ("" without clips), the ideal."""
    middles = (np.arange(BINS) + 0.5) / BINS
    columns = {arch: _accuracy_by_confidence(own) for arch, own in heard.items()}
    return [
        {"confidence": float(middle), **{arch: column[b] for arch, column in columns.items()}, "ideal": float(middle)}
        for b, middle in enumerate(middles)
        if middle > 1 / len(LABELS)
    ]


def _accuracy_by_confidence(heard: Heard) -> list[float | str]:
    probabilities = calibrated(heard)
    bins = np.minimum((probabilities.max(axis=1) * BINS).astype(int), BINS - 1)
    correct = probabilities.argmax(axis=1) == heard.actual
    return [float(correct[bins == b].mean()) if (bins == b).any() else "" for b in range(BINS)]


def _noise_row(heard: Mapping[str, Heard], snr_db: float) -> dict[str, Any]:
    uars = {f"{arch}_{kind}": own.uar(f"{kind}_{snr_db:g}dB") for arch, own in heard.items() for kind in NOISES}
    return {"snr_db": snr_db, **uars}


def _window_row(heard: Mapping[str, Heard], window_s: float) -> dict[str, Any]:
    return {"window_s": window_s, **{arch: own.uar(f"window_{window_s:g}s") for arch, own in heard.items()}}
