"""`report.html`: one file that needs no other, for people; light, dark and on paper."""

import base64
import io
import mimetypes
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
import soundfile

from undertone.audio import RATE_HZ
from undertone.audio_file import AudioFileError, read
from undertone.evaluation import charts
from undertone.evaluation.items import Item
from undertone.evaluation.predictions import vectors
from undertone.labels import LABELS, label_index

MOST_WRONG = 10
_PLAYED_S, _AS_IT_IS_BYTES = 30, 300_000
Summary = Mapping[str, Any]


def report(table: pd.DataFrame, items: Sequence[Item], summary: Summary) -> str:
    """Return the page that shows `summary` and, from `table` and `items`, the verdicts that were most wrong."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": _percent, "number": _number}
    page = environment.get_template("report.html.j2")
    return page.render(summary=summary, pictures=_pictures(summary), wrong=most_wrong(table, items), labels=LABELS)


def most_wrong(table: pd.DataFrame, items: Sequence[Item], count: int = MOST_WRONG) -> list[dict[str, Any]]:
    """Return the verdicts that gave their label the least probability of all that are wrong, each with its sound."""
    judged = table[table["verdict"].notna() & (table["verdict"] != table["label"])]
    if not len(judged):
        return []
    said = vectors(judged, "verdict")
    given = said[np.arange(len(judged)), [label_index(label) for label in judged["label"]]]
    paths = {item.name: item.audio for item in items}
    rows = judged.assign(given=given).sort_values("given", kind="stable").head(count)
    return [_wrong(row, paths[row["audio"]]) for row in rows.to_dict("records")]


def _wrong(row: Mapping[str, Any], path: Path) -> dict[str, Any]:
    lanes = {lane: _lane(row, lane) for lane in ("verdict", "voice", "words")}
    heard = None if pd.isna(row["heard"]) else row["heard"]
    return {"audio": row["audio"], "label": row["label"], "heard": heard, "lanes": lanes, "sound": player(path)}


def _lane(row: Mapping[str, Any], lane: str) -> dict[str, float] | None:
    return None if pd.isna(row[lane]) else {label: float(row[f"{lane}_{label}"]) for label in LABELS}


def player(path: Path) -> str | None:
    """Return the sound of `path` as a data URI that browsers play, as it is or its beginning as Ogg; None: no sound."""
    kind = mimetypes.guess_type(path.name)[0] or ""
    if kind in {"audio/x-wav", "audio/flac", "audio/x-flac", "audio/mpeg", "audio/ogg"} and _is_small(path):
        return f"data:{kind.replace('x-', '')};base64,{base64.b64encode(path.read_bytes()).decode()}"
    try:
        samples = read(path)[: _PLAYED_S * RATE_HZ]
    except (AudioFileError, OSError):
        return None
    written = io.BytesIO()
    soundfile.write(written, samples, RATE_HZ, format="OGG", subtype="VORBIS")
    return f"data:audio/ogg;base64,{base64.b64encode(written.getvalue()).decode()}"


def _is_small(path: Path) -> bool:
    return path.stat().st_size <= _AS_IT_IS_BYTES


def _pictures(summary: Summary) -> dict[str, Any]:
    if "lanes" not in summary:
        return {}
    verdict, abstention = summary["lanes"]["verdict"], summary["abstention"]
    return {
        "lanes": charts.lanes_chart(summary["lanes"]),
        "confusion": charts.confusion_chart(verdict["confusion"]),
        "reliability": charts.reliability_chart(verdict["reliability"]),
        "coverage": charts.coverage_chart(abstention["error_by_coverage"], 1 - abstention["share"]),
        "groups": {column["name"]: charts.groups_chart(column["groups"]) for column in summary["groups"]},
    }


def _percent(value: float | None) -> str:
    return "none" if value is None else f"{value:.1%}"


def _number(value: float | None, digits: int = 3) -> str:
    return "none" if value is None else f"{value:.{digits}f}"
