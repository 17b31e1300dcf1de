"""A client that goes on sending after the server has closed: it is read for a while, then no more."""

from types import SimpleNamespace

import pytest
from websockets.frames import Frame, Opcode

from serving.live.websocket_protocol import BoundedWebSocket

pytestmark = pytest.mark.fast

MIB = 1 << 20


class Transport:
    """Counts how often it was told to read no more."""

    def __init__(self):
        self.paused = 0

    def is_closing(self):
        return False

    def pause_reading(self):
        self.paused += 1

    def write(self, data):
        pass


def closed_protocol():
    """A protocol whose close frame went out."""
    config = SimpleNamespace(
        loaded=True, loaded_app=None, root_path="", asgi_version="3.0", ws_per_message_deflate=False, ws_max_size=MIB
    )
    config.ws_ping_interval = config.ws_ping_timeout = None
    state = SimpleNamespace(connections=set(), tasks=set(), default_headers=[])
    loop = SimpleNamespace(create_future=SimpleNamespace)
    protocol = BoundedWebSocket(config, state, {}, loop, most_bytes=MIB)
    protocol.transport, protocol.close_sent = Transport(), True
    return protocol


@pytest.mark.parametrize(("size", "most"), [(2, 17_000), (3200, 10_000), (MIB, 70)])
def test_messages_after_the_close_are_read_up_to_a_bound_whatever_their_size(size, most):
    protocol = closed_protocol()
    message = bytes(size)
    protocol.handle_events = lambda: protocol.handle_bytes(Frame(Opcode.BINARY, message))
    protocol.conn.receive_data = lambda data: None
    count = 0
    while not protocol.transport.paused:
        protocol.data_received(message)
        count += 1
    assert most * 0.9 < count < most
    assert protocol.queue.empty(), "and nobody gets them"
