"""`make metrics`: the numbers of metrics/ one below the other, beside those of the last commit.

make metrics                    the headline numbers, and all that changed
make metrics ARGS="text ear"    every number of these files
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from training.tracking import flatten

METRICS = Path("metrics")
HEADLINE = ("uar", "accuracy", "macro_f1", "ece", "nll", "temperature", "weight", "chosen", "clips")
_DEEPEST = 2  # dots in a name


def table(now: Mapping[str, Any], before: Mapping[str, Any], whole: bool) -> Iterator[str]:
    """Yield a line for each number of one file: its name, its value, and that of `before` where it differs."""
    old, new = dict(flatten(before)), dict(flatten(now))
    for name, value in new.items():
        changed = old.get(name) != value
        if isinstance(value, str) and not (whole or changed):
            continue
        if whole or changed or (name.count(".") < _DEEPEST and name.rpartition(".")[2] in HEADLINE):
            yield f"  {name:<54} {_short(value)}{f'   was {_short(old[name])}' if changed and name in old else ''}"


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value) if len(str(value)) <= 27 else f"{str(value)[:24]}..."  # so that two fit in a line


def committed(path: Path) -> dict[str, Any]:
    """Return what the last commit has of `path`, {} where it has nothing."""
    said = subprocess.run(["git", "show", f"HEAD:./{path.as_posix()}"], capture_output=True, text=True, check=False)
    content: dict[str, Any] = json.loads(said.stdout) if said.returncode == 0 else {}
    return content


def main(names: Sequence[str]) -> None:
    """Print the files `names`, or of all files what matters."""
    files = [METRICS / f"{name}.json" for name in names] or sorted(METRICS.glob("*.json"))
    for path in files:
        if not path.is_file():
            known = ", ".join(sorted(file.stem for file in METRICS.glob("*.json")))
            raise SystemExit(f"{path} not found; there are {known}")
        lines = list(table(json.loads(path.read_text(encoding="utf-8")), committed(path), bool(names)))
        sys.stdout.writelines(f"{line}\n" for line in [str(path), *lines] if lines)


if __name__ == "__main__":
    main(sys.argv[1:])
