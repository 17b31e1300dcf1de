"""One thread for the products of numpy: how many add up decides the last digit of what a recogniser is given."""

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager[Any]:
    """Return a context in which the BLAS of this process adds up on the thread that asks, as it does in a server."""
    return _controller().limit(limits=1, user_api="blas")


@cache
def _controller() -> Any:
    return ThreadpoolController()  # looks through all libraries that are loaded
