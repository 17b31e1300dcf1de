"""Whether a file is another than it was."""

from pathlib import Path

State = tuple[int, int, int]


def state(path: Path) -> State | None:
    """Return what changes when `path` is written or replaced; None where it cannot be looked at."""
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_mtime_ns, about.st_size, about.st_ino
