"""Writes the metrics files, the small JSON in `metrics/` that git keeps and that DVC, gates and model card read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_metrics(path: Path, content: Mapping[str, Any]) -> None:
    """Write `content` as indented JSON in one step, so that a file is whole or absent; the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)
