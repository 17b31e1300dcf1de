"""How the processes of a server live and die together: children leave Ctrl-C to their parent and end with it."""

import contextlib
import ctypes
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from multiprocessing import resource_tracker
from multiprocessing.process import BaseProcess

_LOOK_EVERY_S = 0.5
_M_ARENA_MAX = -8  # of malloc.h


@contextlib.contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Start child processes inside: they inherit that SIGINT is blocked, from their first instruction on.

    Unlike `signal.signal`, this may be used by any thread, and what comes meanwhile is delivered afterwards.
    """
    resource_tracker.ensure_running()  # the first start would do so, and it unblocks SIGINT
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def share_memory_among_threads() -> None:
    """Let all threads of this process take memory from one heap, before it starts any.

    glibc gives each a heap of its own, which keeps what that thread once needed: a tenth of a MB for each session.
    """
    with contextlib.suppress(OSError, AttributeError):  # another C library has no such knob
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def end_with_parent() -> None:
    """End this process as soon as the process that started it is gone, however it went (kill -9 too)."""
    if parent := multiprocessing.parent_process():
        threading.Thread(target=_outlive_nobody, args=(parent,), name="end-with-parent", daemon=True).start()


def _outlive_nobody(parent: BaseProcess) -> None:
    forked_by = os.getppid()  # the parent, or the process that forks workers for it
    while os.getppid() == forked_by and parent.is_alive():
        time.sleep(_LOOK_EVERY_S)
    os._exit(1)  # nobody is left to wait for what an orderly end would tell
