"""The acoustic graph: waveform in, logits out, with the MFCC inside, so that serving has no second implementation.

The MFCC is written with operations that every ONNX runtime has: reflection padding, a windowed DFT as a strided
convolution, and products with the mel filter bank and the DCT. Window, filter bank and DCT are torchaudio's own. It
does not train and does not write files; see export/acoustic/graph.py.

Big constants are not stored but computed in the graph from small ones, which a runtime folds once, at load: the DFT
basis (643 kB) from 400 cosines, the mel filter bank (51 kB) from its 390 non-zero values.
"""

import math
from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.features.mfcc import LOG_OFFSET, Leveller, mfcc_transform


class WaveformMfcc(nn.Module):
    """Waveform (batch, samples) in [-1, 1] -> MFCC (batch, n_mfcc, frames), frames = 1 + samples // hop_length.

    `features` is the section of params.yaml. Needs at least `n_fft` samples. Equals training.features.mfcc within
    rounding.
    """

    cosines: Tensor
    window: Tensor
    mel_positions: Tensor
    mel_values: Tensor
    dct: Tensor

    def __init__(self, features: Mapping[str, Any]) -> None:
        super().__init__()
        self.leveller, reference = cast(tuple[Leveller, Any], tuple(mfcc_transform(features)))
        self.n_fft, self.hop_length = features["n_fft"], features["hop_length"]
        self.register_buffer("cosines", _cosines(self.n_fft))
        self.register_buffer("window", reference.MelSpectrogram.spectrogram.window.clone())
        filters = reference.MelSpectrogram.mel_scale.fb.T.contiguous()  # (n_mels, bins)
        self.mel_shape = tuple(filters.shape)
        self.register_buffer("mel_positions", filters.flatten().nonzero().flatten())
        self.register_buffer("mel_values", filters.flatten()[self.mel_positions])
        self.register_buffer("dct", reference.dct_mat.T.contiguous())  # (n_mfcc, n_mels)

    def forward(self, waveform: Tensor) -> Tensor:
        """Return the MFCC (batch, n_mfcc, frames) of `waveform` (batch, samples)."""
        levelled = self.leveller(waveform).unsqueeze(1)
        padded = functional.pad(levelled, (self.n_fft // 2, self.n_fft // 2), mode="reflect")
        spectrum = functional.conv1d(padded, self.dft_basis(), stride=self.hop_length)
        real, imaginary = spectrum.square().chunk(2, dim=1)
        mel = self.mel_filters() @ (real + imaginary)
        return self.dct @ torch.log(mel + LOG_OFFSET)

    def dft_basis(self) -> Tensor:
        """Return the windowed DFT (2 * bins, 1, n_fft): the cosine rows of all bins, then the sine rows.

        cos(2 pi k n / N) depends on k n mod N alone, so that N cosines hold the whole matrix.
        """
        bins, samples = torch.arange(self.n_fft // 2 + 1), torch.arange(self.n_fft)
        phase = torch.remainder(bins.unsqueeze(1) * samples, self.n_fft)
        quarter_back = torch.remainder(phase + self.n_fft - self.n_fft // 4, self.n_fft)  # sin(x) = cos(x - pi / 2)
        return (self.cosines[torch.cat([phase, quarter_back])] * self.window).unsqueeze(1)

    def mel_filters(self) -> Tensor:
        """Return the mel filter bank (n_mels, bins)."""
        empty = torch.zeros(math.prod(self.mel_shape))
        return empty.scatter(0, self.mel_positions, self.mel_values).reshape(self.mel_shape)


class WaveformNet(nn.Module):
    """Waveform (batch, samples) -> logits (batch, 3): the MFCC, then any `network` that maps MFCC to logits."""

    def __init__(self, features: Mapping[str, Any], network: nn.Module) -> None:
        super().__init__()
        self.features = WaveformMfcc(features)
        self.network = network

    def forward(self, waveform: Tensor) -> Tensor:
        """Return the logits of `waveform`, every sample of which counts as speech."""
        return self.network(self.features(waveform))


def _cosines(n_fft: int) -> Tensor:
    if n_fft % 4:
        raise ValueError(f"features.n_fft is {n_fft}; it must be a multiple of 4: sines are read from the cosine table")
    return torch.cos(2 * math.pi * torch.arange(n_fft, dtype=torch.float64) / n_fft).float()
