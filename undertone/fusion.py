"""Late fusion of what the words say and what the voice says: the one function used for tuning and on the wire.

A fused vector is the convex combination `alpha * text + (1 - alpha) * audio` (the sum rule of Kittler, Hatef, Duin and
Matas 1998, "On combining classifiers", IEEE TPAMI 20(3), weighted). It knows nothing of models, files or messages.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from undertone.labels import LABELS

Probabilities = NDArray[np.float64]
LEAN = 0.1  # P(positive) - P(negative); less is no pole


def softmax(logits: ArrayLike, temperature: float = 1.0) -> Probabilities:
    """Return softmax(logits / temperature) over the last axis; `temperature` > 0 comes from the manifest."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    exponentials = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def fuse(text: ArrayLike | None, audio: ArrayLike, alpha: float) -> Probabilities:
    """Join two probability vectors of shape (..., 3); `alpha` in [0, 1] is the weight of the words.

    Without words (`text` is None) the voice decides alone. `fuse([1, 0, 0], [0, 0, 1], 0.75)` is [0.75, 0, 0.25].
    """
    voice = _checked(audio, "audio")
    if text is None:
        return voice
    if not 0.0 <= alpha <= 1.0:
        raise ValueError(f"alpha must lie in [0, 1], not {alpha}")
    words = _checked(text, "text")
    return np.asarray(alpha * words + (1.0 - alpha) * voice)


def score(probabilities: ArrayLike) -> float:
    """Return P(positive) - P(negative), in [-1, 1]: `score([0.2, 0.3, 0.5])` is 0.3."""
    vector = _checked(probabilities, "probabilities")
    return float(vector[LABELS.index("positive")] - vector[LABELS.index("negative")])


def agree(text: ArrayLike, audio: ArrayLike) -> bool:
    """Tell whether words and voice, vectors (3,), lean to no opposite poles.

    A vector leans to the pole that it gives more, if that is more than `LEAN` ahead of the other: what is called
    neutral may lean. `agree([0.1, 0.5, 0.4], [0.6, 0.3, 0.1])` is False.
    """
    words, voice = score(text), score(audio)
    return not (words * voice < 0 and min(abs(words), abs(voice)) > LEAN)


def _checked(vector: ArrayLike, name: str) -> Probabilities:
    array = np.asarray(vector, dtype=np.float64)
    if array.shape[-1:] != (len(LABELS),):
        raise ValueError(f"{name} must have {len(LABELS)} probabilities in its last axis, not shape {array.shape}")
    if not np.allclose(array.sum(axis=-1), 1.0, atol=1e-3) or (array < 0).any():
        raise ValueError(f"{name} must be probabilities that sum to 1, not {array.tolist()}")
    return array
