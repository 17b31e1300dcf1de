"""Who is told of the events of a session: a list of subscribers, told one after the other.

The session knows nothing of them: what is to be counted or recorded is one more in the list. The wire comes last, since
a client that is gone ends the telling.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence

from serving.observe.recording.session import SessionRecording
from serving.sessions.wire import Message, message_of
from undertone.stream.events import Event, Final

log = logging.getLogger("undertone.verdicts")

Subscriber = Callable[[Event], Awaitable[None]]
Send = Callable[[Message], Awaitable[None]]


def publisher(subscribers: Sequence[Subscriber]) -> Subscriber:
    """Return what tells an event to each of `subscribers` in turn; what one of them raises ends it."""

    async def publish(event: Event) -> None:
        for subscriber in subscribers:
            await subscriber(event)

    return publish


def wire(send: Send) -> Subscriber:
    """Return the subscriber that sends each event to the client."""

    async def tell(event: Event) -> None:
        await send(message_of(event))

    return tell


def recorded(recording: SessionRecording) -> Subscriber:
    """Return the subscriber that hands each event, as a message, to `recording`."""

    async def tell(event: Event) -> None:
        recording.told(message_of(event))

    return tell


def each_final(tell: Callable[[], object]) -> Subscriber:
    """Return the subscriber that calls `tell` at each final."""

    async def count(event: Event) -> None:
        if isinstance(event, Final):
            tell()

    return count


def finals_log(session_id: str) -> Subscriber:
    """Return the subscriber that writes a line for each final, never its words."""

    async def tell(event: Event) -> None:
        if isinstance(event, Final):
            about = {"session": session_id, **_logged(event), **event.timings}
            log.info("final %s", " ".join(f"{name}={value}" for name, value in about.items()))

    return tell


def _logged(final: Final) -> dict[str, object]:
    verdict = final.verdict
    alpha = round(verdict.alpha, 4)
    return {
        **final.span,
        "mode": verdict.mode,
        "reason": verdict.reason,
        "alpha": alpha,
        "abstain": verdict.abstain,
    }
