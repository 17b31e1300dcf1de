"""Writes what the stages measured: metrics as JSON, plots as CSV, each in one step."""

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def write_metrics(path: Path, content: Mapping[str, Any]) -> None:
    """Write `content` as indented JSON."""
    _replace(path, json.dumps(content, indent=2) + "\n")


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write `rows`, which share their keys, as CSV with a header; floats with six significant digits."""
    listed = [{key: _short(value) for key, value in row.items()} for row in rows]
    partial = _partial(path)
    with partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(listed[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(listed)
    partial.replace(path)


def _short(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value


def _replace(path: Path, text: str) -> None:
    partial = _partial(path)
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _partial(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(path.name + ".partial")
