"""The frozen encoder of the recogniser that the service runs: the same weights, window and pooling."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undertone.audio import Samples
from undertone.words.engines.recogniser import load_recogniser
from undertone.words.settings import AsrSettings
from undertone.words.transcript import Recogniser


@dataclass(frozen=True)
class Encoder:
    """A recogniser of whom only the encoder is asked: its hub name, and the sha256 of its weights."""

    name: str
    sha256: str
    recogniser: Recogniser

    def encoding(self, samples: Samples) -> NDArray[np.float32]:
        """Return what it makes of a sound, (n,) int16 at 16 kHz: (width,)."""
        vector = self.recogniser.encoding(samples)
        assert vector is not None
        return vector


def load_encoder(model: str) -> Encoder:
    """Return the encoder of the recogniser `model`, a name of the hub or a folder.

    Raises:
        SystemExit: what runs has no encoder; the message says why.
    """
    recogniser = load_recogniser(AsrSettings(model=model))
    about = recogniser.description
    if about["sha256"] is None:
        raise SystemExit(f"the ear needs the encoder of {model}, but {about['engine']} runs: {about['reason']}")
    return Encoder(model, about["sha256"], recogniser)
