"""What `dvc plots` and the notebook draw of a cross-validation, as CSV: each clip's answer, reliability, curves."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from training.acoustic.resnet import EMOTIONS
from training.crossval.scores import Heard, calibrated
from training.files import PLOTS
from training.metrics_files import write_rows
from training.sounds.conditions import NOISES
from undertone.labels import LABELS
from undertone.scoring.scores import by_confidence

BINS = 15


def write_plots(heard: Mapping[str, Heard], arch: str, section: Mapping[str, Any], folder: Path = PLOTS) -> None:
    """Write crossval_{noise,window,reliability}.csv of all networks, crossval_clips.csv of `arch`."""
    write_rows(folder / "crossval_noise.csv", [_noise_row(heard, snr_db) for snr_db in section["snrs_db"]])
    write_rows(folder / "crossval_window.csv", [_window_row(heard, window_s) for window_s in section["windows_s"]])
    write_rows(folder / "crossval_reliability.csv", reliability(heard))
    write_rows(folder / "crossval_clips.csv", clip_rows(heard[arch]))


def clip_rows(heard: Heard) -> list[dict[str, Any]]:
    """Return a row per clip: who said it how, and what the network that has not heard the actor answered."""
    probabilities, emotions = calibrated(heard), heard.emotion_logits
    guesses = [""] * len(heard.clips) if emotions is None else [EMOTIONS[i] for i in emotions.argmax(axis=1)]
    return [
        {
            **{key: getattr(clip, key) for key in ("name", "actor", "sex", "emotion", "intensity", "statement")},
            "actual": clip.label,
            "predicted": LABELS[int(own.argmax())],
            "predicted_emotion": guess,
            **{label: round(float(p), 3) for label, p in zip(LABELS, own, strict=True)},
        }
        for clip, own, guess in zip(heard.clips, probabilities, guesses, strict=True)
    ]


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
    _, correct, bins = by_confidence(heard.actual, calibrated(heard), BINS)
    return [float(correct[bins == b].mean()) if (bins == b).any() else "" for b in range(BINS)]


def _noise_row(heard: Mapping[str, Heard], snr_db: float) -> dict[str, Any]:
    uars = {f"{arch}_{kind}": own.uar(f"{kind}_{snr_db:g}dB") for arch, own in heard.items() for kind in NOISES}
    return {"snr_db": snr_db, **uars}


def _window_row(heard: Mapping[str, Heard], window_s: float) -> dict[str, Any]:
    return {"window_s": window_s, **{arch: own.uar(f"window_{window_s:g}s") for arch, own in heard.items()}}
