"""Waiting for what comes about by itself."""

import time
from collections.abc import Callable

import httpx

from serving.cli.demo_server import DemoServer


def until(holds: Callable[[], object], within_s: float = 60) -> None:
    """Return once `holds`; fail where it does not within `within_s` seconds."""
    deadline_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline_s, f"not within {within_s:g} s"
        time.sleep(0.05)


def is_healthy(server: DemoServer) -> bool:
    """Tell whether the models are loaded and every worker runs."""
    return httpx.get(server.url + "/health", timeout=30).is_success


def metric(server: DemoServer, series: str) -> float:
    """Return one series of /metrics, named without `undertone_`."""
    lines = httpx.get(server.url + "/metrics", timeout=30).text.splitlines()
    return float(next(line for line in lines if line.startswith(f"undertone_{series} ")).rpartition(" ")[2])
