"""What the service must know of the ear: whose encoder it hears in, and how it is joined with the network."""

from collections.abc import Mapping
from typing import Any

from training.files import EAR_METRICS, read_metrics
from undertone.manifest import EarSettings


def ear_settings(params: Mapping[str, Any]) -> EarSettings:
    """Return how the ear is joined with the network, as the stage `train_ear` found.

    Raises:
        SystemExit: it has not run; the message names it.
    """
    found = read_metrics(EAR_METRICS)
    return EarSettings(
        recogniser_sha256=found["sha256"],
        recogniser=found["recogniser"],
        weight=found["weight"],
        temperature=found["joined_temperature"],
        prior=params["train_ear"]["prior"],
    )
