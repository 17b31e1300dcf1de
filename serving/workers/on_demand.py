"""Workers that start when they are asked for: the API process asks, the main process, which has them all, starts them.

A worker that nobody needs yet holds no model: a server at rest is small, and ready sooner.
"""

import multiprocessing
from collections.abc import Callable, Mapping


class WorkersOnDemand:
    """How many workers of each API path are `asked` for so far, as the API process knows; made before it is forked."""

    def __init__(self, at_start: Mapping[str, int]) -> None:
        self.asked = dict(at_start)
        self._asks, self._ask = multiprocessing.Pipe(duplex=False)

    def ask(self, api_path: str, count: int) -> None:
        """Ask for the workers of `api_path` that are missing of `count`; at once, and of each only once."""
        for worker_id in range(self.asked[api_path], count):
            self._ask.send((api_path, worker_id))
            self.asked[api_path] = worker_id + 1

    def start(self, start: Callable[[str, int], object]) -> None:
        """Call `start` for each that is asked for, in the main process, for ever."""
        while True:
            start(*self._asks.recv())


class Unstarted:
    """Stands where a worker will, among the processes that LitServe watches and stops."""

    name, pid = "not asked for", None

    def __init__(self) -> None:
        self._stopped = False

    def is_alive(self) -> bool:
        """Tell LitServe that there is nothing to start anew."""
        return not self._stopped

    def terminate(self) -> None:
        """End what never began."""
        self._stopped = True

    def join(self, timeout: float | None = None) -> None:
        """Await nothing."""
