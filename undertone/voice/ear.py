"""The recogniser's own ear: how something is said, from what the recogniser's encoder made of the sound anyway.

Its graph is the file ear.onnx of a release, which may have none:

    encoding (n, width) float32    `pooled` of undertone/words/engines/pooling.py; the only input
    logits (n, 3) float32          in the order of LABELS; their softmax is the probabilities, tempered in the graph
    residual (n, width) float32    the encoding without the emotions heard in it; only where the manifest has a `prior`

An encoding means something to the weights alone that made it; with those of another recogniser the ear is silent.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertone.labels import LABELS
from undertone.manifest import EarSettings, ManifestError
from undertone.onnx_session import open_session
from undertone.probabilities import Probabilities, softmax

Encoding = NDArray[np.float32]  # (width,)


class Ear:
    """Input an encoding (width,), output probabilities (3,) in the order of `undertone.labels.LABELS`.

    Raises:
        ManifestError: the graph takes something else, does not give one logit per label, or lacks the residual.
    """

    def __init__(self, path: Path, settings: EarSettings) -> None:
        self._session = open_session(path)
        self.settings = settings
        inputs = {value.name: value.shape for value in self._session.get_inputs()}
        if list(inputs) != ["encoding"]:
            raise ManifestError(f"{path} takes {list(inputs)}; an ear takes ['encoding']")
        if not isinstance(width := inputs["encoding"][-1], int):
            raise ManifestError(f"{path} does not say how wide an encoding is: (n, {width})")
        self._width = width
        self._check("logits", len(LABELS), path)
        if settings.prior is not None:
            self._check("residual", self._width, path)

    def hears(self, encoder: str | None) -> bool:
        """Return whether an encoding that weights with the sha256 `encoder` made means something to it."""
        return silence(self.settings, encoder) is None

    def probabilities(self, encoding: Encoding) -> Probabilities:
        """Return the probabilities of one utterance."""
        return softmax(self._run("logits", encoding)[0])

    def residual(self, encoding: Encoding) -> Encoding:
        """Return `encoding` without the emotions heard in it: what tells of the speaker. Only with a `prior`."""
        return self._run("residual", encoding)[0]

    def _run(self, output: str, encoding: Encoding) -> NDArray[np.float32]:
        return np.asarray(self._session.run([output], {"encoding": encoding[None]})[0])

    def _check(self, output: str, size: int, path: Path) -> None:
        if output not in [value.name for value in self._session.get_outputs()]:
            raise ManifestError(f"{path} gives no {output}")
        shape = self._run(output, np.zeros(self._width, dtype=np.float32)).shape
        if shape != (1, size):
            raise ManifestError(f"{path} gives {output} of shape {shape} for one encoding, not {(1, size)}")


def silence(settings: EarSettings | None, encoder: str | None) -> str | None:
    """Return why the ear of a release is silent beside a recogniser with the weights `encoder`; None: it hears."""
    if settings is None:
        return "the release has no ear"
    if encoder is None:
        return "the recogniser has no encoder"
    if encoder != settings.recogniser_sha256:
        return "the recogniser is another one than the ear was trained on"
    return None


def describe_ear(settings: EarSettings | None, encoder: str | None) -> dict[str, Any]:
    """Return what `/info` and `session.created` say of it: `{"active": true}`, or `false` and the `reason`."""
    reason = silence(settings, encoder)
    return {"active": True} if reason is None else {"active": False, "reason": reason}
