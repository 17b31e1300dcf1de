"""What a network answers, clip by clip as in service: logits of the labels, and of the emotions if it tells them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from training.acoustic.network import Emotional
from training.features.mfcc import mfcc_transform

Logits = NDArray[np.float32]


@dataclass(frozen=True)
class Answers:
    """Logits (clips, 3) of the labels, and (clips, 8) of the emotions of a network that tells them apart."""

    labels: Logits
    emotions: Logits | None


@torch.no_grad()
def answers(model: nn.Module, mfccs: Iterable[Tensor]) -> Answers:
    """Return what `model` answers to each of `mfccs` (n_mfcc, frames), unpadded, in their order."""
    model.eval()
    if not isinstance(model, Emotional):
        return Answers(torch.cat([model(mfcc.unsqueeze(0)) for mfcc in mfccs]).numpy(), None)
    emotions = torch.cat([model.emotions(mfcc.unsqueeze(0)) for mfcc in mfccs])
    return Answers(model.fold(emotions).numpy(), emotions.numpy())


def answers_to_waveforms(
    model: nn.Module, waveforms: Iterable[NDArray[np.float32]], features: Mapping[str, Any]
) -> Answers:
    """Return what `model` answers to each of `waveforms` (samples,), 16 kHz in [-1, 1]."""
    transform = mfcc_transform(features)
    return answers(model, (transform(torch.from_numpy(waveform)) for waveform in waveforms))
