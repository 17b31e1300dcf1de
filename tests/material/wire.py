"""A plain WebSocket conversation for tests, written against the protocol and not with our own client."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect


@contextmanager
def session(ws_url: str) -> Iterator[ClientConnection]:
    """Connect and take `session.created` off the wire."""
    with connect(ws_url, max_size=None, proxy=None) as socket:
        assert receive(socket)["type"] == "session.created"
        yield socket


def receive(socket: ClientConnection, timeout_s: float = 60) -> dict:
    """Return the next message."""
    return json.loads(socket.recv(timeout=timeout_s))


def receive_until(socket: ClientConnection, kind: str) -> list[dict]:
    """Return all messages up to the first of `kind`, included."""
    messages = [receive(socket)]
    while messages[-1]["type"] != kind:
        messages.append(receive(socket))
    return messages


def end_of(socket: ClientConnection, within_s: float) -> tuple[list[dict], list[str], int | None]:
    """Return the messages up to the last one, the codes of the errors among them, and the close code."""
    messages = receive_until(socket, "session.closed")
    with pytest.raises(ConnectionClosed):
        socket.recv(timeout=within_s)
    errors = [message["code"] for message in messages if message["type"] == "error"]
    return messages, errors, socket.close_code


def send(socket: ClientConnection, kind: str, **fields: object) -> None:
    """Send a JSON message."""
    socket.send(json.dumps({"type": kind, **fields}))


def send_in_real_time(socket: ClientConnection, pcm: bytes, chunk_ms: int = 32, speed: float = 1.0) -> None:
    """Send `pcm` as fast as it would be spoken, or `speed` times as fast."""
    began_s = time.monotonic()
    for index, start in enumerate(range(0, len(pcm), 32 * chunk_ms)):
        time.sleep(max(0.0, began_s + index * chunk_ms / 1000 / speed - time.monotonic()))
        socket.send(pcm[start : start + 32 * chunk_ms])


def stream(ws_url: str, pcm: bytes, chunk_bytes: int, **settings: object) -> list[dict]:
    """Send all of `pcm` as fast as the socket takes it and return every message until the close."""
    with session(ws_url) as socket:
        if settings:
            send(socket, "session.update", **settings)
        for start in range(0, len(pcm), chunk_bytes):
            socket.send(pcm[start : start + chunk_bytes])
        send(socket, "session.finish")
        return receive_until(socket, "session.closed")


def without_latencies(messages: list[dict]) -> tuple[list[dict], list[dict]]:
    """Return (everything else, finals), each in its order, without what the wall clock decides.

    A final comes when its words do, so where it stands among the messages of the next utterance is no property.
    """
    kept = [message for message in messages if message["type"] not in ("utterance.provisional", "audio.ack")]
    bare = [{key: value for key, value in message.items() if key not in ("timings", "seq")} for message in kept]
    finals = [message for message in bare if message["type"] == "utterance.final"]
    return [message for message in bare if message not in finals], finals
