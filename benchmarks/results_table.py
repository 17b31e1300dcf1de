"""Prints README's table of results from metrics/*.json; a test holds the two together.

python benchmarks/results_table.py
"""

import json
from pathlib import Path
from typing import Any

from export.acoustic_table import crossval_table


def read(name: str, folder: Path) -> dict[str, Any]:
    """Return the content of metrics/NAME.json."""
    content: dict[str, Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return content


def results(folder: Path = Path("metrics")) -> str:
    """Return the Markdown table."""
    acoustic, int8, parity = read("acoustic", folder), read("quantize", folder), read("export", folder)
    low, high = acoustic["uar_interval"]["low"], acoustic["uar_interval"]["high"]
    recalls = ", ".join(f"{label} {value:.2f}" for label, value in acoustic["recall"].items())
    features = max(kind["features"] for kind in parity["largest_difference"].values())
    crossval = read("crossval", folder)
    rows = [
        ("UAR, 3 labels", f"**{acoustic['uar']:.3f}** [{low:.3f}, {high:.3f}]"),
        ("accuracy", f"{acoustic['accuracy']:.3f}"),
        ("macro-F1", f"{acoustic['macro_f1']:.3f}"),
        ("recall", recalls),
        ("ECE, 15 bins", f"{acoustic['ece']:.3f}"),
        ("int8: UAR", f"{int8['int8']['uar']:.3f}"),
        ("int8: same label as fp32", f"{int8['agreement']:.1%}"),
        ("int8 file, features included", f"{int8['bytes']['int8'] / 1000:.0f} kB"),
        ("largest difference of an MFCC from torchaudio's", f"{features:.1e}"),
    ]
    lines = [
        "**The voice, cross-validated.** Protocol: " + crossval["protocol"] + ".",
        "",
        crossval_table(crossval),
        "",
    ]
    lines += [f"**The released voice model.** Protocol: {acoustic['protocol']}.", "", "| what | value |", "|---|---|"]
    return "\n".join(lines + [f"| {name} | {value} |" for name, value in rows]) + "\n"


if __name__ == "__main__":
    print(results(), end="")
