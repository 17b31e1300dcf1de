"""What is asked of an acoustic network, and the check of an architecture before anything is trained.

    Network      every one: MFCC in, logits of the three labels out, for any number of frames
    Emotional    one that tells the eight emotions apart and folds them into the labels; they are reported as well
    Embedding    one whose last layer decides on an embedding: it can be made flatter on strange speech

A network offers the last two by having their methods; nothing else is to be declared anywhere.
"""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from undertone.labels import LABELS, RAVDESS_EMOTIONS

FRAMES = (3, 40, 101)  # 101: what an export traces; a network may not depend on their number


class ArchitectureError(ValueError):
    """An architecture cannot be trained; the message names it and what it lacks."""


class Network(Protocol):
    """What every acoustic network does; it is a `torch.nn.Module`."""

    def forward(self, mfcc: Tensor) -> Tensor:
        """Return the logits (batch, 3) of `mfcc` (batch, n_mfcc, frames)."""


@runtime_checkable
class Emotional(Protocol):
    """A network that tells the emotions apart."""

    def emotions(self, mfcc: Tensor) -> Tensor:
        """Return the logits (batch, 8) of the emotions, in the order of RAVDESS."""

    def fold(self, emotions: Tensor) -> Tensor:
        """Return the logits (batch, 3) of the labels from those (batch, 8) of the emotions."""


@runtime_checkable
class Embedding(Protocol):
    """A network of which `fold(head(embedding(mfcc)))` are the logits of the labels."""

    head: nn.Module

    def embedding(self, mfcc: Tensor) -> Tensor:
        """Return what the head decides on, (batch, d)."""

    def fold(self, emotions: Tensor) -> Tensor:
        """Return the logits (batch, 3) of the labels from the answer of the head."""


METHODS: dict[str, tuple[type, int, Callable[[Any, Tensor], Tensor]]] = {
    "forward": (nn.Module, len(LABELS), lambda network, mfcc: network(mfcc)),
    "emotions": (Emotional, len(RAVDESS_EMOTIONS), lambda network, mfcc: network.emotions(mfcc)),
    "fold": (Emotional, len(LABELS), lambda network, mfcc: network.fold(network.emotions(mfcc))),
    "embedding": (Embedding, len(LABELS), lambda network, mfcc: network.fold(network.head(network.embedding(mfcc)))),
}


@torch.no_grad()
def check_network(network: nn.Module, n_mfcc: int, arch: str) -> None:
    """Return where `network` answers as it must, to short noise.

    Raises:
        ArchitectureError: a method fails or answers in another shape; the message says which.
    """
    network.eval()
    offered = {name: (width, answer) for name, (kind, width, answer) in METHODS.items() if isinstance(network, kind)}
    for frames in FRAMES:
        mfcc = torch.linspace(-1, 1, 2 * n_mfcc * frames).reshape(2, n_mfcc, frames)
        for name, (width, answer) in offered.items():
            try:
                shape = tuple(answer(network, mfcc).shape)
            except Exception as error:
                raise ArchitectureError(f"{arch}: {name} fails on {tuple(mfcc.shape)}: {error}") from error
            if shape != (2, width):
                raise ArchitectureError(f"{arch}: {name} makes {shape} of {tuple(mfcc.shape)}, not {(2, width)}")
