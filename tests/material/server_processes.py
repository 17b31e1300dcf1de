"""The processes of a running server, for tests that harm or measure them."""

import re

import psutil

from serving.cli.demo_server import DemoServer


def family_of(server: DemoServer) -> list[psutil.Process]:
    """Return all processes that the server started."""
    return psutil.Process(server.pid).children(recursive=True)


def api_process_of(server: DemoServer) -> psutil.Process:
    """Return the one that holds the sessions."""
    (pid,) = re.findall(r"Started server process \[(\d+)\]", server.log.read_text())
    return psutil.Process(int(pid))
