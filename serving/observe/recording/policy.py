"""What the operator wants of recorded sessions."""

from dataclasses import dataclass

MB = 1_000_000


@dataclass(frozen=True)
class RecordPolicy:
    """Where recordings go (a folder, or a URL that fsspec knows), how much there may be, how long each is kept.

    None: no bound.
    """

    url: str
    max_mb: float | None = None
    keep_days: float | None = None
