"""Prints README's tables of results from metrics/*.json; a test holds the two together.

python benchmarks/results_table.py
"""

import json
from pathlib import Path
from typing import Any

from export.acoustic_table import crossval_table
from export.fusion_card import table

TEXT_SCORES = {
    "goemotions_macro_f1": "macro-F1, 3 labels, GoEmotions test",
    "sst_macro_f1": "macro-F1, 3 labels, SST-5 test",
    "sst_binary_accuracy": "accuracy, SST test, positive against negative",
}


def read(name: str, folder: Path) -> dict[str, Any]:
    """Return the content of metrics/NAME.json."""
    content: dict[str, Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return content


def results(folder: Path = Path("metrics")) -> str:
    """Return the Markdown tables."""
    return "\n\n".join([crossvalidated(folder), released_voice(folder), text(folder), fusion(folder)]) + "\n"


def crossvalidated(folder: Path) -> str:
    """Return the voice over all actors."""
    crossval = read("crossval", folder)
    return f"**The voice, cross-validated.** Protocol: {crossval['protocol']}.\n\n{crossval_table(crossval)}"


def released_voice(folder: Path) -> str:
    """Return the released network on the test actors."""
    acoustic, int8, parity = read("acoustic", folder), read("quantize", folder), read("export", folder)
    low, high = acoustic["uar_interval"]["low"], acoustic["uar_interval"]["high"]
    features = max(kind["features"] for kind in parity["largest_difference"].values())
    rows = {
        "UAR, 3 labels": f"**{acoustic['uar']:.3f}** [{low:.3f}, {high:.3f}]",
        "accuracy": f"{acoustic['accuracy']:.3f}",
        "macro-F1": f"{acoustic['macro_f1']:.3f}",
        "recall": ", ".join(f"{label} {value:.2f}" for label, value in acoustic["recall"].items()),
        "ECE, 15 bins": f"{acoustic['ece']:.3f}",
        "int8: UAR": f"{int8['int8']['uar']:.3f}",
        "int8: same label as fp32": f"{int8['agreement']:.1%}",
        "int8 file, features included": f"{int8['bytes']['int8'] / 1000:.0f} kB",
        "largest difference of an MFCC from torchaudio's": f"{features:.1e}",
    }
    lines = [f"**The released voice model.** Protocol: {acoustic['protocol']}.", "", "| what | value |", "|---|---|"]
    return "\n".join(lines + [f"| {name} | {value} |" for name, value in rows.items()])


def text(folder: Path) -> str:
    """Return the text model: the int8 file, and in float what 15 % word errors take."""
    scores, int8 = read("text", folder), read("text_quantize", folder)
    intervals = {
        "goemotions_macro_f1": scores["goemotions"]["macro_f1_interval"],
        "sst_macro_f1": scores["sst"]["macro_f1_interval"],
        "sst_binary_accuracy": scores["sst"]["binary_accuracy_interval"],
    }
    lines = [
        "**The words.** Protocol: test rows, none chosen or fitted on; int8 as served; intervals (95 % bootstraps over "
        "rows) and losses in float.",
        "",
        "| what | int8 | interval | lost to 15 % word errors |",
        "|---|---|---|---|",
    ]
    for key, name in TEXT_SCORES.items():
        low, high = intervals[key]
        lost = 100 * scores["lost_to_word_errors_15"][key]
        lines.append(f"| {name} | {int8['int8'][key]:.3f} | [{low:.3f}, {high:.3f}] | {lost:.1f} points |")
    lines.append(f"| ECE, 15 bins | {int8['int8']['ece']:.3f} | | |")
    lines.append(f"| int8 file | {int8['bytes']['int8'] / 1e6:.1f} MB | | |")
    return "\n".join(lines)


def fusion(folder: Path) -> str:
    """Return words and voice together on the test half of the labelled set, beside each alone."""
    numbers = read("fusion", folder)
    low, high = (100 * numbers["gain_interval"][end] for end in ("low", "high"))
    better = {"text": "words", "audio": "voice"}[numbers["better_alone"]]
    held = numbers["abstention"]["test"]
    return "\n".join(
        [
            f"**Words and voice together.** Protocol: {numbers['protocol']}.",
            "",
            table(numbers["test"]),
            "",
            f"Released is the {numbers['chosen']} alpha, chosen on the tuning half: "
            f"**{100 * numbers['gain']:.1f} points** of UAR [{low:.1f}, {high:.1f}] over the {better} alone. "
            f"It does not abstain from {held['coverage']:.1%} of the pairs and is right on "
            f"{held['accuracy_of_kept']:.1%} of those.",
        ]
    )


if __name__ == "__main__":
    print(results(), end="")
