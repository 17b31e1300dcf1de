"""What the server under load tells of itself: CPU and memory of its processes, its event loop, whom it refused."""

import contextlib
import re
import threading
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import psutil

from serving.cli.demo_server import DemoServer
from serving.observe.processes import is_worker
from serving.workers.words import PARTIALS_NICENESS

KINDS = ("API process", "words workers", "partial workers", "rest")


@dataclass(frozen=True)
class Observed:
    """CPU seconds by kind of process, the late wake-ups of the event loop by their bound in s, refusals by reason."""

    cpu_s: Mapping[str, float]
    late: Mapping[float, float]
    refused: Mapping[str, float]


def observed(server: DemoServer) -> Observed:
    """Look at `server` now; what it counts, it counts from its start."""
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=10) as response:
        text = response.read().decode()
    late = re.findall(r'^undertone_event_loop_lag_seconds_bucket{le="(\S+)"} (\S+)$', text, re.MULTILINE)
    refused = re.findall(r'^undertone_refusals_total{kind="live",reason="(\w+)"} (\S+)$', text, re.MULTILINE)
    return Observed(
        cpu_by_kind(server),
        {float(bound): float(count) for bound, count in late},
        {reason: float(count) for reason, count in refused},
    )


def quantile(before: Mapping[float, float], after: Mapping[float, float], share: float) -> float:
    """Return the quantile of what came between two looks at a histogram; within a bucket it is taken as even.

    >>> quantile({1.0: 0, 2.0: 0}, {1.0: 50, 2.0: 100}, 0.75)
    1.5
    """
    counts = {bound: after[bound] - before.get(bound, 0.0) for bound in sorted(after)}
    wanted, low, below = share * max(counts.values(), default=0.0), 0.0, 0.0
    if not wanted:
        return 0.0
    for bound, count in counts.items():
        if count >= wanted and count > below:
            return low if bound == float("inf") else low + (bound - low) * (wanted - below) / (count - below)
        low, below = bound, count
    return low


def cpu_by_kind(server: DemoServer) -> dict[str, float]:
    """Return the CPU seconds so far of the server's processes; those for partials are the ones that yield."""
    api, spent_s = api_pid(server), defaultdict[str, float](float)
    main = psutil.Process(server.pid)
    for process in [main, *main.children(recursive=True)]:
        kind = "API process" if process.pid == api else "rest"
        if is_worker(process, server.pid):
            kind = "partial workers" if process.nice() >= main.nice() + PARTIALS_NICENESS else "words workers"
        spent_s[kind] += sum(process.cpu_times()[:2])
    return spent_s


def api_pid(server: DemoServer) -> int:
    """Return the process that holds the sessions."""
    found = re.search(r"Started server process \[(\d+)\]", server.log.read_text())
    assert found, "uvicorn tells it when it begins"
    return int(found[1])


@dataclass(frozen=True)
class Memory:
    """Bytes (PSS) of the API process, and of all processes, every half second while somebody watches."""

    api: list[int] = field(default_factory=list)
    together: list[int] = field(default_factory=list)

    @contextlib.contextmanager
    def watched(self, server: DemoServer) -> Iterator[None]:
        """Watch inside; the first look is before anything inside happens."""
        over = threading.Event()
        self._look(server)
        thread = threading.Thread(target=self._until, args=(server, over))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _until(self, server: DemoServer, over: threading.Event) -> None:
        while not over.wait(0.5):
            with contextlib.suppress(psutil.Error):
                self._look(server)

    def _look(self, server: DemoServer) -> None:
        main = psutil.Process(server.pid)
        bytes_of = {process.pid: process.memory_full_info().pss for process in [main, *main.children(recursive=True)]}
        self.api.append(bytes_of[api_pid(server)])
        self.together.append(sum(bytes_of.values()))
