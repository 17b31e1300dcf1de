"""What the operator sets: the values that the server takes, and how they are gathered from flags, variables and a file.

Depends on pydantic-settings, in operator.py and sources.py only: the workers and the other commands never load it.
"""

from serving.settings.limits import MOST_WORKERS, Recognition, ServerLimits, worker_per_core

__all__ = ["MOST_WORKERS", "Recognition", "ServerLimits", "worker_per_core"]
