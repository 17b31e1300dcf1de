"""Mel spectra of clips at several speeds: where clips are augmented, one step before the MFCC.

Noise, gain and a telephone's band are sums and products of mel power, so a network meets new ones in every batch for
the price of a logarithm and a DCT. `cepstra` finishes what training/features/mfcc.py would have computed from the
waveform.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from training.corpora.ravdess.clips import Clip, load_waveform
from training.features.mfcc import LOG_OFFSET, mfcc_transform
from training.files import CLIPS


@dataclass(frozen=True)
class Spectra:
    """One clip for training: its emotion's position, and mel power (n_mels, frames) at each speed."""

    emotion: int
    powers: tuple[Tensor, ...]


class MelSpectra:
    """Waveform (samples,) -> mel power (n_mels, frames), and mel power -> MFCC, as training/features/mfcc.py does."""

    def __init__(self, features: Mapping[str, Any]) -> None:
        transform: Any = mfcc_transform(features)[1]
        # Parseval: the bins of a frame of white noise of unit power sum to n_fft / 2 times the window's energy.
        unit = features["n_fft"] / 2 * float(transform.MelSpectrogram.spectrogram.window.square().sum())
        self._levelled_power = features["level_rms"] ** 2 * unit
        self._mel, self._dct = transform.MelSpectrogram, transform.dct_mat.T
        self.rate_hz = features["sample_rate_hz"]
        self.filters: Tensor = transform.MelSpectrogram.mel_scale.fb  # (bins, n_mels)

    def power(self, waveform: NDArray[np.float32]) -> Tensor:
        """Return the mel power (n_mels, frames) of `waveform` (samples,) in [-1, 1]."""
        power: Tensor = self._mel(torch.from_numpy(waveform))
        return power

    def levelled(self, power: Tensor) -> Tensor:
        """Return mel power (..., n_mels, frames) at the level that training.features.mfcc brings waveforms to, nearly.

        Nearly, because mel filters leave out the lowest bins.
        """
        return power * (self._levelled_power / power.sum(dim=-2).mean(dim=-1).clamp(min=1e-12))[..., None, None]

    def cepstra(self, power: Tensor) -> Tensor:
        """Return the MFCC (..., n_mfcc, frames) of mel power (..., n_mels, frames)."""
        cepstra: Tensor = self._dct @ torch.log(power + LOG_OFFSET)
        return cepstra

    def band(self, low_hz: float, high_hz: float) -> Tensor:
        """Return the share (n_mels, 1) of each mel filter's weight that lies between `low_hz` and `high_hz`."""
        bins_hz = torch.linspace(0, self.rate_hz / 2, len(self.filters))
        inside = ((bins_hz >= low_hz) & (bins_hz <= high_hz)).float()
        return ((inside @ self.filters) / self.filters.sum(dim=0).clamp(min=1e-9)).unsqueeze(1)


def at_speed(waveform: NDArray[np.float32], speed: float, rate_hz: int) -> NDArray[np.float32]:
    """Return `waveform` (samples,) played `speed` times as fast, pitch and formants moved with it."""
    if speed == 1.0:
        return waveform
    return np.asarray(soxr.resample(waveform, speed * rate_hz, rate_hz), dtype=np.float32)


def load_spectra(
    clips: Sequence[Clip],
    emotions: Sequence[str],
    speeds: Sequence[float],
    features: Mapping[str, Any],
    folder: Path = CLIPS,
) -> list[Spectra]:
    """Return the spectra of `clips`, in their order; `emotions` gives each emotion's position."""
    mel = MelSpectra(features)
    progress = tqdm(clips, desc="spectra", unit="clip", mininterval=1.0)
    return [
        Spectra(
            emotions.index(clip.emotion),
            tuple(mel.power(at_speed(load_waveform(clip, folder), speed, mel.rate_hz)) for speed in speeds),
        )
        for clip in progress
    ]
