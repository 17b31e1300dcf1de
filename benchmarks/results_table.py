"""Prints the tables of docs/results.md from metrics/*.json; a test holds the two together.

python benchmarks/results_table.py
"""

import json
from pathlib import Path
from typing import Any

from export.card import ear as ear_card
from export.card.acoustic_table import crossval_table
from export.card.fusion import abstention, others, table

TEXT_SCORES = {
    "meld_macro_f1": "macro-F1, 3 labels, MELD dev (dialogue)",
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
    parts = (crossvalidated, both_ears, released_voice, text, fusion)
    return "\n\n".join(part(folder) for part in parts) + "\n"


def crossvalidated(folder: Path) -> str:
    """Return the voice over all actors."""
    crossval = read("crossval", folder)
    return f"**The voice, cross-validated.** Protocol: {crossval['protocol']}.\n\n{crossval_table(crossval)}"


def both_ears(folder: Path) -> str:
    """Return network, ear and both joined over all actors, and what a speaker's own baseline does."""
    crossval = read("crossval_ear", folder)
    lines = [
        f"**Both ears.** Protocol: {crossval['protocol']}.",
        "",
        ear_card.table(crossval),
        "",
        "**A speaker's own baseline** (`baseline: adaptive`). Protocol: the same networks and heads; sessions made of "
        "the clips of one actor in random order, three orders each; UAR of both ears joined.",
        "",
        "| session | utterances before | without | with |",
        "|---|---|---|---|",
    ]
    for kind, parts in crossval["baseline"].items():
        for part, scores in parts.items():
            lines.append(f"| {kind.replace('_', ' ')} | {part} | {scores['without']:.3f} | {scores['with']:.3f} |")
    return "\n".join(lines)


def released_voice(folder: Path) -> str:
    """Return the released network on the test actors."""
    acoustic, int8, parity = read("acoustic", folder), read("quantize", folder), read("export", folder)
    served = int8["served"]
    low, high = served["uar_interval"]["low"], served["uar_interval"]["high"]
    features = max(kind["features"] for kind in parity["largest_difference"].values())
    rows = {
        "UAR, 3 labels, as served": f"**{served['uar']:.3f}** [{low:.3f}, {high:.3f}]",
        "accuracy": f"{served['accuracy']:.3f}",
        "macro-F1": f"{served['macro_f1']:.3f}",
        "recall": ", ".join(f"{label} {value:.2f}" for label, value in served["recall"].items()),
        "ECE, 15 bins": f"{served['ece']:.3f}",
        "UAR of whole clips, float / int8": f"{acoustic['uar']:.3f} / {int8['int8']['uar']:.3f}",
        "int8: same label as fp32": f"{int8['agreement']:.1%}",
        "int8 file, features included": f"{int8['bytes']['int8'] / 1000:.0f} kB",
        "largest difference of an MFCC from torchaudio's": f"{features:.1e}",
    }
    protocol = f"{acoustic['protocol']}; {int8['protocol']}"
    lines = [f"**The released voice model.** Protocol: {protocol}.", "", "| what | value |", "|---|---|"]
    return "\n".join(lines + [f"| {name} | {value} |" for name, value in rows.items()])


def text(folder: Path) -> str:
    """Return the text model: the int8 file, and in float what 15 % word errors take."""
    scores, int8 = read("text", folder), read("text_quantize", folder)
    intervals = {
        "goemotions_macro_f1": scores["goemotions"]["macro_f1_interval"],
        "meld_macro_f1": scores["meld"]["macro_f1_interval"],
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
    meld, heard = int8["int8"]["meld"], read("text_heard", folder)
    recalls = ", ".join(f"{label} {value:.2f}" for label, value in meld["recall"].items())
    sure = f"{meld['sure']['accuracy']:.0%} of the {meld['sure']['share']:.0%} that are 0.9 sure"
    lines += [
        f"| recall on MELD dev | {recalls} | | |",
        f"| right on MELD dev | {sure} | | |",
        f"| ECE, 15 bins, MELD dev | {meld['ece']:.3f} | | |",
        f"| int8 file | {int8['bytes']['int8'] / 1e6:.1f} MB | | |",
        "",
        f"**What the recogniser costs the words.** Protocol: {heard['protocol']}.",
        "",
        "| our sentences | word error rate | macro-F1 |",
        "|---|---|---|",
    ]
    lines += [
        f"| {name.replace('_', ' ')} | {row['word_error_rate']:.1%} | {row['macro_f1']:.3f} |"
        for name, row in heard.items()
        if name != "protocol"
    ]
    return "\n".join(lines)


def fusion(folder: Path) -> str:
    """Return words and voice together on the test half of the labelled set, beside each alone."""
    numbers = read("fusion", folder)
    return "\n".join(
        [
            f"**Words and voice together.** Protocol: {numbers['protocol']}.",
            "",
            table(numbers["kinds"]),
            "",
            "What other rules give on the same pairs, against the same one alone:",
            "",
            others(numbers["kinds"]),
            "",
            f"ECE over all kinds, each counting alike: {numbers['ece']:.3f}. {abstention(numbers['abstention'])}",
        ]
    )


if __name__ == "__main__":
    print(results(), end="")
