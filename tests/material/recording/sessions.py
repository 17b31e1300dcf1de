"""Sessions of a running server that consent to be recorded, and what its store has of them, for tests."""

import json
import time

from material.wire import receive, receive_until, send
from websockets.sync.client import connect

from undertone.recorded.recording import read_recording
from undertone.recorded.store import Store


def recorded(server, pcm, key=None, **settings):
    """Stream `pcm` with consent; return the id of the session and its messages."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with connect(server.ws_url, max_size=None, proxy=None, additional_headers=headers) as socket:
        session = receive(socket)["session_id"]
        send(socket, "session.update", record=True, **settings)
        assert receive(socket)["settings"]["record"] is True
        for start in range(0, len(pcm), 3200):
            socket.send(pcm[start : start + 3200])
        send(socket, "session.finish")
        return session, receive_until(socket, "session.closed")


def kept(url, session, within_s=10):
    """Return the recording of `session` once its end is written."""
    store, deadline_s = Store(str(url)), time.monotonic() + within_s
    while time.monotonic() < deadline_s:
        if files := store.sessions().get(session):
            recording = read_recording(store, session, files)
            if recording.end:
                return recording
        time.sleep(0.1)
    raise AssertionError(f"no whole recording of {session} within {within_s} s")


def traces(folder, *said):
    """Return the files under `folder` whose names or bytes have any of the texts in `said`."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if any(_holds(path, text) for text in said)]


def _holds(path, text):
    escaped = json.dumps(text)[1:-1]
    content = path.read_bytes()
    return text in str(path) or any(form.encode() in content for form in {text, escaped})


def told_to_record(messages):
    """Return what a recording keeps of the `messages` of a session: all that are about its sound, without numbers."""
    others = ("session.updated", "session.closed", "session.created", "audio.ack")
    kept = [message for message in messages if message["type"] not in others]
    return [{name: value for name, value in message.items() if name != "seq"} for message in kept]
