"""Whether a server that runs for long takes more and more memory: one long session, many short ones, many uploads.

Protocol: a server of its own with the promoted release, words off unless asked for (`-- --asr-model tiny.en`); all is
sent as fast as it is heard, spoken clips of data/samples with pauses of 2 s between them. Resident memory of the API
process, and the sum over all processes, first after a warm-up of half as much and then at ten points; "grown" is the
last against the first, "most" the highest against the first.

    python benchmarks/faults/flat_memory.py --hours 2 --sessions 2000 --uploads 200
"""

import argparse
import json
import re
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table
from websockets.sync.client import ClientConnection, connect

from serving.cli.demo_server import DemoServer
from undertone.audio import RATE_HZ
from undertone.audio_file import read

PAUSE = bytes(4 * RATE_HZ)
AHEAD_S = 60
AT_ONCE = 4
MB = 1e6


@dataclass
class Measured:
    """Megabytes of the API process and of all processes, one after the other."""

    api: list[float] = field(default_factory=list)
    all: list[float] = field(default_factory=list)

    def look(self, server: DemoServer) -> None:
        """Add what is taken now."""
        main = psutil.Process(server.pid)
        family = [process.memory_info().rss / MB for process in [main, *main.children(recursive=True)]]
        self.api.append(api_process(server).memory_info().rss / MB)
        self.all.append(sum(family))


def main() -> None:
    """Run what was asked for and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path, default=Path("models/promoted"))
    parser.add_argument("--samples", type=Path, default=Path("data/samples"))
    parser.add_argument("--log", type=Path, default=Path("logs/benchmark-server.log"))
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--sessions", type=int, default=2000)
    parser.add_argument("--uploads", type=int, default=200)
    parser.add_argument("options", nargs="*", help="of the server, after --")
    arguments = parser.parse_args()
    clips = sorted(arguments.samples.glob("*.flac"))
    spoken = [read(clip).tobytes() + PAUSE for clip in clips]
    table = Table("what", "took, s", "API process, MB", "grown", "most", "all processes, MB", "grown")
    options = ("--max-session-s", "86400", *(arguments.options or ("--asr-model", "none")))
    with DemoServer(arguments.release, arguments.log, options) as server:
        server.wait_until_ready(600)
        seconds = round(3600 * arguments.hours)
        runs: dict[str, tuple[int, Callable[[int, Measured], None]]] = {
            f"one session of {arguments.hours:g} h": (seconds, lambda n, seen: hear(server, spoken, n, seen)),
            f"{arguments.sessions} sessions": (arguments.sessions, lambda n, seen: come(server, spoken, n, seen)),
            f"{arguments.uploads} uploads": (arguments.uploads, lambda n, seen: upload(server, clips, n, seen)),
        }
        for name, (count, run) in runs.items():
            if count:
                row = measured(name, count, run)
                print(*row, sep="  ", flush=True)
                table.add_row(*row)
    Console(width=130).print(table)


def measured(name: str, count: int, run: Callable[[int, Measured], None]) -> tuple[str, ...]:
    """Warm up, run, and return the row."""
    run(max(1, count // 2), Measured())
    seen, began_s = Measured(), time.monotonic()
    run(count, seen)
    print(name, "API process, MB:", " ".join(f"{value:.0f}" for value in seen.api), flush=True)
    grown = (f"{values[-1] / values[0] - 1:+.1%}" for values in (seen.api, seen.all))
    api, every = (f"{values[0]:.0f} to {values[-1]:.0f}" for values in (seen.api, seen.all))
    most = f"{max(seen.api) / seen.api[0] - 1:+.1%}"
    return name, f"{time.monotonic() - began_s:.0f}", api, next(grown), most, every, next(grown)


def hear(server: DemoServer, spoken: list[bytes], seconds: int, seen: Measured) -> None:
    """Send `seconds` of speech in one session, never more than `AHEAD_S` before they are heard."""
    pcm, points = endless(spoken), {round(seconds * tenth / 10) // AHEAD_S for tenth in range(11)}
    with session(server) as (socket, heard):
        for minute in range(seconds // AHEAD_S + 1):
            if minute in points:
                seen.look(server)
            socket.send(json.dumps({"type": "ping", "id": minute}))
            for second in islice(pcm, AHEAD_S):
                socket.send(second)
            heard.wait_for(minute)


def come(server: DemoServer, spoken: list[bytes], count: int, seen: Measured) -> None:
    """Let `count` sessions of one clip come and go, a few at once."""

    def one(clip: bytes) -> None:
        with session(server) as (socket, _):
            socket.send(clip)

    in_tenths(count, lambda number: one(spoken[number % len(spoken)]), server, seen)


def upload(server: DemoServer, clips: list[Path], count: int, seen: Measured) -> None:
    """Send `count` recordings, a few at once."""

    def one(number: int) -> None:
        body = clips[number % len(clips)].read_bytes()
        request = urllib.request.Request(server.url + "/predict", body, {"Content-Type": "audio/flac"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            assert b'"session.closed"' in answer.read().splitlines()[-1]

    in_tenths(count, one, server, seen)


def in_tenths(count: int, one: Callable[[int], None], server: DemoServer, seen: Measured) -> None:
    """Call `one` with 0 ... count - 1, a few at once, and look at the memory before and after each tenth."""
    seen.look(server)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for tenth in range(10):
            list(pool.map(one, range(count * tenth // 10, count * (tenth + 1) // 10)))
            seen.look(server)


class Heard:
    """What a session answers, read and forgotten; pongs tell how far it has heard."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._mark, self._told = socket, -1, threading.Condition()
        self.closed = threading.Thread(target=self._read, daemon=True)
        self.closed.start()

    def wait_for(self, mark: int) -> None:
        """Return when the ping `mark` was answered."""
        with self._told:
            assert self._told.wait_for(lambda: self._mark >= mark, timeout=600)

    def _read(self) -> None:
        for text in self._socket:
            message = json.loads(text)
            assert message["type"] != "error", message
            if message["type"] == "pong":
                with self._told:
                    self._mark = message["id"]
                    self._told.notify_all()


@contextmanager
def session(server: DemoServer) -> Iterator[tuple[ClientConnection, Heard]]:
    """Open a session and finish it, to its last answer."""
    with connect(server.ws_url, proxy=None, max_size=None, ping_interval=None) as socket:
        heard = Heard(socket)
        yield socket, heard
        socket.send(json.dumps({"type": "session.finish"}))
        heard.closed.join(600)


def endless(spoken: list[bytes]) -> Iterator[bytes]:
    """Yield seconds of speech for ever."""
    whole = b"".join(spoken)
    seconds = [whole[start : start + 2 * RATE_HZ] for start in range(0, len(whole) - 2 * RATE_HZ, 2 * RATE_HZ)]
    return cycle(seconds)


def api_process(server: DemoServer) -> psutil.Process:
    """Return the one that holds the sessions."""
    (pid,) = re.findall(r"Started server process \[(\d+)\]", server.log.read_text())
    return psutil.Process(int(pid))


if __name__ == "__main__":
    main()
