"""The Silero network as the speech gate calls it (undertone/gate/ears.py): one ONNX session, shared by all streams."""

from pathlib import Path

from undertone.audio import Floats
from undertone.manifest import ManifestError
from undertone.onnx_session import open_session


class SileroModel:
    """The Silero v6 graph: inputs `input` (n, 576), `h` and `c` (1, 1, 128); outputs probabilities and new state."""

    def __init__(self, path: Path) -> None:
        self.session = open_session(path)
        inputs = sorted(value.name for value in self.session.get_inputs())
        if inputs != ["c", "h", "input"]:
            raise ManifestError(f"{path} has inputs {inputs}; a Silero VAD graph has c, h and input")
        self._outputs = [value.name for value in self.session.get_outputs()]

    def __call__(self, frames: Floats, h: Floats, c: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the speech probabilities of n consecutive frames, each after its context, and the new state."""
        probabilities, h, c = self.session.run(self._outputs, {"input": frames, "h": h, "c": c})
        return probabilities, h, c
