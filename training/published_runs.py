"""The runs of the promoted release, as a fresh clone can show them: `python -m training.published_runs`.

What git holds of them (metrics/, plots/, params.yaml) is brought into a store that has no run yet; a store with runs is
left alone. `make mlflow-ui` asks for it.
"""

import json
import sys
from pathlib import Path
from typing import Any

from training import files
from training.params import load_params
from training.tracking import STORE, log_numbers, runs_in

Run = tuple[str, tuple[str, ...], dict[str, Path], Path | None]
RUNS: tuple[Run, ...] = (
    (
        "acoustic",
        ("corpora", "labels", "features", "split", "model", "train"),
        {
            "train": files.TRAIN_METRICS,
            "acoustic": files.ACOUSTIC_METRICS,
            "voice": files.VOICE_METRICS,
            "data": files.DATA_METRICS,
        },
        files.TRAIN_CURVES,
    ),
    ("crossval", ("crossval", "model", "train"), {"crossval": files.CROSSVAL_METRICS}, None),
    ("ear", ("train_ear",), {"ear": files.EAR_METRICS, "crossval_ear": files.EARS_METRICS}, None),
    ("text", ("text",), {"text": files.TEXT_METRICS, "heard": files.HEARD_METRICS}, files.TEXT_CURVES),
    ("fusion", ("fusion",), {"fusion": files.FUSION_METRICS}, None),
)


def import_runs(root: Path = Path(), store: Path = STORE) -> int:
    """Log the runs whose numbers lie under `root` into an empty `store`; return how many, 0 where it has runs."""
    if runs_in(store):
        return 0
    params = load_params(root / "params.yaml")
    name = f"release {_version(root, params)}, from metrics/"
    made = [_log(run, root, params, store, name) for run in RUNS]
    return sum(made)


def _log(run: Run, root: Path, params: dict[str, Any], store: Path, name: str) -> bool:
    experiment, sections, numbers, curves = run
    there = {prefix: root / path for prefix, path in numbers.items() if (root / path).is_file()}
    if not there:
        return False
    drawn = root / curves if curves and (root / curves).is_file() else None
    log_numbers(experiment, {section: params[section] for section in sections}, there, drawn, store, name)
    return True


def _version(root: Path, params: dict[str, Any]) -> str:
    manifest = root / files.LIVE / "manifest.json"
    if manifest.is_file():
        return str(json.loads(manifest.read_text(encoding="utf-8"))["version"])
    return str(params["release"]["version"])


if __name__ == "__main__":
    made = import_runs()
    sys.stderr.write(f"{made} runs of the promoted release were imported\n" if made else "")
