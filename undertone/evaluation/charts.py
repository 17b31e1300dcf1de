"""The pictures of a report, as SVG that takes its colours from the page: light, dark and on paper.

matplotlib draws; whatever it draws in one of `_INKS` is given the variable of the style sheet in its place.
"""

import io
import re
import warnings
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from undertone.labels import LABELS

# Colours that nothing else has, and what the page calls them. The three of labels are of Okabe and Ito's palette, which
# the colour-blind can tell apart (Okabe & Ito 2008, "Color Universal Design").
_INKS = {
    "text": ("#010203", "var(--ink)"),
    "faint": ("#010204", "var(--line)"),
    "accent": ("#010205", "var(--accent)"),
    "second": ("#010206", "var(--second)"),
    "negative": ("#010207", "var(--negative)"),
    "neutral": ("#010208", "var(--neutral)"),
    "positive": ("#010209", "var(--positive)"),
}
_STYLE = {
    "font.size": 9,
    "svg.fonttype": "none",
    "svg.hashsalt": "undertone",
    "axes.spines.top": False,
    "axes.spines.right": False,
    **{f"{part}.color": _INKS["text"][0] for part in ("text", "xtick", "ytick")},
    **{name: _INKS["text"][0] for name in ("axes.labelcolor", "axes.titlecolor")},
    **{name: _INKS["faint"][0] for name in ("axes.edgecolor", "grid.color")},
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "legend.frameon": False,
    "text.parse_math": False,  # of groups named "$25,000 - $49,999"
}
Summary = dict[str, Any]


def ink(name: str) -> str:
    """Return what matplotlib is to draw with for the colour `name` of the page."""
    return _INKS[name][0]


def lanes_chart(lanes: dict[str, Summary | None]) -> str:
    """Return the UAR of verdict, voice and words, with their intervals."""
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(6.0, 1.9)
        names = [lane for lane in ("words", "voice", "verdict") if lanes.get(lane)]
        for row, name in enumerate(names):
            lane = lanes[name] or {}
            _point(axes, row, lane["uar"], lane["intervals"]["uar"], "accent" if name == "verdict" else "second")
            text, place = f"{lane['uar']:.3f}", (lane["uar"], row)
            axes.annotate(text, place, xytext=(0, 8), textcoords="offset points", ha="center")
        axes.set_yticks(range(len(names)), names)
        axes.set(xlim=(0, 1), xlabel="unweighted average recall, 95 % interval", ylim=(-0.6, len(names) - 0.4))
        axes.axvline(1 / len(LABELS), color=ink("faint"), linestyle=":")
        return _svg(figure)


def confusion_chart(confusion: dict[str, dict[str, int]]) -> str:
    """Return the confusion counts as a picture, rows actual, shaded by the share of the row."""
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(3.4, 3.0)
        for row, label in enumerate(LABELS):
            whole = sum(confusion[label].values())
            for column, answer in enumerate(LABELS):
                count = confusion[label][answer]
                share = count / whole if whole else 0.0
                cell = Rectangle((column, row), 0.97, 0.97, color=ink("accent"), alpha=0.08 + 0.6 * share, linewidth=0)
                axes.add_patch(cell)
                text = f"{count}\n{share:.0%}"
                axes.text(column + 0.48, row + 0.5, text, ha="center", va="center", color=ink("text"))
        axes.set(xlim=(0, 3), ylim=(3, 0), xlabel="verdict", ylabel="label")
        axes.set_xticks([0.5, 1.5, 2.5], LABELS)
        axes.set_yticks([0.5, 1.5, 2.5], LABELS, rotation=90, va="center")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        return _svg(figure)


def reliability_chart(reliability: Sequence[Summary]) -> str:
    """Return how often the verdict is right against how sure it is; the area of a point is its recordings."""
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(3.4, 3.0)
        axes.plot([1 / 3, 1], [1 / 3, 1], color=ink("faint"), linestyle="--")
        sizes = [point["recordings"] for point in reliability]
        area = [20 + 180 * size / max(sizes) for size in sizes]
        xs, ys = ([point[name] for point in reliability] for name in ("confidence", "accuracy"))
        axes.plot(xs, ys, color=ink("accent"), alpha=0.5)
        axes.scatter(xs, ys, s=area, color=ink("accent"), zorder=3)
        axes.set(xlim=(0.3, 1.05), ylim=(-0.05, 1.08), xlabel="how sure it is", ylabel="share that is right")
        return _svg(figure)


def coverage_chart(error_by_coverage: Sequence[Sequence[float]], share_spoken: float) -> str:
    """Return the error of the surest part of the recordings, over how large a part; where it speaks now is marked."""
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(3.4, 3.0)
        axes.plot(*zip(*error_by_coverage, strict=True), color=ink("accent"))
        axes.axvline(share_spoken, color=ink("second"), linestyle="--")
        axes.annotate("it speaks", (share_spoken, axes.get_ylim()[1]), ha="right", va="top", rotation=90)
        axes.set(xlim=(0, 1), ylim=(0, None), xlabel="share of recordings, surest first", ylabel="error")
        return _svg(figure)


def groups_chart(groups: Sequence[Summary]) -> str:
    """Return the accuracy of each group with its interval."""
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(6.0, 0.7 + 0.32 * len(groups))
        for row, group in enumerate(reversed(groups)):
            _point(axes, row, group["accuracy"], group["interval"], "accent")
        names = [f"{group['name']} ({group['recordings']})" for group in reversed(groups)]
        axes.set_yticks(range(len(names)), names)
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.6, len(names) - 0.4), xlabel="accuracy of the verdict, 95 % interval")
        return _svg(figure)


def _point(axes: Axes, row: int, value: float, ends: dict[str, float], colour: str) -> None:
    """Draw a value and its interval."""
    span = [ends["low"], ends["high"]]
    axes.plot(span, [row, row], color=ink(colour), linewidth=5, alpha=0.35, solid_capstyle="round")
    axes.plot([value], [row], "o", color=ink(colour))


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _svg(figure: Figure) -> str:
    written = io.StringIO()
    with warnings.catch_warnings():  # the text stays text: the page's fonts draw it, which know more than matplotlib's
        warnings.filterwarnings("ignore", r"Glyph .* missing from font")
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    svg = written.getvalue()
    svg = svg[svg.index("<svg") :]
    for drawn, wanted in _INKS.values():
        svg = svg.replace(drawn, wanted)
    return re.sub(
        r'(<svg[^>]*?) width="[^"]+"',
        r'\1 role="img"',
        re.sub(r'(<svg[^>]*?) height="[^"]+"', r"\1", svg, count=1),
        count=1,
    )
