"""Stage `features`: every RAVDESS clip, cut to its speech, as MFCC frames in one table.

It describes clips and decides nothing: no clip is dropped, no split is made. Run it as `python -m
training.features.extract`.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import torch
from tqdm import tqdm

from training.corpora.ravdess.clips import read_clip
from training.corpora.ravdess.names import clips_in_folder, parse_name
from training.features.mfcc import mfcc_transform
from training.features.trim import silero_hears, speech_bounds
from training.files import CLIPS, FEATURES, FEATURES_METRICS
from training.metrics_files import write_metrics
from training.params import load_params
from training.tables import write_table
from undertone.labels import LABELS, check_grouping


def schema(n_mfcc: int) -> Any:
    """Return the pyarrow.Schema of the feature table; `mfcc` is a list of frames, each of `n_mfcc` numbers."""
    text, number, flag = pyarrow.string(), pyarrow.int32(), pyarrow.bool_()
    return pyarrow.schema(
        {
            "clip": text,
            "actor": number,
            "sex": text,
            "emotion": text,
            "intensity": text,
            "statement": number,
            "repetition": number,
            "label": text,
            "heard": flag,
            "start_sample": number,
            "end_sample": number,
            "frames": number,
            "mfcc": pyarrow.list_(pyarrow.list_(pyarrow.float32(), n_mfcc)),
        }
    )


def describe_clip(name: str, folder: Path, transform: torch.nn.Module, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of the feature table for one clip of `folder`, and whether Silero alone hears speech in it."""
    waveform = read_clip(name, folder)
    bounds = speech_bounds(waveform, params["vad"])
    mfcc = transform(torch.from_numpy(waveform[bounds.start : bounds.end])).T.numpy()
    clip = parse_name(name)
    return {
        "clip": name,
        "actor": clip.actor,
        "sex": clip.sex,
        "emotion": clip.emotion,
        "intensity": clip.intensity,
        "statement": clip.statement,
        "repetition": clip.repetition,
        "label": params["labels"][clip.emotion],
        "heard": bounds.heard,
        "heard_by_silero": silero_hears(waveform),
        "start_sample": bounds.start,
        "end_sample": bounds.end,
        "frames": len(mfcc),
        "mfcc": list(mfcc),
    }


def extract(
    params: Mapping[str, Any], clips: Path = CLIPS, output: Path = FEATURES, metrics: Path = FEATURES_METRICS
) -> None:
    """Write the feature table of all clips under `clips` to `output`, and what it holds to `metrics`.

    Raises:
        SystemExit: there are no clips.
    """
    names = sorted(clips_in_folder(clips)) if clips.is_dir() else []
    if not names:
        raise SystemExit(f"no clips in {clips}/: they are made by `dvc repro download`")
    check_grouping(params["labels"])
    torch.set_num_threads(1)
    transform = mfcc_transform(params["features"])
    progress = tqdm(names, desc="features", unit="clip", mininterval=1.0)
    rows = [describe_clip(name, clips, transform, params) for name in progress]
    write_table(output, pyarrow.Table.from_pylist(rows, schema(params["features"]["n_mfcc"])))
    write_metrics(metrics, summarise(rows, params["features"]["sample_rate_hz"]))


def summarise(rows: list[dict[str, Any]], rate_hz: int) -> dict[str, Any]:
    """Return the counts and kept durations that metrics/features.json holds."""
    kept_s = np.array([row["end_sample"] - row["start_sample"] for row in rows]) / rate_hz
    labels = Counter(row["label"] for row in rows)
    return {
        "clips": len(rows),
        "clips_per_label": {label: labels[label] for label in LABELS},
        "kept_s": {"min": kept_s.min(), "median": float(np.median(kept_s)), "max": kept_s.max()},
        "unheard_clips": [row["clip"] for row in rows if not row["heard"]],
        "unheard_by_silero_alone": [row["clip"] for row in rows if not row["heard_by_silero"]],
        "heard": {emotion: heard_of(rows, emotion) for emotion in sorted({row["emotion"] for row in rows})},
    }


def heard_of(rows: list[dict[str, Any]], emotion: str) -> dict[str, dict[str, int]]:
    """Return, for each intensity of `emotion`, how many clips there are and how many the gate and Silero alone hear."""
    counts = {}
    for intensity in ("normal", "strong"):
        clips = [row for row in rows if (row["emotion"], row["intensity"]) == (emotion, intensity)]
        if clips:
            gate, silero = sum(row["heard"] for row in clips), sum(row["heard_by_silero"] for row in clips)
            counts[intensity] = {"clips": len(clips), "gate": gate, "silero_alone": silero}
    return counts


if __name__ == "__main__":
    extract(load_params())
