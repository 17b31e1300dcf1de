"""What the frames of a page cost, from a trace of Chromium: in CPU time, whoever else has the machine."""

import bisect
import json
from collections import Counter
from typing import Any

CATEGORIES = ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"]
Event = dict[str, Any]


def frame_times_ms(trace: bytes) -> list[float]:
    """Return the ms of CPU that the main thread of the page spent for each frame, sorted.

    A frame is the task that runs its animation callbacks, and all tasks since the one before.
    """
    events: list[Event] = [event for event in json.loads(trace)["traceEvents"] if event.get("ph") == "X"]
    callbacks = [event for event in events if event["name"] == "FireAnimationFrame"]
    thread = Counter(map(_thread, callbacks)).most_common(1)[0][0]
    tasks = sorted((e for e in events if e["name"] == "RunTask" and _thread(e) == thread), key=lambda e: e["ts"])
    starts = [task["ts"] for task in tasks]
    drawn = {bisect.bisect_right(starts, one["ts"]) - 1 for one in callbacks if _thread(one) == thread}
    spent = [0.0]
    for index, task in enumerate(tasks):
        spent[-1] += task["tdur"] / 1000
        if index in drawn:
            spent.append(0.0)
    return sorted(spent[1:-1])


def p95(values: list[float]) -> float:
    """Return the 95th percentile of sorted `values`."""
    return values[int(0.95 * (len(values) - 1))]


def _thread(event: Event) -> tuple[int, int]:
    return event["pid"], event["tid"]
