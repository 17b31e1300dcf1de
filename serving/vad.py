"""Silero voice activity detection on a stream: one speech probability per 512 samples.

The session is shared by all streams, the recurrent state belongs to one. Endpointing is in serving/endpoint.py.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contract.manifest import ManifestError
from serving.onnx_session import open_session
from serving.ring import Samples

FRAME_SAMPLES = 512
CONTEXT_SAMPLES = 64  # Silero wants the end of the previous frame before the new one
_STATE_SHAPE = (1, 1, 128)


class SileroModel:
    """The Silero v6 graph: inputs `input` (1, 576), `h` and `c` (1, 1, 128); outputs probability and the new state."""

    def __init__(self, path: Path) -> None:
        self.session = open_session(path)
        inputs = sorted(value.name for value in self.session.get_inputs())
        if inputs != ["c", "h", "input"]:
            raise ManifestError(f"{path} has inputs {inputs}; a Silero VAD graph has c, h and input")


class VadStream:
    """The state of one stream. The drift of endless streams is cut by `reset`, never inside an utterance."""

    def __init__(self, model: SileroModel) -> None:
        self._session = model.session
        self._input: NDArray[np.float32] = np.zeros((1, CONTEXT_SAMPLES + FRAME_SAMPLES), dtype=np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget what was heard, but for the 64 samples of context."""
        self._h = np.zeros(_STATE_SHAPE, dtype=np.float32)
        self._c = np.zeros(_STATE_SHAPE, dtype=np.float32)

    def probability(self, frame: Samples) -> float:
        """Return the speech probability of the next frame, (512,) int16 at 16 kHz."""
        self._input[0, :CONTEXT_SAMPLES] = self._input[0, -CONTEXT_SAMPLES:]
        np.divide(frame, 32768.0, out=self._input[0, CONTEXT_SAMPLES:], casting="unsafe")
        output, self._h, self._c = self._session.run(None, {"input": self._input, "h": self._h, "c": self._c})
        return float(output.reshape(-1)[0])
