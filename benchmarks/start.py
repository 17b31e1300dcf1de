"""How long the server takes from its first instruction to /ready, where the time goes, and what it holds at rest.

Protocol: the promoted release and tiny.en as `undertone serve` has them by default, the files in the cache of the
system; so many starts one after the other, the quickest is shown. Steps are the lines of the server's log. Memory is
the proportional set size (shared pages divided among those that share them) two seconds after /ready. Imports are those
of fresh processes by `-X importtime`, which itself slows them: read them as shares. CPU seconds tell two versions apart
on a busy machine too.

    python benchmarks/start.py
    python benchmarks/start.py --starts 3 --json start.json -- --start-workers all
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from serving.cli.demo_server import DemoServer
from serving.observe.processes import is_worker

STEPS = {
    "listening on": "the server is imported and built",
    "Started server process": "the API process is forked, a worker loads its models",
    "Application startup complete": "it answers /health",
    "is loaded and warm": "models of the API process and the first worker are loaded and warm",
}
IMPORTS = {
    "main and API process": "import serving.cli.main, serving.cli.options.operator_flags, serving.server",
    "workers": "import serving.workers.words, undertone.words.engines.recogniser",
}
AT_REST_S = 2.0


@dataclass(frozen=True)
class Start:
    """Seconds from the start to each step and to /ready, CPU seconds of all processes until then, bytes at rest."""

    ready_s: float
    cpu_s: float
    steps_s: dict[str, float]
    pss: dict[str, int]


def main() -> None:
    """Start, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path, default=Path("models/promoted"))
    parser.add_argument("--log", type=Path, default=Path("logs/benchmark-start.log"))
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("options", nargs="*", help="of the server, after --")
    arguments = parser.parse_args()
    starts = [started(arguments.release, arguments.log, arguments.options) for _ in range(arguments.starts)]
    quickest = min(starts, key=lambda start: start.ready_s)
    imports = {name: shares(program) for name, program in IMPORTS.items()}
    report(quickest, [start.ready_s for start in starts], imports)
    if arguments.json:
        measured = {**asdict(quickest), "all_ready_s": [start.ready_s for start in starts], "cores": os.cpu_count()}
        arguments.json.write_text(json.dumps({**measured, "imports_ms": imports}, indent=2) + "\n")


def started(release: Path, log: Path, options: Sequence[str]) -> Start:
    """Start a server once, and stop it."""
    began_s = time.time()
    with DemoServer(release, log, options) as server:
        wait_for(f"{server.url}/ready", server.process)
        ready_s = time.time() - began_s
        family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
        cpu_s = sum(sum(process.cpu_times()[:2]) for process in family)
        time.sleep(AT_REST_S)
        pss = {f"{role(process, server)} {process.pid}": process.memory_full_info().pss for process in family}
        return Start(ready_s, cpu_s, steps(log, began_s), pss)


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    """Return when `url` answers 200."""
    while process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.01)
    raise SystemExit(f"the server ended with code {process.returncode}")


def role(process: psutil.Process, server: DemoServer) -> str:
    """Return what `process` does."""
    command = " ".join(process.cmdline())
    if is_worker(process, server.pid):
        return "worker for partials" if process.nice() > psutil.Process(server.pid).nice() else "worker for finals"
    if process.pid == server.pid:
        return "main process"
    if f"[{process.pid}]" in server.log.read_text():  # "Started server process [..]"
        return "API process"
    return "forks workers" if "forkserver" in command else "resources" if "tracker" in command else "queues"


def steps(log: Path, began_s: float) -> dict[str, float]:
    """Return the seconds until each line of `STEPS` was logged first."""
    found: dict[str, float] = {}
    for line in log.read_text().splitlines():
        stamp = re.match(r"(\S+ \S+),(\d{3}) ", line)
        step = next((about for text, about in STEPS.items() if text in line), None)
        if stamp and step:
            at_s = datetime.strptime(stamp[1], "%Y-%m-%d %H:%M:%S").timestamp() + int(stamp[2]) / 1000
            found.setdefault(step, at_s - began_s)
    return found


def shares(program: str) -> dict[str, float]:
    """Return the milliseconds that `program` spends in the modules of each package, the largest eight."""
    command = [sys.executable, "-X", "importtime", "-c", program]
    timed = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    spent = Counter[str]()
    for own_us, name in re.findall(r"^import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)$", timed, re.MULTILINE):
        spent[name.partition(".")[0]] += int(own_us) / 1000
    return {"in all": round(spent.total()), **{name: round(ms) for name, ms in spent.most_common(8)}}


def report(start: Start, all_ready_s: Sequence[float], imports: dict[str, dict[str, float]]) -> None:
    """Print three tables."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    ready = Table("s", "step", title=f"the quickest of {len(all_ready_s)} starts, {os.cpu_count()} cores, load {load}")
    for step, at_s in sorted(start.steps_s.items(), key=lambda item: item[1]):
        ready.add_row(f"{at_s:.2f}", step)
    ready.add_row(f"{start.ready_s:.2f}", f"/ready; all of them: {', '.join(f'{value:.2f}' for value in all_ready_s)}")
    ready.add_row(f"{start.cpu_s:.2f}", "CPU seconds of all processes until then")
    memory = Table("MB", "process", title="proportional set size at rest")
    for name, pss in start.pss.items():
        memory.add_row(f"{pss / 1e6:.0f}", name)
    memory.add_row(f"{sum(start.pss.values()) / 1e6:.0f}", "together")
    spent = Table("process", "ms of imports, by package", title="imports")
    for name, packages in imports.items():
        spent.add_row(name, ", ".join(f"{package} {ms:.0f}" for package, ms in packages.items()))
    console = Console(width=130)
    for table in (ready, memory, spent):
        console.print(table)


if __name__ == "__main__":
    main()
