"""`make sweep`, its end: the experiments of DVC by their score on the validation actors, and their curves side by side.

    make sweep SWEEP="-S 'train.resnet.dropout=0.2,0.4' -S 'train.resnet.width=96,112'"

What varies is read from `dvc exp show`; the runs are in MLflow as well (`make mlflow-ui`), under the same names.
"""

import csv
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO

SCORE, PAGE = "validation.uar", "build/sweep"
ALSO = ("validation.nll.after", "validation.ece.after")
_ABOUT = {"Experiment", "rev", "typ", "Created", "parent", "State", "Executor"}
_DVC = (sys.executable, "-m", "dvc")


def compared(shown: str) -> Iterator[str]:
    """Yield the table of what `dvc exp show --csv --only-changed` wrote: the best experiment first."""
    rows = [row for row in csv.DictReader(StringIO(shown)) if row.get("Experiment") and _value(row, SCORE)]
    if not rows:
        yield f"no experiment has a {SCORE} yet: `dvc queue status` says what became of them"
        return
    knobs = [name for name in rows[0] if _is_knob(name) and len({row[name] for row in rows}) > 1]
    header = ["experiment", *knobs, SCORE, *ALSO]
    best = sorted(rows, key=lambda row: -float(_value(row, SCORE)))
    lines = [
        [row["Experiment"], *(row[name] for name in knobs), *(_rounded(row, name) for name in (SCORE, *ALSO))]
        for row in best
    ]
    widths = [max(len(line[column]) for line in [header, *lines]) for column in range(len(header))]
    for line in [header, *lines]:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def names(shown: str) -> list[str]:
    """Return the experiments in what `dvc exp show --csv` wrote."""
    return [row["Experiment"] for row in csv.DictReader(StringIO(shown)) if row.get("Experiment")]


def _is_knob(name: str) -> bool:
    made = (".json", "validation.", "temperature", "epochs", ".arrow", ".pt", "metrics/", "features/", "models/")
    return name not in _ABOUT and not any(part in name for part in made) and "." in name and "/" not in name


def _value(row: Mapping[str, str], name: str) -> str:
    return next((value for column, value in row.items() if column.endswith(name) and value), "")


def _rounded(row: Mapping[str, str], name: str) -> str:
    value = _value(row, name)
    return f"{float(value):.4f}" if value else "-"


def main(arguments: Sequence[str]) -> None:
    """Print the table; draw the curves of all experiments into one page, and open it where there is a terminal."""
    command = [*_DVC, "exp", "show", "--csv", "--only-changed", "--no-pager"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    sys.stdout.writelines(f"{line}\n" for line in compared(shown))
    if found := names(shown):
        opened = ["--open"] if sys.stdout.isatty() and not arguments else []
        subprocess.run([*_DVC, "plots", "diff", "HEAD", *found, "--out", PAGE, *opened], check=False)


if __name__ == "__main__":
    main(sys.argv[1:])
