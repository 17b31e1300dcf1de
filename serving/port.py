"""The port that the server listens on."""

import socket


class PortError(Exception):
    """The port cannot be used; the message says why and what to do."""


def bound_socket(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to `port` on `host`; the caller closes it.

    Raises:
        PortError: somebody listens there already, or it is not ours to use.
    """
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise PortError(_why(host, port, error)) from None
    return bound


def listening_socket(host: str, port: int, backlog: int) -> socket.socket:
    """Return a socket that listens already.

    Two sockets may be bound to one port with SO_REUSEADDR as long as neither listens: only `listen` tells the second.

    Raises:
        PortError: see `bound_socket`.
    """
    bound = bound_socket(host, port)
    try:
        bound.listen(backlog)
    except OSError as error:
        bound.close()
        raise PortError(_why(host, port, error)) from None
    return bound


def _why(host: str, port: int, error: OSError) -> str:
    return f"port {port} on {host} cannot be used ({error.strerror}); choose another with --port"
