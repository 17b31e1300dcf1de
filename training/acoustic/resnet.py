"""The acoustic network: a residual 1D-CNN with attentive statistics pooling, over MFCC frames.

It tells the eight acted emotions apart and folds them into the three labels. Attentive statistics pooling: Okabe,
Koshinaka and Shinoda 2018, "Attentive statistics pooling for deep speaker embedding", Interspeech.
"""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from undertone.labels import LABELS, RAVDESS_EMOTIONS, label_index

EMOTIONS = tuple(RAVDESS_EMOTIONS.values())
SMALLEST_VARIANCE = 1e-4


class ResNet(nn.Module):
    """Residual 1D-CNN: input `mfcc` (batch, n_mfcc, frames), any number of frames; output logits (batch, 3).

    The mean of each coefficient over the frames given is taken off first (cepstral mean normalisation, Atal 1974):
    gain and the colour of microphone and line are constants there. The scale of each coefficient is a buffer.
    """

    scale: Tensor

    def __init__(self, n_mfcc: int, width: int, labels: Sequence[int], prior_strength: float, dropout: float) -> None:
        super().__init__()
        self.labels, self.prior_strength = tuple(labels), prior_strength
        self.register_buffer("scale", torch.ones(n_mfcc, 1))
        self.stem = ConvUnit(n_mfcc, width, kernel_size=5, stride=2)
        self.early = nn.Sequential(Residual(width), Residual(width))
        self.shrink = nn.MaxPool1d(2, ceil_mode=True)
        self.late = nn.Sequential(Residual(width), Residual(width))
        self.pool = AttentivePool(width, width // 4)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * width, len(EMOTIONS))

    def set_scale(self, std: Tensor) -> None:
        """Keep the standard deviation (n_mfcc,) of each coefficient about its clip's mean, over the training clips."""
        self.scale = std.reshape(-1, 1).clone()

    def embedding(self, mfcc: Tensor) -> Tensor:
        """Return what the head decides on (batch, 2 * width): attentive mean and standard deviation over time."""
        hidden = (mfcc - mfcc.mean(dim=2, keepdim=True)) / self.scale
        embedded: Tensor = self.pool(self.late(self.shrink(self.early(self.stem(hidden)))))
        return embedded

    def emotions(self, mfcc: Tensor) -> Tensor:
        """Return the logits (batch, 8) of the emotions, in the order of RAVDESS."""
        logits: Tensor = self.head(self.dropout(self.embedding(mfcc)))
        return logits

    def fold(self, emotions: Tensor) -> Tensor:
        """Return the logits (batch, 3) of the labels: the log of the summed probabilities of a label's emotions.

        With `prior_strength` 1 a label of four emotions has to be as probable as one of two: what UAR asks for.
        """
        groups = [[i for i, of in enumerate(self.labels) if of == label] for label in range(len(LABELS))]
        sums = [torch.logsumexp(emotions[:, own], dim=1) - self.prior_strength * math.log(len(own)) for own in groups]
        return torch.stack(sums, dim=1)

    def forward(self, mfcc: Tensor) -> Tensor:
        """Return the logits (batch, 3) of `mfcc` (batch, n_mfcc, frames)."""
        return self.fold(self.emotions(mfcc))


class ConvUnit(nn.Module):
    """Convolution that keeps the length (over `stride`), batch normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel_size: int, stride: int = 1, active: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv1d(inputs, outputs, kernel_size, stride, padding=kernel_size // 2, bias=False)
        self.norm: nn.Module = nn.BatchNorm1d(outputs)
        self.active = active

    def forward(self, hidden: Tensor) -> Tensor:
        """Map (batch, inputs, frames) to (batch, outputs, ceil(frames / stride))."""
        hidden = self.norm(self.conv(hidden))
        return hidden.relu() if self.active else hidden

    def fuse(self) -> None:
        """Fold the normalisation into the convolution; for inference only."""
        if isinstance(self.norm, nn.BatchNorm1d):
            self.conv = fuse_conv_bn_eval(self.conv, self.norm)
            self.norm = nn.Identity()


class Residual(nn.Module):
    """Two convolutions of three frames beside an identity (He et al. 2016)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = ConvUnit(width, width, 3)
        self.second = ConvUnit(width, width, 3, active=False)

    def forward(self, hidden: Tensor) -> Tensor:
        """Map (batch, width, frames) to the same shape."""
        return (hidden + self.second(self.first(hidden))).relu()


class AttentivePool(nn.Module):
    """Mean and standard deviation over time, weighted by an attention per channel: (batch, 2 * width)."""

    def __init__(self, width: int, bottleneck: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv1d(width, bottleneck, 1)
        self.score = nn.Conv1d(bottleneck, width, 1)

    def forward(self, hidden: Tensor) -> Tensor:
        """Map (batch, width, frames) to (batch, 2 * width)."""
        weights = torch.softmax(self.score(self.squeeze(hidden).relu()), dim=2)
        mean = (weights * hidden).sum(dim=2)
        variance = (weights * (hidden - mean.unsqueeze(2)).square()).sum(dim=2)
        return torch.cat([mean, variance.clamp(min=SMALLEST_VARIANCE).sqrt()], dim=1)


def labels_of_emotions(grouping: Mapping[str, str]) -> list[int]:
    """Return the label's position of each of `EMOTIONS`; `grouping` is the section `labels` of params.yaml."""
    return [label_index(grouping[emotion]) for emotion in EMOTIONS]


def fused(model: nn.Module) -> nn.Module:
    """Fold every batch normalisation of `model` into its convolution, in place, and return it in evaluation mode."""
    model.eval()
    for part in model.modules():
        if isinstance(part, ConvUnit):
            part.fuse()
    return model
