"""The table of encodings: a row for each sound that the frozen encoder heard, clean or disturbed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow
from numpy.typing import NDArray

from training.files import ENCODINGS
from training.tables import read_table, write_table

CLEAN = "whole"  # the name of the same condition in training/sounds/conditions.py
SPOKEN_CONDITION = "spoken"


@dataclass(frozen=True)
class Encodings:
    """A row for each sound: `names` of clips, or of sentences with their voice, and `vectors` (rows, width)."""

    names: Sequence[str]
    conditions: Sequence[str]
    vectors: NDArray[np.float32]

    def of(self, condition: str, names: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors (names, width) of the sounds `names` under `condition`, in their order.

        Raises:
            SystemExit: there is no such row; the message names it and the stage that makes it.
        """
        rows = self._rows.get(condition, {})
        if missing := [name for name in names if name not in rows]:
            raise SystemExit(f"{ENCODINGS} has no {missing[0]} under {condition}: run `dvc repro encoder_features`")
        return self.vectors[[rows[name] for name in names]]

    def spoken(self, voices: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors (rows, width) of our sentences in any of `voices`, one voice after the other."""
        rows = self._rows[SPOKEN_CONDITION]
        return self.vectors[[row for voice in voices for name, row in rows.items() if name.startswith(f"{voice}/")]]

    @cached_property
    def _rows(self) -> dict[str, dict[str, int]]:
        """The row of each sound, by condition and name."""
        rows: dict[str, dict[str, int]] = {condition: {} for condition in self.conditions}
        for row, (name, condition) in enumerate(zip(self.names, self.conditions, strict=True)):
            rows[condition][name] = row
        return rows


def sentence_name(voice: str, sentence: str) -> str:
    """Return the name of a row of our sentences: `sentence_name("smaller", "N001")` is "smaller/N001"."""
    return f"{voice}/{sentence}"


def load_encodings(path: Path = ENCODINGS) -> Encodings:
    """Return the table that the stage wrote.

    Raises:
        SystemExit: the file is missing; the message names the stage that makes it.
    """
    table = read_table(path, "encoder_features")
    values = table.column("encoding").combine_chunks().flatten().to_numpy()
    names, under = (table.column(name).to_pylist() for name in ("name", "condition"))
    return Encodings(names, under, values.reshape(len(names), -1))


def write_encodings(path: Path, made: Encodings) -> None:
    """Write the table of the stage."""
    width = made.vectors.shape[1]
    column = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(made.vectors.ravel()), width)
    columns = {"name": made.names, "condition": made.conditions, "encoding": column}
    write_table(path, pyarrow.table(columns))
