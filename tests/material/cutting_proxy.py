"""A network that breaks: a TCP proxy that cuts connections hard, both ways, after as many bytes as chance gives."""

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: no goodbye, what is on its way is lost


class CuttingProxy:
    """Passes on what is sent to and from the server at `port`; cuts `most` times, after `bytes_between` on average.

    The first cut comes after `spared_bytes`, so that a session can begin; `cuts` is how many there were.
    """

    def __init__(self, port: int, most: int, bytes_between: int, seed: int, spared_bytes: int = 4000) -> None:
        self._port, self._most, self._mean = port, most, bytes_between
        self._chance = random.Random(seed)
        self._left = spared_bytes + self._gap()
        self.cuts = self.connections = 0

    def _gap(self) -> int:
        return 1 + int(self._chance.expovariate(1 / self._mean))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        to_server = await asyncio.open_connection("127.0.0.1", self._port)
        sides = (writer, to_server[1])
        ways = ((reader, sides[1]), (to_server[0], writer))
        try:
            with suppress(ConnectionError, asyncio.CancelledError):
                await asyncio.gather(*(self._pipe(*ends, sides) for ends in ways))
        finally:
            for side in sides:
                side.close()

    async def _pipe(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, sides: tuple[asyncio.StreamWriter, ...]
    ) -> None:
        while data := await source.read(4096):
            if self.cuts < self._most and self._left <= len(data):
                sink.write(data[: self._left])  # cut in the middle of a frame as well
                self._cut(sides)
                return
            self._left -= len(data)
            sink.write(data)
            await sink.drain()
        if sink.can_write_eof():
            sink.write_eof()

    def _cut(self, sides: tuple[asyncio.StreamWriter, ...]) -> None:
        self.cuts, self._left = self.cuts + 1, self._gap()
        for side in sides:
            side.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            side.transport.abort()


@contextmanager
def cutting_proxy(port: int, most: int, bytes_between: int, seed: int) -> Iterator[tuple[CuttingProxy, str]]:
    """Run a proxy in a thread of its own; give it and the url of the WebSocket behind it."""
    proxy, loop = CuttingProxy(port, most, bytes_between, seed), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    listening = asyncio.run_coroutine_threadsafe(asyncio.start_server(proxy.serve, "127.0.0.1", 0), loop).result()
    try:
        yield proxy, f"ws://127.0.0.1:{listening.sockets[0].getsockname()[1]}/ws/analyze"
    finally:
        asyncio.run_coroutine_threadsafe(_stop(listening), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _stop(listening: asyncio.Server) -> None:
    listening.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
