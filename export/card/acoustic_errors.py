"""Where the voice model errs, from every clip's answer in the cross-validation: for the manifest and the model card."""

import csv
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MOST = 4  # kinds of error that the card names


def errors_of(clips_file: Path) -> dict[str, Any]:
    """Return the share of clips with the right label by emotion and intensity and by sex, and the commonest errors.

    `clips_file` is plots/crossval_clips.csv of the stage `crossval`.

    Raises:
        SystemExit: it does not exist.
    """
    if not clips_file.is_file():
        raise SystemExit(f"{clips_file} not found: it is made by `dvc repro crossval`")
    with clips_file.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    right: defaultdict[tuple[str, str], list[bool]] = defaultdict(list)
    for row in rows:
        hit = row["actual"] == row["predicted"]
        right[row["emotion"], row["intensity"]].append(hit)
        right["sex", row["sex"]].append(hit)
    wrong = Counter((row["emotion"], row["predicted"]) for row in rows if row["actual"] != row["predicted"])
    shares: dict[str, dict[str, float]] = {}
    for (group, kind), hits in sorted(right.items()):
        shares.setdefault(group, {})[kind] = sum(hits) / len(hits)
    return {
        "right_by_sex": shares.pop("sex"),
        "right_by_emotion": shares,
        "errors": sum(wrong.values()),
        "commonest": {f"{emotion} as {label}": count for (emotion, label), count in wrong.most_common(MOST)},
    }


def render(errors: Mapping[str, Any]) -> str:
    """Return the sentences and the table of the card, Markdown."""
    commonest = ", ".join(f"{what} ({count})" for what, count in errors["commonest"].items())
    sexes = ", ".join(f"{sex} {share:.1%}" for sex, share in errors["right_by_sex"].items())
    lines = ["| right label | normal | strong |", "|---|---|---|"]
    for emotion, shares in errors["right_by_emotion"].items():
        cells = " | ".join(f"{shares[kind]:.2f}" if kind in shares else "" for kind in ("normal", "strong"))
        lines.append(f"| {emotion} | {cells} |")
    return f"Of {errors['errors']} errors the commonest: {commonest}. Right label by sex: {sexes}.\n\n" + "\n".join(
        lines
    )
