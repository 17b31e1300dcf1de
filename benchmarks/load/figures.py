"""What a load came to: one flat record of figures, for JSON, and the row of a table."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from load.observed import KINDS, Memory, Observed, quantile
from load.sessions import Heard
from speculation import waits_ms
from spoken_track import Track
from utterance_latency import finals

from undertone.audio import RATE_HZ
from undertone.client.stream import Event

Figures = Mapping[str, Any]
PERCENTILES = (50, 95, 99)
COLUMNS = {
    "sessions": "sessions",
    "finals": "finals",
    "with words": "fused",
    "TTFM, ms": "first_mood_ms",
    "TTFS, ms": "final_ms",
    "lag, ms": "loop_lag_ms",
    "refused": "refused",
    "lost": "lost",
    "MB each": "session_mb",
    "MB": "memory_mb",
    "CPU, ms/s": "cpu_of_a_session_second",
    "API, ms/s": "api_of_a_session_second",
    "gen., ms/s": "load_generator_of_a_session_second",
}


@dataclass(frozen=True)
class Load:
    """What the sessions said and heard, the server before and after, its memory, and how long it lasted."""

    tracks: Sequence[Track]
    heard: Heard
    before: Observed
    after: Observed
    memory: Memory
    lasted_s: float


def figures(load: Load) -> Figures:
    """Return the figures of `load`: times in ms by percentile, CPU seconds for each second of a session."""
    modes = Counter(final["mode"] for events in load.heard.events for final in finals(events))
    waits = [wait for pair in zip(load.tracks, load.heard.events, strict=True) for wait in waits_ms(*pair)]
    moods = [delay for events in load.heard.events for delay in first_moods_ms(events)]
    spoken_s = sum(len(track.samples) for track in load.tracks) / RATE_HZ
    cpu_s = {kind: load.after.cpu_s[kind] - load.before.cpu_s[kind] for kind in KINDS}
    late = (load.before.late, load.after.late)
    return {
        "sessions": len(load.tracks),
        "seconds": round(load.lasted_s, 1),
        "finals": modes.total(),
        "fused": modes["fused"] / max(1, modes.total()),
        "without_words": without_words(load.heard.events),
        "speculations": speculations(load.heard.events),
        "first_mood_ms": percentiles(moods),
        "final_ms": percentiles(waits),
        "loop_lag_ms": {f"p{percent}": round(1000 * quantile(*late, percent / 100), 1) for percent in PERCENTILES},
        "refused": sum(load.after.refused.values()) - sum(load.before.refused.values()),
        "lost": len(load.heard.lost),
        "why_lost": dict(Counter(load.heard.lost)),
        "session_mb": round((max(load.memory.api) - load.memory.api[0]) / len(load.tracks) / 1e6, 2),
        "memory_mb": round(max(load.memory.together) / 1e6),
        "cpu_s": {kind: round(spent_s, 2) for kind, spent_s in cpu_s.items()},
        "cpu_of_a_session_second": round(sum(cpu_s.values()) / spoken_s, 4),
        "api_of_a_session_second": round(cpu_s["API process"] / spoken_s, 4),
        "load_generator_of_a_session_second": round(load.heard.cpu_s / spoken_s, 4),
    }


def row(measured: Figures) -> list[str]:
    """Return what stands in the columns."""
    return [shown(name, measured[name]) for name in COLUMNS.values()]


def shown(name: str, value: Any) -> str:
    """Return a figure as it stands in the table: "182 / 243 / 251" for percentiles, "98.5%" for a share."""
    if isinstance(value, Mapping):
        return " / ".join("-" if of is None else f"{of:.0f}" for of in value.values())
    if name.endswith("_second"):
        return f"{1000 * value:.1f}"
    return f"{value:.1%}" if name == "fused" else f"{value:g}"


def percentiles(values: Iterable[float]) -> dict[str, float | None]:
    """Return p50, p95 and p99 of `values`, None where there are none."""
    known = np.array(list(values))
    return {
        f"p{percent}": round(float(np.percentile(known, percent)), 1) if len(known) else None for percent in PERCENTILES
    }


def first_moods_ms(events: Sequence[Event]) -> list[float]:
    """Return, for each utterance, the time from the start of its speech until its first mood came."""
    starts = {event.message["utterance_id"]: event.message for event in events if event.type == "speech.started"}
    delays: dict[int, float] = {}
    for event in events:
        if event.type == "mood" and event.received_ms is not None:
            number = event.message["utterance_id"]
            delays.setdefault(number, event.received_ms - starts[number]["speech_start_ms"])
    return list(delays.values())


def without_words(sessions: Sequence[Sequence[Event]]) -> dict[str, int]:
    """Return how many finals have no words for which reason."""
    return dict(Counter(final["reason"] for events in sessions for final in finals(events) if final["reason"]))


def speculations(sessions: Sequence[Sequence[Event]]) -> dict[str, int]:
    """Return what `session.closed` counts, over all sessions."""
    totals = [events[-1].message.get("totals") for events in sessions if events]
    known = [total["speculations"] for total in totals if total]
    return {name: sum(one[name] for one in known) for name in ("sent", "used", "wasted")}
