"""The option `--release`: the folder of a release, found in a clone wherever the command runs."""

import argparse
from pathlib import Path

PROMOTED = Path("models/promoted")


def add_release(parser: argparse.ArgumentParser) -> None:
    """Add the option to `parser`."""
    parser.add_argument("--release", type=Path, default=default_release(), help="release folder (default: %(default)s)")


def default_release() -> Path:
    """Return models/promoted of the folder that the command runs in, else of the clone that undertone runs from.

    Where neither is there, it is the first, for the message that it is not.
    """
    clone = Path(__file__).resolve().parents[2] / PROMOTED
    return clone if clone.is_dir() and not PROMOTED.is_dir() else PROMOTED


def check_release(folder: Path) -> None:
    """Return where `folder` is there.

    Raises:
        SystemExit: it is not; the message says where a release comes from.
    """
    if not folder.is_dir():
        raise SystemExit(
            f"there is no release at {folder}: name its folder with --release, or get it with `dvc pull "
            "--allow-missing` in a clone of undertone"
        )
