"""A plain table on standard output: numbers to the right, everything else to the left, nothing cut."""

import sys
from collections.abc import Sequence

from serving.cli.views.names import printable


def show(head: Sequence[str], rows: Sequence[Sequence[str | int | float]]) -> None:
    """Print `rows` under `head`."""
    texts = [list(head), *([_text(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    right = [bool(rows) and not isinstance(value, str) for value in (rows[0] if rows else head)]
    for text in texts:
        cells = (
            cell.rjust(width) if numeric else cell.ljust(width)
            for cell, width, numeric in zip(text, widths, right, strict=True)
        )
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def _text(value: str | int | float) -> str:
    return f"{value:.1f}" if isinstance(value, float) else printable(str(value))
