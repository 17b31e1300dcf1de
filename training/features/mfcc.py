"""The acoustic features: MFCC frames of 16 kHz speech, as torchaudio computes them.

What is heard at once (a clip, or a window of the live mood) is first brought to one level, `features.level_rms`. Gain
then cancels, and the constant 1e-6 that torchaudio adds to mel power lies equally far below every voice: fainter
sounds, the room and the recorder, disappear in it. `log_mels=True` matters: with decibels a `top_db` clamp would
follow the single loudest frame.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from training.features.torchaudio_cpu import torchaudio

LOG_OFFSET = 1e-6  # what torchaudio.transforms.MFCC adds before the logarithm
SMALLEST_RMS = 1e-5  # a third of one step of 16 bits: digital silence is not made loud


class Leveller(nn.Module):
    """Waveform (..., samples) -> the same at the root mean square `level_rms`."""

    def __init__(self, level_rms: float) -> None:
        super().__init__()
        self.level_rms = level_rms

    def forward(self, waveform: Tensor) -> Tensor:
        """Return `waveform` levelled, each of a batch by itself."""
        rms = waveform.square().mean(dim=-1, keepdim=True).sqrt()
        return waveform * (self.level_rms / rms.clamp(min=SMALLEST_RMS))


def mfcc_transform(features: Mapping[str, Any]) -> nn.Sequential:
    """Return waveform (..., samples) in [-1, 1] -> MFCC (..., n_mfcc, frames), frames = 1 + samples // hop_length.

    `features` is the section of params.yaml. At least `n_fft` samples are needed (reflection padding of n_fft / 2). The
    two parts are a `Leveller` and torchaudio's own transform.
    """
    transform: nn.Module = torchaudio.transforms.MFCC(
        sample_rate=features["sample_rate_hz"],
        n_mfcc=features["n_mfcc"],
        log_mels=True,
        melkwargs={
            "n_fft": features["n_fft"],
            "hop_length": features["hop_length"],
            "n_mels": features["n_mels"],
        },
    )
    return nn.Sequential(Leveller(features["level_rms"]), transform)
