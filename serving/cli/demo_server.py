"""A server of our own in a process group of its own: started on a free port, awaited, and surely gone at the end.

ServerFailedError   it died, never became ready, or had to be killed; the message carries the end of its log
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_HOST = "127.0.0.1"
_POLL_S = 0.1
# What the operator set for another server: this one is for whoever started it, on loopback.
_SET = ("KEYS", "JWT_SECRET", "JWT_JWKS", "ALLOW_IPS", "SSL_CERTFILE", "USAGE", "RECORD", "REDIS", "ALLOW_URLS")
_OF_OTHERS = {f"UNDERTONE_{name}" for name in _SET}
_PROGRESS_S = 5.0
_LOG_LINES = 15


class ServerFailedError(Exception):
    """The server did not do its part; the message is for a user."""


class DemoServer:
    """`undertone serve` as a child process; a context manager that leaves nothing of it behind."""

    def __init__(self, release: Path, log: Path, options: Sequence[str] = ()) -> None:
        self.port = free_port()
        self.url = f"http://{_HOST}:{self.port}"
        self.ws_url = f"ws://{_HOST}:{self.port}/ws/analyze"
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "serving.cli.main", "serve", "--release", str(release)]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, "--host", _HOST, "--port", str(self.port), *options],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={name: value for name, value in os.environ.items() if name not in _OF_OTHERS},
            )

    @property
    def pid(self) -> int:
        """The process, and its group."""
        return self.process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self.process.poll() is None:
                with suppress(ServerFailedError):
                    self.stop()
        finally:  # even after a second Ctrl-C
            self._kill_group()

    def wait_until_ready(self, timeout_s: float = 120.0, progress: Callable[[str], None] | None = None) -> float:
        """Return the seconds until /health answered 200; `progress` gets a line every few seconds.

        Raises:
            ServerFailedError: the server died or is not ready in time.
        """
        began_s = time.monotonic()
        told_s = 0.0
        while (waited_s := time.monotonic() - began_s) < timeout_s:
            if (code := self.process.poll()) is not None:
                raise ServerFailedError(f"the server ended with code {code} before it was ready.\n{self._end_of_log()}")
            if self._healthy():
                return waited_s
            if progress and waited_s - told_s >= _PROGRESS_S:
                told_s = waited_s
                progress(f"  still loading after {waited_s:.0f} s")
            time.sleep(_POLL_S)
        raise ServerFailedError(f"the server was not ready after {timeout_s:g} s.\n{self._end_of_log()}")

    def stop(self, timeout_s: float = 20.0) -> None:
        """Ask the server to end, and see that all of its processes do.

        Raises:
            ServerFailedError: it was gone already, or had to be killed.
        """
        if (code := self.process.poll()) is not None:
            raise ServerFailedError(f"the server had ended by itself with code {code}.\n{self._end_of_log()}")
        self.process.terminate()
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._kill_group()
            raise ServerFailedError(f"the server did not stop within {timeout_s:g} s and was killed") from None

    def _kill_group(self) -> None:
        # The leader may be gone while children of the group live on.
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _healthy(self) -> bool:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(f"{self.url}/health", timeout=2) as response:
                return bool(response.status == 200)
        except urllib.error.HTTPError as not_ready:
            not_ready.close()
            return False
        except OSError:
            return False

    def _end_of_log(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(
            ["The end of its log:", *(f"  {line}" for line in lines[-_LOG_LINES:]), f"All of it: {self.log}"]
        )


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
