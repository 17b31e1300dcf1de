"""The files of an evaluation, each written whole or not at all."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from undertone.evaluation.disk import naming
from undertone.evaluation.items import Item
from undertone.evaluation.report import report
from undertone.evaluation.summary import summary


def write(folder: Path, table: pd.DataFrame, items: Sequence[Item], protocol: Mapping[str, Any]) -> dict[str, Any]:
    """Write predictions.parquet, summary.json and report.html into `folder`; return the summary."""
    numbers = summary(table, protocol)
    folder.mkdir(parents=True, exist_ok=True)
    _whole(folder / "predictions.parquet", table.to_parquet(index=False))
    _whole(folder / "summary.json", (json.dumps(numbers, indent=2, allow_nan=False) + "\n").encode())
    _whole(folder / "report.html", report(table, items, numbers).encode())
    return numbers


def one_line(numbers: Mapping[str, Any]) -> str:
    """Return what matters most of a summary, for a terminal."""
    counts = numbers["counts"]
    judged = f"{counts['judged']} of {counts['recordings']} judged"
    if "lanes" not in numbers:
        return judged
    verdict, voice = numbers["lanes"]["verdict"], numbers["lanes"]["voice"]
    low, high = verdict["intervals"]["uar"]["low"], verdict["intervals"]["uar"]["high"]
    speaking = numbers["abstention"]["accuracy_speaking"]
    right = "" if speaking is None else f", right where it speaks {speaking:.1%}"
    return (
        f"{judged}: UAR {verdict['uar']:.3f} [{low:.3f}, {high:.3f}] (voice alone {voice['uar']:.3f}){right}, "
        f"abstains from {numbers['abstention']['share']:.1%}"
    )


def _whole(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.part")
    try:
        with naming(path):
            beside.write_bytes(content)
            beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
