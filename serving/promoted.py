"""Where the promoted release is: found in a clone wherever a command runs."""

from pathlib import Path

PROMOTED = Path("models/promoted")


def default_release() -> Path:
    """Return models/promoted of the folder that the command runs in, else of the clone that undertone runs from.

    Where neither is there, it is the first, for the message that it is not.
    """
    clone = Path(__file__).resolve().parents[1] / PROMOTED
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
