"""The names of emotions that corpora publish, and which of the eight that the network learns each is.

A clone says its own in `corpora.emotions` of params.yaml; a test holds the two together. "" is none of the eight: such
recordings are not trained on.
"""

from collections.abc import Mapping

from undertone.corpora.recording import Recording
from undertone.labels import RAVDESS_EMOTIONS

LEARNT = tuple(RAVDESS_EMOTIONS.values())
EMOTIONS: Mapping[str, str] = {
    "happiness": "happy",
    "sadness": "sad",
    "anger": "angry",
    "fear": "fearful",
    "surprise": "surprised",
    "boredom": "",
}


def learnt(recording: Recording, emotions: Mapping[str, str | None] = EMOTIONS) -> str:
    """Return which of the eight emotions `recording` shows, "" where it is none of them."""
    named = recording.emotion
    return named if named in LEARNT else emotions.get(named) or ""


def label_of(recording: Recording, labels: Mapping[str, str], emotions: Mapping[str, str | None] = EMOTIONS) -> str:
    """Return our label: the published sentiment, else what `labels` says of its emotion; "" where neither does."""
    return recording.label or labels.get(learnt(recording, emotions), "")
