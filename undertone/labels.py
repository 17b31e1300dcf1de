"""The labels and their order, and how other vocabularies map onto them.

The order of `LABELS` is the order of the logits of every model and of every probability vector. Which emotion counts as
which label is a decision of the researcher and stands in params.yaml; this file only checks and applies it.
"""

from collections.abc import Mapping

LABELS = ("negative", "neutral", "positive")

# Third field of a RAVDESS file name (Livingstone & Russo 2018, PLoS ONE 13(5): e0196391).
RAVDESS_EMOTIONS = {
    "01": "neutral",
    "02": "calm",
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fearful",
    "07": "disgust",
    "08": "surprised",
}


class LabelError(ValueError):
    """A name that no label is defined for."""


def label_index(label: str) -> int:
    """Return the position of `label` in every probability vector: `label_index("neutral")` is 1."""
    try:
        return LABELS.index(label)
    except ValueError:
        raise LabelError(f"unknown label {label!r}; the labels are {', '.join(LABELS)}") from None


def emotion_of_code(code: str) -> str:
    """Return the emotion of a two-digit RAVDESS code: `emotion_of_code("05")` is "angry"."""
    try:
        return RAVDESS_EMOTIONS[code]
    except KeyError:
        raise LabelError(f"unknown RAVDESS emotion code {code!r}; known are 01 to 08") from None


def check_grouping(grouping: Mapping[str, str]) -> dict[str, str]:
    """Return `grouping` (emotion -> label) if it names each of the eight emotions once and only our labels."""
    missing = sorted(set(RAVDESS_EMOTIONS.values()) - set(grouping))
    unknown = sorted(set(grouping) - set(RAVDESS_EMOTIONS.values()))
    if missing or unknown:
        raise LabelError(f"the emotion grouping lacks {missing or 'nothing'} and names unknown {unknown or 'nothing'}")
    for label in grouping.values():
        label_index(label)
    return dict(grouping)


def label_of_model(name: str) -> str:
    """Return our label for a class name of a published sentiment model: `label_of_model("POSITIVE")` is "positive".

    Anonymous names such as "LABEL_0" are refused: nothing says what they mean.
    """
    label = {"neg": "negative", "neu": "neutral", "pos": "positive"}.get(name.casefold(), name.casefold())
    label_index(label)
    return label
