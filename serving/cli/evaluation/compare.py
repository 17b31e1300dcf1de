"""`undertone compare`: what one evaluation has more than another, and whether that is chance."""

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from serving.cli.evaluation.libraries import check_libraries
from serving.cli.options.parser import USAGE, exit_codes

if TYPE_CHECKING:
    import pandas as pd

    from undertone.evaluation.compare import Comparison

WORSE = 3
_CODES = {0: "B is not worse by more than --fail-if-worse allows", WORSE: "it is", USAGE: "they cannot be compared"}
_SHOWN = 20
_NAMES = {"uar": "UAR", "accuracy": "accuracy", "macro-f1": "macro-F1"}


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "compare",
        help="compare two evaluations of the same recordings",
        description="Shows what evaluation B has more than A, with the 95 %% interval of a paired bootstrap, and which "
        "verdicts changed.",
        epilog=exit_codes(_CODES),
    )
    for name in ("A", "B"):
        parser.add_argument(name.lower(), type=Path, metavar=name, help="a folder that `undertone evaluate` wrote")
    worse_help = "exit with 3 where B has so much less: UAR:0.01; several may be named"
    parser.add_argument("--fail-if-worse", type=_limit, nargs="+", default=[], metavar="SCORE:X", help=worse_help)
    parser.set_defaults(run=run, parser=parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the comparison; return the exit code."""
    check_libraries(arguments.parser)
    from undertone.evaluation.compare import CompareError, compare

    try:
        comparison = compare(*(_table(folder) for folder in (arguments.a, arguments.b)))
    except (CompareError, OSError) as refused:
        arguments.parser.error(str(refused))
    sys.stdout.write(_told(comparison))
    worse = [name for name, most in arguments.fail_if_worse if comparison.scores[name]["difference"] < -most]
    for name in worse:
        sys.stderr.write(f"undertone compare: B is worse in {name} than allowed\n")
    return WORSE if worse else 0


def _limit(text: str) -> tuple[str, float]:
    name, _, most = text.partition(":")
    try:
        if not math.isfinite(float(most)):
            raise ValueError
        return _NAMES[name.lower()], float(most)
    except (KeyError, ValueError):
        known = ", ".join(_NAMES.values())
        raise argparse.ArgumentTypeError(f"{text} is none of {known} and a number, as UAR:0.01") from None


def _table(folder: Path) -> "pd.DataFrame":
    import pandas as pd

    path = folder / "predictions.parquet"
    if not path.is_file():
        raise OSError(f"{folder} is no evaluation: it has no {path.name}")
    return pd.read_parquet(path)


def _told(comparison: "Comparison") -> str:
    lines = [f"{comparison.recordings} recordings judged in both"]
    for name, score in comparison.scores.items():
        low, high = score["interval"]["low"], score["interval"]["high"]
        sure = "" if low <= 0 <= high else ", more than chance"
        values = f"{score['a']:.3f} -> {score['b']:.3f}  {score['difference']:+.3f}"
        lines.append(f"{name:<9} {values} [{low:+.3f}, {high:+.3f}]{sure}")
    changed = comparison.changed
    lines.append(f"{len(changed)} verdicts changed" + (":" if len(changed) else ""))
    for row in changed.head(_SHOWN).to_dict("records"):
        lines.append(f"  {row['audio']}: {row['verdict_a']} -> {row['verdict_b']} (labelled {row['label']})")
    if len(changed) > _SHOWN:
        lines.append(f"  and {len(changed) - _SHOWN} more")
    return "\n".join(lines) + "\n"
