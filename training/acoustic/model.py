"""The acoustic networks by name, the plain baseline among them, and their checkpoint file.

They know nothing of waveforms (training/features/mfcc.py, export/acoustic/waveform.py) nor of how they are fitted
(training/acoustic/recipes.py).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from training.acoustic.resnet import ResNet
from training.acoustic.strangeness import TemperedNet
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


ARCHITECTURES: dict[str, type[nn.Module]] = {"baseline": Baseline, "resnet": ResNet}


def check_architecture(arch: str) -> str:
    """Return `arch`, which is `model.arch` of params.yaml, if there is such an architecture."""
    if arch not in ARCHITECTURES:
        raise ValueError(f"model.arch is {arch!r}; known architectures are {', '.join(ARCHITECTURES)}")
    return arch


def save_checkpoint(model: nn.Module, arch: str, settings: Mapping[str, Any], path: Path) -> None:
    """Write weights and the arguments that rebuild the network; the same weights give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"arch": check_architecture(arch), "settings": dict(settings), "state": model.state_dict()}, path)


def load_checkpoint(path: Path) -> nn.Module:
    """Return the network of `path` in evaluation mode.

    Raises:
        SystemExit: the file is missing; the message names the stage that makes it.
    """
    if not path.is_file():
        raise SystemExit(f"{path} not found: it is made by `dvc repro train`")
    content = torch.load(path, map_location="cpu", weights_only=True)
    model = ARCHITECTURES[check_architecture(content["arch"])](**content["settings"])
    model.load_state_dict(content["state"])
    if isinstance(model, ResNet) and "strangeness" in content:
        return TemperedNet(model, **content["strangeness"]).eval()
    return model.eval()


def save_tempered(checkpoint: Path, strangeness: Mapping[str, Any], path: Path) -> None:
    """Write the network of `checkpoint` with what flattens it on strange speech (training/acoustic/strangeness.py)."""
    torch.save(
        {**torch.load(checkpoint, map_location="cpu", weights_only=True), "strangeness": dict(strangeness)}, path
    )
