"""How it is said: sentiment probabilities of a stretch of speech, from the released waveform-in graph."""

from pathlib import Path

import numpy as np

from undertone.audio import Floats, Samples
from undertone.labels import LABELS
from undertone.manifest import AcousticSettings, ManifestError
from undertone.onnx_session import open_session
from undertone.probabilities import Probabilities, softmax
from undertone.voice.windows import cut, mean_over_windows


class AcousticModel:
    """Input int16 samples at 16 kHz, output probabilities (3,) in the order of `undertone.labels.LABELS`.

    Raises:
        ManifestError: the graph does not take `waveform` or does not give one logit per label.
    """

    def __init__(self, path: Path, settings: AcousticSettings) -> None:
        self._session = open_session(path)
        self._settings = settings
        names = [value.name for value in self._session.get_inputs()]
        if names != ["waveform"]:
            raise ManifestError(f"{path} takes {names}; an acoustic graph takes ['waveform']")
        (logits,) = self._logits(self._waveform(np.zeros(settings.sample_rate_hz, dtype=np.int16))[None])
        if logits.shape != (len(LABELS),):
            raise ManifestError(f"{path} gives logits of shape {logits.shape} for one clip; {len(LABELS)} are expected")

    def probabilities(self, samples: Samples) -> Probabilities:
        """Return the probabilities of a window of speech, (n,) int16, heard at once; what is short is padded."""
        return softmax(self._logits(self._waveform(samples)[None])[0], self._settings.temperature)

    def of_utterance(self, samples: Samples) -> Probabilities:
        """Return the probabilities of an utterance, (n,) int16: the mean over its windows (see `cut`)."""
        return mean_over_windows(self._logits(cut(self._waveform(samples))), self._settings.temperature)

    def _waveform(self, samples: Samples) -> Floats:
        waveform = np.zeros(max(len(samples), self._settings.min_samples), dtype=np.float32)
        np.divide(samples, 32768.0, out=waveform[: len(samples)], casting="unsafe")
        return waveform

    def _logits(self, waveforms: Floats) -> Probabilities:
        (logits,) = self._session.run(["logits"], {"waveform": waveforms})
        return np.asarray(logits, dtype=np.float64)
