"""The sessions of a load: real speech, paced, from a process of its own, and what each of them heard back."""

import asyncio
import contextlib
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from speculation import held_out
from spoken_track import Track, track, voiced

from training.params import load_params
from undertone.audio_file import read
from undertone.client.connection import StreamError
from undertone.client.stream import Event, stream
from undertone.client.timing import Pace

EVERY_S = 4.0


@dataclass(frozen=True)
class Heard:
    """The events of each session, in the order of their tracks; why some were lost; the CPU seconds that it took."""

    events: list[list[Event]]
    lost: list[str]
    cpu_s: float


def tracks(ravdess: Path, sessions: int, seconds: float) -> list[Track]:
    """Return a track for each session: clips of the test actors, one every `EVERY_S`, in an order of its own."""
    clips = held_out(ravdess, load_params()["split"]["test_actors"], 240)
    speech = {clip: voiced(read(clip)) for clip in clips}
    count = max(1, round(seconds / EVERY_S))
    chosen = (random.Random(number).choices(clips, k=count) for number in range(sessions))
    return [track([speech[clip] for clip in own], int(1000 * EVERY_S)) for own in chosen]


def generate(spoken: Sequence[Track], url: str, chunk_ms: int) -> Heard:
    """Stream all tracks in real time, the sessions spread evenly over `EVERY_S`."""
    began_s, lost = time.process_time(), list[str]()
    events = asyncio.run(_all(spoken, url, chunk_ms, lost))
    return Heard(events, lost, time.process_time() - began_s)


async def _all(spoken: Sequence[Track], url: str, chunk_ms: int, lost: list[str]) -> list[list[Event]]:
    async def one(number: int) -> list[Event]:
        await asyncio.sleep(EVERY_S * number / len(spoken))
        events: list[Event] = []
        try:
            sound = stream([spoken[number].samples], url=url, pace=Pace(chunk_ms))
            async with contextlib.aclosing(sound) as coming:
                async for event in coming:
                    events.append(event)
        except StreamError as error:
            lost.append(str(error))
        return events

    return await asyncio.gather(*map(one, range(len(spoken))))
