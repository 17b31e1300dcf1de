"""The processes of a running server, for tests that harm or measure them."""

import re

import psutil

from serving.cli.demo_server import DemoServer
from serving.observe.processes import is_worker


def family_of(server: DemoServer) -> list[psutil.Process]:
    """Return all processes that the server started."""
    return psutil.Process(server.pid).children(recursive=True)


def api_process_of(server: DemoServer) -> psutil.Process:
    """Return the one that holds the sessions."""
    (pid,) = re.findall(r"Started server process \[(\d+)\]", server.log.read_text())
    return psutil.Process(int(pid))


def workers_of(server: DemoServer) -> list[psutil.Process]:
    """Return the workers that live, those for finals first: the others yield to them."""
    return sorted(filter(lambda child: _works(child, server.pid), family_of(server)), key=lambda child: child.nice())


def _works(process: psutil.Process, main: int) -> bool:
    try:
        return is_worker(process, main)
    except (psutil.ZombieProcess, psutil.NoSuchProcess):  # dead, and nobody has buried it yet
        return False
