"""A process that has imported what workers need, and forks them: they start in half the time and share those pages.

It begins with the server, beside the imports of the server itself, and starts no threads: what has any (the models)
is opened by the workers, after the fork.
"""

import multiprocessing
from multiprocessing import forkserver

from serving.processes import interrupts_blocked

FORK_SERVER = "forkserver"
_RECOGNISER = "undertone.words.engines.recogniser"
_WORKERS, _FROZEN = "serving.workers.words", "serving.workers.frozen"


def begin(recogniser: bool) -> None:
    """Start it; with the engine of the `recogniser`, which a server without one does without."""
    modules = [_WORKERS, *([_RECOGNISER] if recogniser else []), _FROZEN]
    multiprocessing.get_context(FORK_SERVER).set_forkserver_preload(modules)
    with interrupts_blocked():
        forkserver.ensure_running()
