"""How much memory a worker may take: one that takes more ends between two requests, and another takes its place."""

import logging
import os

import psutil

log = logging.getLogger("undertone.words")

_MB = 1_000_000


class WorkerTooLargeError(RuntimeError):
    """A worker takes more than it may before it has heard anything; the message says what to do."""


class MemoryLimit:
    """The bound of one worker, `most_mb` megabytes of resident memory; None: none."""

    def __init__(self, most_mb: int | None) -> None:
        self._most_mb = most_mb

    def check_loaded(self) -> None:
        """Raise `WorkerTooLargeError` where the models alone take too much: no new start would help."""
        if (over_mb := self._over_mb()) is not None:
            raise WorkerTooLargeError(
                f"with its models loaded a worker takes {over_mb} MB: more than the {self._most_mb} of --worker-max-mb"
            )

    def end_if_over(self) -> None:
        """End this process where it takes too much; call it where no request is under way."""
        if (over_mb := self._over_mb()) is None:
            return
        log.warning("a worker takes %d MB, over %d (--worker-max-mb): it is started anew", over_mb, self._most_mb)
        os._exit(0)  # an orderly end would wait for the threads of the models

    def _over_mb(self) -> int | None:
        if self._most_mb is None:
            return None
        taken_mb = psutil.Process().memory_info().rss // _MB
        return taken_mb if taken_mb > self._most_mb else None


UNBOUNDED = MemoryLimit(None)
