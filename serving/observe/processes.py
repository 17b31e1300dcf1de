"""The memory of all processes of the server: the one that was started, and every one that it started."""

import multiprocessing
import os
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

ROLES = ("main", "api", "worker", "other")


@dataclass
class Processes:
    """How many processes there are of each role, and their memory in bytes."""

    count: Counter[str] = field(default_factory=Counter)
    memory_bytes: Counter[str] = field(default_factory=Counter)


def processes() -> Processes:
    """Return what the processes of this server hold; asks the system for milliseconds, so use a thread.

    The bytes are proportional on Linux: what several processes share is counted once. Elsewhere they are resident.
    Call it in the API process.
    """
    parent = multiprocessing.parent_process()
    main = psutil.Process(parent.pid if parent else os.getpid())
    found = Processes()
    for process in [main, *main.children(recursive=True)]:
        with suppress(psutil.Error):  # it may end while it is looked at
            role = _role(process, main)
            memory_bytes = _memory_bytes(process)
            found.count[role] += 1
            found.memory_bytes[role] += memory_bytes
    return found


def _role(process: psutil.Process, main: psutil.Process) -> str:
    if process.pid == os.getpid():
        return "api"
    if process.pid == main.pid:
        return "main"
    return "worker" if is_worker(process, main.pid) else "other"


def is_worker(process: psutil.Process, main: int) -> bool:
    """Tell whether `process` is a worker of the server whose main process has the number `main`.

    Workers look like the process that forked them (serving/workers/fork_server.py), which is the main process's child.
    """
    return process.ppid() != main and any("multiprocessing.forkserver" in word for word in process.cmdline())


def _memory_bytes(process: psutil.Process) -> int:
    memory = process.memory_full_info()
    return int(getattr(memory, "pss", memory.rss))
