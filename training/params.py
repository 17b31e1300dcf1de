"""Reads params.yaml, the one home of every knob."""

from pathlib import Path
from typing import Any

import yaml

PARAMS_FILE = Path("params.yaml")


def load_params(path: Path = PARAMS_FILE) -> dict[str, Any]:
    """Return the whole of params.yaml.

    Raises:
        SystemExit: there is no such file where the command runs.
    """
    if not path.is_file():
        raise SystemExit(f"{path} not found: run this from the root of the repository")
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(params, dict):
        raise SystemExit(f"{path} must hold sections of parameters, not {type(params).__name__}")
    return params
