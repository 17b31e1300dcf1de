"""What comes with undertone itself: the promoted release, served where none is named, and the spoken samples.

In a clone they are outputs of DVC; a wheel carries copies, which setup.py puts into `undertone/carried`.
"""

from pathlib import Path

import undertone

PROMOTED, SAMPLES = Path("models/promoted"), Path("data/samples")


def default_release() -> Path:
    """Return the promoted release: of the working folder, of the clone, or of the installed package."""
    return bundled(PROMOTED)


def bundled(folder: Path) -> Path:
    """Return where `PROMOTED` or `SAMPLES` is, looked for in that order.

    Where it is in none of the three places, the first is returned, for the message that it is not there.
    """
    package = Path(undertone.__file__).resolve().parent
    places = (folder, package.parent / folder, package / "carried" / folder)
    return next((place for place in places if place.is_dir()), folder)


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
