"""What was said of each recording, one row each: the table that all numbers come from."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from undertone.evaluation.items import Item
from undertone.labels import LABELS
from undertone.probabilities import label_of

LANES = {"verdict": "fused_sentiment", "voice": "audio_sentiment", "words": "text_sentiment"}
Message = Mapping[str, Any]


def predictions(items: Sequence[Item], heard: Mapping[str, Message]) -> pd.DataFrame:
    """Return a row for each of `items` that `heard` knows, by name, with what the journal has of it.

    What is said of a recording of several utterances is the mean of their vectors, each weighted by its length. Where
    no speech was found, or it could not be read, the columns of answers are missing values, and `failure` may say why;
    `damage` says what was not heard of a file that ends early or is damaged.
    """
    rows = [_row(item, heard[item.name]) for item in items if item.name in heard]
    return pd.DataFrame(rows).convert_dtypes()


def vectors(table: pd.DataFrame, lane: str) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Return what `lane` said, (rows, 3); the four decimals of the wire sum to 1 only nearly, these do."""
    said = table[[f"{lane}_{label}" for label in LABELS]].to_numpy(dtype=np.float64)
    return said / said.sum(axis=1, keepdims=True)


def _row(item: Item, entry: Message) -> dict[str, Any]:
    finals = [event for event in entry["events"] if event["type"] == "utterance.final"]
    lengths = np.array([final["end_ms"] - final["start_ms"] for final in finals], dtype=float)
    return {
        **{"audio": item.name, "label": item.label, "text": item.text, "speaker": item.speaker},
        **{f"group_{name}": value for name, value in item.groups.items()},
        **{
            "failure": entry.get("failure"),
            "damage": entry.get("damage"),
            "utterances": len(finals),
            "speech_ms": int(lengths.sum()),
        },
        **_said(finals, lengths),
        "heard": " ".join(final["text"] for final in finals if final["text"]) or None,
        "ttfm_ms": _median(entry.get("first_mood_ms")),
        "ttfs_ms": _median(entry.get("final_ms")),
    }


def _said(finals: Sequence[Message], lengths: "np.ndarray[Any, np.dtype[np.float64]]") -> dict[str, Any]:
    said: dict[str, Any] = {}
    for lane, name in LANES.items():
        spoke = [
            (final[name]["probabilities"], length) for final, length in zip(finals, lengths, strict=True) if final[name]
        ]
        said |= _mean(lane, spoke)
    if finals:
        longest = finals[int(lengths.argmax())]
        said |= {"alpha": float(np.average([final["alpha"] for final in finals], weights=lengths))}
        said |= {name: longest[name] for name in ("abstain", "agreement", "mode", "reason")}
    return said


def _mean(lane: str, spoke: Sequence[tuple[Mapping[str, float], float]]) -> dict[str, Any]:
    if not spoke:
        return {lane: None, **{f"{lane}_{label}": None for label in LABELS}}
    weights = [length for _, length in spoke]
    mean = {label: float(np.average([vector[label] for vector, _ in spoke], weights=weights)) for label in LABELS}
    return {lane: label_of(mean), **{f"{lane}_{label}": value for label, value in mean.items()}}


def _median(values: Sequence[float] | None) -> float | None:
    return float(np.median(values)) if values else None
