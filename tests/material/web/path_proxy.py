"""A proxy that shows a server under a path, as nginx does with `location /under/a/path/`."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer


@contextmanager
def proxy_under(prefix: str, port: int) -> Iterator[int]:
    """Pass on to the server at `port` what is asked under `prefix`, without it; yields the port of the proxy."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", port)) as server:
                threading.Thread(target=_pass_on, args=(server, self.request), daemon=True).start()
                _pass_on(self.request, server, f" {prefix}/".encode())

    class Server(ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        yield proxy.server_address[1]
        proxy.shutdown()


def _pass_on(source: socket.socket, target: socket.socket, prefix: bytes | None = None) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            is_request = prefix is not None and data.startswith((b"GET", b"POST"))
            target.sendall(data.replace(prefix, b" /", 1) if is_request and prefix else data)
        target.shutdown(socket.SHUT_RDWR)
