"""What comes with undertone itself: the promoted release and the spoken samples.

In a clone they are outputs of DVC, `models/promoted` and `data/samples`; a wheel carries copies, which setup.py puts
into the folder `carried` beside this file.
"""

from pathlib import Path

RELEASE, SAMPLES = Path("models/promoted"), Path("data/samples")
_HERE = Path(__file__).resolve().parent


def bundled(folder: Path) -> Path:
    """Return where `RELEASE` or `SAMPLES` is.

    It is looked for in the working folder, in the clone that undertone runs from, and in the installed package. Where
    it is in none of them, the first is returned, for the message that it is not there.
    """
    places = (folder, _HERE.parent / folder, _HERE / "carried" / folder)
    return next((place for place in places if place.is_dir()), folder)
