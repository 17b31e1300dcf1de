"""A WebSocket server that follows a script: for what the real server cannot be made to do, such as to hang up."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from websockets.sync.server import ServerConnection, serve

CREATED = {"type": "session.created", "release": {"version": "0.0.1"}}
CLOSED = {"type": "session.closed", "reason": "finished", "totals": {}, "trajectory": []}


@contextmanager
def scripted_server(script: Callable[[ServerConnection], None]) -> Iterator[str]:
    """Run `script` for each connection and give the url."""
    with serve(script, "127.0.0.1", 0, close_timeout=1) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/ws/analyze"
        server.shutdown()
        thread.join()


def say(socket: ServerConnection, *messages: dict) -> None:
    for message in messages:
        socket.send(json.dumps(message))


def hear_all(socket: ServerConnection) -> tuple[list[dict], int]:
    """Read up to session.finish and return the JSON messages and the bytes of audio."""
    messages, audio_bytes = [], 0
    for frame in socket:
        if isinstance(frame, bytes):
            audio_bytes += len(frame)
            continue
        messages.append(json.loads(frame))
        if messages[-1]["type"] == "session.finish":
            break
    return messages, audio_bytes
