"""The release that is served where none is named."""

from pathlib import Path

from undertone.bundled import RELEASE, bundled


def default_release() -> Path:
    """Return the promoted release: of the working folder, of the clone, or of the installed package."""
    return bundled(RELEASE)


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
