"""A device as a stream of samples: recorded in a thread, taken in an event loop."""

import asyncio
import threading
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from undertone.audio import RATE_HZ, Samples, to_int16
from undertone.devices.devices import Device, DeviceError, sound_system

CLOSE_S = 4.0  # a device that gives nothing any more is not waited for longer


class Microphone:
    """An asynchronous iterator of pieces (`chunk_samples`,) int16 at 16 kHz, all channels mixed, until `stop`.

    `samples` counts what was taken. It records inside `async with`; what nobody takes is kept. Where the block ends,
    or is not entered after all, the device is given back: the sound system's library aborts a program that ends while
    a thread still records.

    Raises:
        DeviceError: from entering or from iterating: it cannot be recorded from, or not any more.
    """

    def __init__(self, device: Device, chunk_samples: int) -> None:
        self._device, self._chunk_samples = device, chunk_samples
        self._pieces: asyncio.Queue[Samples | Exception | None] = asyncio.Queue()
        self._stopping = threading.Event()
        self.samples = 0

    async def __aenter__(self) -> Self:
        """Begin to record; returns when it does."""
        self._loop, began = asyncio.get_running_loop(), asyncio.Event()
        self._thread = threading.Thread(target=self._record, args=(began,), daemon=True)
        self._thread.start()
        try:
            await began.wait()
            if not self._pieces.empty() and isinstance(failed := self._pieces.get_nowait(), Exception):
                raise failed
        except BaseException:  # Ctrl-C among them
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stop()
        await asyncio.to_thread(self._thread.join, CLOSE_S)

    def stop(self) -> None:
        """End the stream after what was recorded."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._pieces.put_nowait(None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Samples:
        piece = await self._pieces.get()
        if piece is None:
            raise StopAsyncIteration
        if isinstance(piece, Exception):
            raise piece
        self.samples += len(piece)
        return piece

    def _record(self, began: asyncio.Event) -> None:
        try:
            with self._recorder() as recorder:
                self._tell(began.set)
                while not self._stopping.is_set():
                    self._put(_mixed(recorder.record(self._chunk_samples)))
        except Exception as failed:  # a RuntimeError, or what the library trips over when the sound system goes away
            self._put(DeviceError(f"{self._device.name} cannot be recorded from: {failed}"))
            self._tell(began.set)

    def _recorder(self) -> Any:
        found = sound_system().get_microphone(self._device.id, include_loopback=True)
        return found.recorder(RATE_HZ, blocksize=self._chunk_samples)

    def _put(self, piece: Samples | Exception) -> None:
        self._tell(self._pieces.put_nowait, piece)

    def _tell(self, call: Any, *arguments: Any) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, *arguments)


def _mixed(block: NDArray[np.float32]) -> Samples:
    return to_int16(block.mean(axis=1))
