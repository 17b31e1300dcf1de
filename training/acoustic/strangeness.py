"""How far speech is from what the voice was trained on, and how much flatter its answer is for it.

Acted speech of one studio is a small place, and a network is as sure outside of it as inside. The distance is a log
ratio of densities (Bickel, Bruckner and Scheffer 2009, "Discriminative learning under covariate shift", JMLR 10): a
logistic regression, on what the network decides on, that tells the clips it learned from and neutral speech that it
never heard apart. Its probability s divides the logits by 1 + steepness * max(0, s - familiar), which moves no label.

A density alone does not do it: in cepstra as well as in the embedding, read speech lies in the middle of acted speech.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from training.acoustic.network import Embedding

Embeddings = NDArray[np.float64]


class TemperedNet(nn.Module):
    """A network whose logits are the flatter the stranger the speech is: `mfcc` in, logits (batch, 3) out."""

    weight: Tensor
    minus_bias: Tensor
    familiar: Tensor
    minus_steepness: Tensor

    def __init__(self, network: Embedding, weight: Tensor, bias: float, familiar: float, steepness: float) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("weight", weight.clone())
        # Negated, for sums in the graph would be rounded to 8 bits with the network's own, and differences are not.
        self.register_buffer("minus_bias", torch.tensor(-bias))
        self.register_buffer("familiar", torch.tensor(familiar))
        self.register_buffer("minus_steepness", torch.tensor(-steepness))

    def strangeness(self, embedded: Tensor) -> Tensor:
        """Return s in (0, 1) of embeddings (batch, 2 * width): (batch, 1)."""
        return torch.sigmoid((embedded * self.weight).sum(dim=1, keepdim=True) - self.minus_bias)

    def forward(self, mfcc: Tensor) -> Tensor:
        """Return the logits (batch, 3) of `mfcc` (batch, n_mfcc, frames)."""
        embedded = self.network.embedding(mfcc)
        logits = self.network.fold(self.network.head(embedded))
        beyond = (self.strangeness(embedded) - self.familiar).clamp(min=0.0)
        return logits / (1.0 - self.minus_steepness * beyond)


def fit_strangeness(known: Embeddings, strange: Embeddings, strength: float) -> tuple[NDArray[np.float64], float]:
    """Return weight (d,) and bias that tell embeddings `known` (n, d) from `strange` (m, d); both sides count alike.

    `strength` is the inverse of the regularisation, `C` of scikit-learn; the scaling is folded in.
    """
    scaler = StandardScaler().fit(np.concatenate([known, strange]))
    sides = np.repeat([0, 1], [len(known), len(strange)])
    model = LogisticRegression(C=strength, class_weight="balanced", max_iter=2000)
    model.fit(scaler.transform(np.concatenate([known, strange])), sides)
    weight = model.coef_[0] / scaler.scale_
    return weight, float(model.intercept_[0] - weight @ scaler.mean_)


def described(weight: NDArray[np.float64], bias: float, familiar: float, steepness: float) -> dict[str, Any]:
    """Return what a checkpoint keeps to rebuild the network."""
    return {"weight": torch.from_numpy(weight).float(), "bias": bias, "familiar": familiar, "steepness": steepness}
