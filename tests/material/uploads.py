"""An upload by hand, for tests of what a client does that never ends one."""

import socket
import time

from serving.cli.demo_server import DemoServer


def begin_upload(server: DemoServer, content: bytes) -> socket.socket:
    """Return a connection that has sent half of an upload and then stalls."""
    upload = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    head = f"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\n\r\n"
    upload.sendall(head.encode() + content[: len(content) // 2])
    time.sleep(0.5)
    return upload


def everything(connection: socket.socket) -> str:
    """Return what comes until the other side closes."""
    received = b""
    while piece := connection.recv(65_536):
        received += piece
    return received.decode()
