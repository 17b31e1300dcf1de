"""A stream of audio through one session at its pace; its events with the wall-clock times of their arrival.

Sending and receiving run side by side, since the server slows a sender down by not reading. This file prints nothing
and reads no files: undertone/audio_file gives the samples, the command line shows the events.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Mapping
from typing import Any

from undertone.audio import Samples
from undertone.client.address import DEFAULT_URL
from undertone.client.session import Session
from undertone.client.timing import Event, Pace, SendLog, rechunk

REAL_TIME = Pace()


async def stream(
    blocks: Iterable[Samples] | AsyncIterable[Samples],
    *,
    url: str = DEFAULT_URL,
    pace: Pace = REAL_TIME,
    settings: Mapping[str, Any] | None = None,
    patience_s: float = 60.0,
    api_key: str | None = None,
) -> AsyncGenerator[Event, None]:
    """Stream `blocks`, (samples,) int16 at 16 kHz of any lengths, through one session; yield its events as they come.

    Blocks that come by themselves, of an `AsyncIterable`, have the length of a frame of `pace`.

    `api_key` is a key of the server, or a token that it takes. Audio is sent once `session.created` arrived, after a
    `session.update` of `settings` if there are any; the last event is `session.closed`. Close the generator
    (`contextlib.aclosing`) to hang up early.

    Raises:
        StreamError: see connection.py; events that came before it were yielded. Before `session.created` and
            after `session.finish` a silence of `patience_s` is not waited out.
        Exception: whatever iterating over `blocks` raises, after hanging up.
    """
    log, sending = SendLog(pace), None
    async with Session(url, api_key, patience_s) as session:
        try:
            while True:
                event = log.stamp(await session.next())
                if event.type == "session.created":
                    sending = asyncio.create_task(send(session, blocks, settings or {}, log))
                yield event
                if event.type == "session.closed":
                    session.check_closed()
                    return
        finally:
            if sending:
                sending.cancel()
                await asyncio.wait([sending])


async def send(
    session: Session, blocks: Iterable[Samples] | AsyncIterable[Samples], settings: Mapping[str, Any], log: SendLog
) -> None:
    """Send `settings`, then `blocks` at the pace of `log`, then the finish; what iterating raises fails the session."""
    try:
        if settings:
            await session.command("session.update", **settings)
        async for chunk in blocks if isinstance(blocks, AsyncIterable) else _in_time(blocks, log):
            log.add()
            await session.audio(chunk.astype("<i2").tobytes())
        await session.finish()
    except Exception as failed:
        session.fail(failed)


async def _in_time(blocks: Iterable[Samples], log: SendLog) -> AsyncIterator[Samples]:
    for chunk in rechunk(blocks, log.pace.chunk_samples):
        await asyncio.sleep(log.wait_s())  # even 0 s let the receiving half run
        yield chunk
