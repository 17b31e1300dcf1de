"""How late the event loop is: a task that wants to wake up every so often, and sees when it does."""

import asyncio
from collections.abc import Callable

EVERY_S = 0.1


async def watch_lag(tell: Callable[[float], object]) -> None:
    """Tell every `EVERY_S` by how many seconds the running loop is late; until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due_s = loop.time() + EVERY_S
        await asyncio.sleep(EVERY_S)
        tell(max(0.0, loop.time() - due_s))
