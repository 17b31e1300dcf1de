"""Gives a published classifier our three labels: reorders its own, or adds the neutral band that it lacks."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax
from torch import nn
from transformers import DistilBertForSequenceClassification

from training.text.model import column_labels, label_config
from undertone.labels import LABELS

Logits = NDArray[np.float64]
Labels = NDArray[np.int64]


def neutral_band(negative: NDArray[np.float64], positive: NDArray[np.float64], actual: Labels) -> tuple[float, float]:
    """Return temperature and width of the neutral band of a two-label model, fitted on rows with all three labels.

    Davidson 1970, "On extending the Bradley-Terry model to accommodate ties" (JASA 65): a tie has the odds
    nu * sqrt(p_negative * p_positive). In logits: neutral is (negative + positive) / 2 + width with
    width = T * log(nu), and the probabilities are softmax(logits / T).
    Texts with |positive - negative| < 2 * width come out neutral.
    """

    def loss(point: NDArray[np.float64]) -> float:
        temperature, width = float(np.exp(point[0])), float(point[1])
        logits = np.stack([negative, (negative + positive) / 2 + width, positive], axis=1)
        return -float(log_softmax(logits / temperature, axis=1)[np.arange(len(actual)), actual].mean())

    found = minimize(loss, x0=np.array([1.0, 0.0]), method="Nelder-Mead")
    return float(np.exp(found.x[0])), float(found.x[1])


def with_our_labels(
    model: DistilBertForSequenceClassification, dev_logits: Logits, actual: Labels
) -> DistilBertForSequenceClassification:
    """Return `model` with a head of our three labels: rows reordered, or the neutral band added to two of them.

    The head stays linear, so that export and service see a plain three-label classifier.
    """
    columns = column_labels(model.config.id2label)
    negative, positive = columns.index("negative"), columns.index("positive")
    weight, bias = model.classifier.weight.detach(), model.classifier.bias.detach()
    if "neutral" in columns:
        order = [columns.index(label) for label in LABELS]
        weight, bias = weight[order], bias[order]
    else:
        _, width = neutral_band(dev_logits[:, negative], dev_logits[:, positive], actual)
        both = [negative, positive]
        weight = torch.stack([weight[negative], weight[both].mean(dim=0), weight[positive]])
        bias = torch.stack([bias[negative], bias[both].mean() + width, bias[positive]])
    head = nn.Linear(weight.shape[1], len(LABELS))
    head.load_state_dict({"weight": weight.contiguous(), "bias": bias.contiguous()})
    model.classifier, model.num_labels = head, len(LABELS)
    for name, value in label_config().items():
        setattr(model.config, name, value)
    return model
