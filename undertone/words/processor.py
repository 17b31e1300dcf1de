"""What kind of processor this is, as far as it changes how words are heard."""

import platform
from pathlib import Path

_TOLD = Path("/proc/cpuinfo")


def overflows() -> bool:
    """Return whether this processor adds products of 8 bits in 16, where they overflow: x86 without VNNI does.

    An x86 of which nothing is told, as on other systems than Linux, is taken to do so.
    """
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False
    return not _TOLD.is_file() or "avx512_vnni" not in _TOLD.read_text(encoding="utf-8")
