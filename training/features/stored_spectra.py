"""Stage `spectra`: the mel spectra of every clip at every speed, computed once; minutes of each training otherwise.

It holds what `load_spectra` of training/features/spectra.py computes, to the last bit. Run it as `python -m
training.features.stored_spectra`.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import torch
from torch import Tensor
from tqdm import tqdm

from training.corpora.ravdess.clips import Clip, load_features, load_waveform
from training.features.spectra import MelSpectra, Spectra, at_speed, load_spectra
from training.files import CLIPS, SPECTRA
from training.params import load_params
from training.tables import read_table, write_table


def store(
    clips: Sequence[Clip], speeds: Sequence[float], features: Mapping[str, Any], folder: Path, path: Path
) -> None:
    """Write the spectra of `clips`, whose waveforms lie in `folder`, at all `speeds` into the table `path`."""
    torch.set_num_threads(1)
    rows = list(_rows(clips, speeds, MelSpectra(features), folder))
    columns = {"clip": pyarrow.string(), "speed": pyarrow.float64(), "power": pyarrow.large_binary()}
    write_table(path, pyarrow.Table.from_pylist(rows, pyarrow.schema(columns)))


def _rows(clips: Sequence[Clip], speeds: Sequence[float], mel: MelSpectra, folder: Path) -> Iterator[dict[str, Any]]:
    for clip in tqdm(clips, desc="spectra", unit="clip", mininterval=1.0):
        waveform = load_waveform(clip, folder)
        for speed in speeds:
            power = mel.power(at_speed(waveform, speed, mel.rate_hz))
            yield {"clip": clip.name, "speed": speed, "power": power.numpy().astype("<f4").tobytes()}


def spectra_at_hand(
    clips: Sequence[Clip],
    emotions: Sequence[str],
    speeds: Sequence[float],
    features: Mapping[str, Any],
    folder: Path = CLIPS,
    path: Path = SPECTRA,
) -> list[Spectra]:
    """Return what `load_spectra` returns: read where `path` has it of the stage's own clips, else computed.

    A table of other settings, clips or speeds is not used.
    """
    found = _read(clips, emotions, speeds, features["n_mels"], path) if folder == CLIPS and path.is_file() else None
    return load_spectra(clips, emotions, speeds, features, folder) if found is None else found


def _read(
    clips: Sequence[Clip], emotions: Sequence[str], speeds: Sequence[float], n_mels: int, path: Path
) -> list[Spectra] | None:
    table = read_table(path, "spectra")
    keys = zip(table.column("clip").to_pylist(), table.column("speed").to_pylist(), strict=True)
    rows, power = {key: row for row, key in enumerate(keys)}, table.column("power")
    if any((clip.name, speed) not in rows for clip in clips for speed in speeds):
        return None
    found = [
        Spectra(
            emotions.index(clip.emotion),
            tuple(_power(power[rows[clip.name, speed]].as_buffer(), n_mels) for speed in speeds),
        )
        for clip in clips
    ]
    fitting = all(own.powers[0].shape[1] == len(clip.mfcc) for own, clip in zip(found, clips, strict=True))
    return found if fitting or speeds[0] != 1.0 else None


def _power(buffer: Any, n_mels: int) -> Tensor:
    """Return mel power (n_mels, frames); a copy, for what is mapped may not be written to."""
    return torch.from_numpy(np.frombuffer(buffer, dtype="<f4").reshape(n_mels, -1).copy())


if __name__ == "__main__":
    params = load_params()
    store(load_features(), params["train"]["resnet"]["speeds"], params["features"], CLIPS, SPECTRA)
