"""How it is said: sentiment probabilities of a stretch of speech, from the released waveform-in graph."""

from pathlib import Path

import numpy as np

from contract.fusion import Probabilities, softmax
from contract.labels import LABELS
from contract.manifest import AcousticSettings, ManifestError
from serving.onnx_session import open_session
from serving.ring import Samples


class AcousticModel:
    """Input int16 samples at 16 kHz, output probabilities (3,) in the order of `contract.labels.LABELS`.

    Raises:
        ManifestError: the graph does not take `waveform` or does not give one logit per label.
    """

    def __init__(self, path: Path, settings: AcousticSettings) -> None:
        self._session = open_session(path)
        self._settings = settings
        names = [value.name for value in self._session.get_inputs()]
        if names != ["waveform"]:
            raise ManifestError(f"{path} takes {names}; an acoustic graph takes ['waveform']")
        logits = self._logits(np.zeros(settings.sample_rate_hz, dtype=np.int16))
        if logits.shape != (len(LABELS),):
            raise ManifestError(f"{path} gives logits of shape {logits.shape} for one clip; {len(LABELS)} are expected")

    def probabilities(self, samples: Samples) -> Probabilities:
        """Return the probabilities of speech (n,) int16; stretches under `min_samples` are padded with silence."""
        return softmax(self._logits(samples), self._settings.temperature)

    def _logits(self, samples: Samples) -> Probabilities:
        waveform = np.zeros((1, max(len(samples), self._settings.min_samples)), dtype=np.float32)
        np.divide(samples, 32768.0, out=waveform[0, : len(samples)], casting="unsafe")
        (logits,) = self._session.run(["logits"], {"waveform": waveform})
        return np.asarray(logits[0], dtype=np.float64)
