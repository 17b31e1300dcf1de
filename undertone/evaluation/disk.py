"""Which file a disk had no room for: writing into an open file fails without its name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let what the system refuses in here name `path`.

    Raises:
        OSError: as it was raised, with the name.
    """
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
