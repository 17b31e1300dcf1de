"""The document of the wire against what a server sends that is asked for everything, and what clients read of it."""

import json

import numpy as np
import pytest
from material.wire import receive, receive_until, send
from pydantic import TypeAdapter
from websockets.sync.client import connect

from serving.typescript import FILE as TYPES
from serving.typescript import type_name
from undertone.audio_file import read
from undertone.client.events import event_of
from undertone.protocol import ServerMessage

EVERYTHING = {"word_times": True, "prosody": True, "partials": True, "channels": 2, "language": "en"}


@pytest.fixture(scope="module")
def told(listening_server, samples):
    """All messages of a call in which everything is asked for."""
    one, other = read(samples / "06_turn.flac"), read(samples / "02_upset.flac")
    call = np.zeros((max(len(one), len(other)) + 16_000, 2), np.int16)
    call[: len(one), 0], call[: len(other), 1] = one, other
    with connect(listening_server.ws_url, max_size=None, proxy=None) as socket:
        created = receive(socket)
        send(socket, "session.update", **EVERYTHING)
        send(socket, "session.update", channels=9)
        send(socket, "ping", id=1)
        for start in range(0, len(call), 1600):
            socket.send(call[start : start + 1600].tobytes())
        send(socket, "session.finish")
        return [created, *receive_until(socket, "session.closed")]


def test_every_message_is_one_of_the_document_and_of_the_types(told, documented):
    kinds = {message["type"] for message in told}
    assert kinds >= {"session.updated", "error", "pong", "audio.ack", "mood", "utterance.final", "session.closed"}
    for message in told:
        documented(message)
        TypeAdapter(ServerMessage).validate_json(json.dumps(message))


def test_every_field_that_was_sent_is_named_in_the_types_of_the_javascript_client(told):
    declared = TYPES.read_text(encoding="utf-8")
    for message in told:
        _, _, body = declared.partition(f"export interface {type_name(message['type'])} {{")
        fields = body.partition("\n}\n")[0]
        assert all(f"\n  {name}:" in fields or f"\n  {name}?:" in fields for name in message), message["type"]


def test_the_python_client_reads_every_field_of_an_utterance(told):
    for message in told:
        event = event_of(message)
        if "channel" in message:
            assert (event.channel, event.utterance_id) == (message["channel"], message["utterance_id"])
        if message["type"] == "utterance.final":
            assert [(word.text, word.start_ms, word.end_ms, word.confidence) for word in event.words] == [
                (word["text"], word["start_ms"], word["end_ms"], word["confidence"]) for word in message["words"]
            ]
            assert event.prosody.energy_dbfs == message["prosody"]["energy_dbfs"]


def test_all_three_utterances_have_one_final_each_in_the_order_of_their_channel(told):
    finals = [message for message in told if message["type"] == "utterance.final"]
    assert sorted(final["utterance_id"] for final in finals) == [1, 2, 3]
    of_one = [final["utterance_id"] for final in finals if final["channel"] == 1]
    assert len(of_one) == 2
    assert of_one == sorted(of_one)
