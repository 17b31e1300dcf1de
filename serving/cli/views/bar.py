"""Probabilities of the three labels as a bar of cells."""

from collections.abc import Mapping, Sequence

from rich.text import Text

from serving.cli.views.verdict_rows import STYLES
from undertone.labels import LABELS


class Bar:
    """Bars of `width` cells, in ASCII where `plain`."""

    def __init__(self, width: int, plain: bool) -> None:
        self.width = width
        self._glyphs = dict(zip(LABELS, "-.+" if plain else "▒░█", strict=True))

    def of(self, probabilities: Mapping[str, float]) -> Text:
        """Return the bar of probabilities by label, blank without any."""
        cells = bar_cells([float(probabilities.get(label, 0)) for label in LABELS], self.width)
        bar = Text()
        for label, count in zip(LABELS, cells, strict=True):
            bar.append(self._glyphs[label] * count, STYLES[label])
        return bar.append(" " * (self.width - sum(cells)))

    def legend(self) -> Text:
        """Return which glyph is which label."""
        named = (Text(f"{self._glyphs[label]} {label}", STYLES[label]) for label in LABELS)
        return Text("bar: ").append_text(Text(" ").join(named))


def bar_cells(probabilities: Sequence[float], width: int) -> list[int]:
    """Share `width` cells out by largest remainder: `bar_cells([0.5, 0.3, 0.2], 4)` is [2, 1, 1]; all 0 give none."""
    total = sum(probabilities)
    if total <= 0:
        return [0] * len(probabilities)
    exact = [width * value / total for value in probabilities]
    cells = [int(value) for value in exact]
    by_remainder = sorted(range(len(cells)), key=lambda index: cells[index] - exact[index])
    for index in by_remainder[: width - sum(cells)]:
        cells[index] += 1
    return cells
