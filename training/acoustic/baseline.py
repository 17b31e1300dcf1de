"""The plain network that every other is compared with. How it is fitted stands in training/acoustic/fitting.py."""

import torch
from torch import Tensor, nn

from undertone.labels import LABELS


class Baseline(nn.Module):
    """Two convolutions and a masked global average: the smallest 1D-CNN worth comparing with.

    Input `mfcc` (batch, n_mfcc, frames); output logits (batch, 3). Features are standardised with the training mean and
    standard deviation of each coefficient, which travel in the weights as buffers.
    """

    def __init__(self, n_mfcc: int = 40) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_mfcc, 1))
        self.register_buffer("std", torch.ones(n_mfcc, 1))
        self.conv1 = nn.Conv1d(n_mfcc, 64, kernel_size=3, padding=1)
        self.conv2 = nn.Conv1d(64, 128, kernel_size=3, padding=1)
        self.pool = nn.MaxPool1d(2, ceil_mode=True)
        self.head = nn.Linear(128, len(LABELS))

    def set_normalisation(self, mean: Tensor, std: Tensor) -> None:
        """Keep mean and standard deviation, each (n_mfcc,), of the frames of the training clips."""
        self.mean = mean.reshape(-1, 1).clone()
        self.std = std.reshape(-1, 1).clone()

    def forward(self, mfcc: Tensor, frames: Tensor | None = None) -> Tensor:
        """Return logits (batch, 3); `frames` (batch,) counts the valid frames of each padded clip, None means all."""
        hidden = (mfcc - self.mean) / self.std
        if frames is None:
            hidden = self.pool(self.conv1(hidden).relu())
            return self.head(self.conv2(hidden).relu().mean(dim=2))
        # Padding must read as the zeros that a convolution pads with, or a clip's logits would depend on its batch.
        hidden = self.pool(self.conv1(hidden * _mask(frames, hidden)).relu() * _mask(frames, hidden))
        kept = (frames + 1) // 2
        mask = _mask(kept, hidden)
        hidden = self.conv2(hidden * mask).relu() * mask
        return self.head(hidden.sum(dim=2) / kept.unsqueeze(1))


def _mask(frames: Tensor, like: Tensor) -> Tensor:
    positions = torch.arange(like.shape[2], device=like.device)
    return (positions.unsqueeze(0) < frames.unsqueeze(1)).to(like.dtype).unsqueeze(1)
