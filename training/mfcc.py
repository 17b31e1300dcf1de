"""The acoustic features: MFCC frames of 16 kHz speech, as torchaudio computes them.

`log_mels=True` matters: with decibels the `top_db` clamp follows the loudest frame of the clip, and the same second of
speech changes its features with what surrounds it.
"""

from collections.abc import Mapping

from torch import nn

from training.torchaudio_cpu import torchaudio


def mfcc_transform(features: Mapping[str, int]) -> nn.Module:
    """Return waveform (..., samples) in [-1, 1] -> MFCC (..., n_mfcc, frames), frames = 1 + samples // hop_length.

    `features` is the section of params.yaml. At least `n_fft` samples are needed (reflection padding of n_fft / 2).
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
    return transform
