"""How late the event loop is, and how long pings take, while every worker is busy all the time.

Protocol: a server of its own with the promoted release and tiny.en; sessions in threads of another process send spoken
clips of data/samples, each as soon as the last was answered, so that the workers never rest; one more session pings ten
times a second. The lag is that of the server's own histogram over the run (a task that wakes every 100 ms), its
percentiles by linear interpolation inside a bucket. All of it shares the cores of one machine: the load that others put
on it is printed.

    python benchmarks/faults/saturated.py --sessions 8 --seconds 30
"""

import argparse
import json
import multiprocessing
import os
import time
import urllib.request
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.table import Table
from websockets.sync.client import ClientConnection, connect

from serving.cli.demo_server import DemoServer
from undertone.audio import RATE_HZ
from undertone.audio_file import read

Buckets = dict[float, float]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path, default=Path("models/promoted"))
    parser.add_argument("--samples", type=Path, default=Path("data/samples"))
    parser.add_argument("--log", type=Path, default=Path("logs/benchmark-server.log"))
    parser.add_argument("--sessions", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("options", nargs="*", help="of the server, after --")
    arguments = parser.parse_args()
    spoken = [read(clip).tobytes() + bytes(2 * RATE_HZ) for clip in sorted(arguments.samples.glob("*.flac"))]
    options = ("--max-sessions", str(arguments.sessions + 1), *arguments.options)
    spawn = multiprocessing.get_context("spawn")
    with DemoServer(arguments.release, arguments.log, options) as server, ProcessPoolExecutor(1, spawn) as generator:
        server.wait_until_ready(600)
        before = lag_buckets(server.url)
        load = generator.submit(saturate, server.ws_url, spoken, arguments.sessions, arguments.seconds)
        pings_ms = ping(server.ws_url, arguments.seconds)
        finals = load.result()
        lag = {edge: count - before[edge] for edge, count in lag_buckets(server.url).items()}
    table = Table("figure", "p50", "p95", "p99", "most")
    table.add_row("event loop late, ms", *(f"{1000 * quantile(lag, q):.0f}" for q in (0.5, 0.95, 0.99, 1.0)))
    table.add_row("ping to pong, ms", *(f"{value:.0f}" for value in np.quantile(pings_ms, [0.5, 0.95, 0.99, 1.0])))
    Console().print(table)
    load_average = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{finals} finals, {len(pings_ms)} pings; load {load_average} on {os.cpu_count()} cores")


def saturate(url: str, spoken: list[bytes], sessions: int, seconds: float) -> int:
    """Keep all workers busy from `sessions` sessions for `seconds`; return how many finals came."""
    until_s = time.monotonic() + seconds

    def one(number: int) -> int:
        finals = 0
        with opened(url) as socket:
            while time.monotonic() < until_s:
                socket.send(spoken[(number + finals) % len(spoken)])
                finals += 1
                until(socket, "utterance.final")
        return finals

    with ThreadPoolExecutor(sessions) as pool:
        return sum(pool.map(one, range(sessions)))


def ping(url: str, seconds: float) -> list[float]:
    """Return the milliseconds that each ping waited for its pong."""
    waits_ms, until_s = [], time.monotonic() + seconds
    with opened(url) as socket:
        while time.monotonic() < until_s:
            began_s = time.monotonic()
            socket.send(json.dumps({"type": "ping", "id": 1}))
            until(socket, "pong")
            waits_ms.append(1000 * (time.monotonic() - began_s))
            time.sleep(0.1)
    return waits_ms


def opened(url: str) -> ClientConnection:
    """Return a connection, a context manager."""
    return connect(url, proxy=None, max_size=None)


def until(socket: ClientConnection, kind: str) -> None:
    """Read on to a message of `kind`."""
    while json.loads(socket.recv(timeout=120))["type"] != kind:
        pass


def lag_buckets(url: str) -> Buckets:
    """Return how often the event loop was at most so many seconds late."""
    with urllib.request.urlopen(url + "/metrics", timeout=30) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        (lag,) = [family for family in families if family.name == "undertone_event_loop_lag_seconds"]
    return {float(sample.labels["le"]): sample.value for sample in lag.samples if "le" in sample.labels}


def quantile(buckets: Buckets, share: float) -> float:
    """Return the seconds under which `share` of what was counted lies."""
    target, before, below = share * buckets[float("inf")], 0.0, 0.0
    for edge, count in buckets.items():
        if count >= target and count > below:
            return before + (edge - before) * (target - below) / (count - below)
        before, below = edge, count
    return before


if __name__ == "__main__":
    main()
