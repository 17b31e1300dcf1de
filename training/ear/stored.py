"""Heads as files: the arrays and numbers of a head in one npz; the same head gives the same bytes."""

from dataclasses import asdict
from pathlib import Path

import numpy as np

from training.ear.head import Head
from training.files import existing


def save_head(head: Head, path: Path) -> None:
    """Write `head` in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    with partial.open("wb") as file:
        np.savez(file, **asdict(head))
    partial.replace(path)


def load_head(path: Path) -> Head:
    """Return the head that `save_head` wrote.

    Raises:
        SystemExit: the file is missing; the message names the stage that makes it.
    """
    with np.load(existing(path)) as stored:
        fields = {name: stored[name] for name in stored.files}
    return Head(
        **{name: value for name, value in fields.items() if value.ndim and name != "labels"},
        labels=tuple(fields["labels"].tolist()),
        familiar=float(fields["familiar"]),
        temperature=float(fields["temperature"]),
    )
