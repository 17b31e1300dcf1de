"""`make repro`: `dvc repro` that says before it begins what it will take, and after each stage how long it took.

Times are those of this machine, kept in .cache/. Arguments go on to `dvc repro`.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from training.metrics_files import write_metrics
from training.pipeline.stages import Stage, asked_for, read_stages, with_followers

TIMES = Path(".cache/undertone/stage_times.json")
_BEGINS = re.compile(r"(Running s|S)tage '([\w.-]+)'")  # the second of one that is cached, or did not change
_DVC = (sys.executable, "-m", "dvc")


def plan(stages: Mapping[str, Stage], changed: Sequence[str], times: Mapping[str, float]) -> Iterator[str]:
    """Yield what is to be said before the first stage runs; `changed` are out of date, `times` in seconds."""
    due = with_followers(stages, changed)
    if not due:
        yield "nothing is out of date"
        return
    known, unknown = [name for name in due if name in times], [name for name in due if name not in times]
    yield f"{len(due)} of {len(stages)} stages are out of date or read what is:"
    yield from (f"  {name:<18} {_said(times[name])} last time" for name in known)
    yield from (f"  {name:<18} never timed on this machine" for name in unknown)
    at_most = f"at most {_said(sum(times[name] for name in known))}" if known else "no time is known yet"
    yield at_most + (f", without {len(unknown)} that were never timed" if known and unknown else "")


def out_of_date() -> list[str]:
    """Return the stages that `dvc status` names.

    Raises:
        SystemExit: it fails; the message is DVC's.
    """
    done = subprocess.run([*_DVC, "status", "--json"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr.strip())
    return [name.rpartition(":")[2] for name in json.loads(done.stdout or "{}")]


class Clock:
    """Follows the lines of `dvc repro` and tells how long each stage took; remembers it in `path`."""

    def __init__(self, path: Path = TIMES) -> None:
        self.path = path
        self.times = _times(path)
        self._stage, self._began_s = "", 0.0

    def line(self, text: str, now_s: float) -> str | None:
        """Return what is to be said of the stage that ends where the line `text` begins another one."""
        found = _BEGINS.match(text)
        if not found:
            return None
        said = self.end(now_s)
        self._stage, self._began_s = found[2] if found[1] != "S" else "", now_s
        return said

    def end(self, now_s: float) -> str | None:
        """Return what is to be said of the stage that ran until now, None where none did."""
        if not self._stage:
            return None
        took_s, before = now_s - self._began_s, self.times.get(self._stage)
        self.times[self._stage] = took_s
        write_metrics(self.path, self.times)  # whole or not at all
        said = f"{self._stage} took {_said(took_s)}" + (f", {_said(before)} last time" if before is not None else "")
        self._stage = ""
        return said


def _times(path: Path) -> dict[str, float]:
    try:
        times: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # never timed, or a record that was cut off
        return {}
    return times


def _follow(lines: Iterable[str], clock: Clock) -> None:
    for text in lines:
        if said := clock.line(text, time.monotonic()):
            sys.stderr.write(f"{said}\n")
        sys.stdout.write(text)
        sys.stdout.flush()


def _said(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"


def main(arguments: Sequence[str]) -> int:
    """Say the plan, run, say the times; return DVC's exit code."""
    clock = Clock()
    if "--dry" in arguments:
        return subprocess.run([*_DVC, "repro", *arguments], check=False).returncode
    sys.stderr.writelines(f"{line}\n" for line in plan(asked_for(read_stages(), arguments), out_of_date(), clock.times))
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen([*_DVC, "repro", *arguments], stdout=subprocess.PIPE, text=True, env=environment) as running:
        assert running.stdout is not None
        try:
            _follow(running.stdout, clock)
        except KeyboardInterrupt:  # DVC has it as well, and ends its stage
            running.wait()
            return 130
    if not running.returncode and (said := clock.end(time.monotonic())):
        sys.stderr.write(f"{said}\n")
    return running.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
