"""`undertone serve`: checks the release, then runs the server."""

import argparse
import logging
import socket

from serving.cli import recognition_options
from serving.cli.release_option import add_release, check_release
from serving.settings import ServerLimits
from undertone.manifest import ReleaseError

HOSTS = ("127.0.0.1", "0.0.0.0", "::")  # what LitServe accepts


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser("serve", help="run the streaming server")
    add_release(parser)
    parser.add_argument("--host", choices=HOSTS, default="127.0.0.1", help="address (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port, 1024 to 65535 (default: %(default)s)")
    parser.add_argument("--max-sessions", type=int, default=8, help="sessions at once (default: %(default)s)")
    parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="info")
    recognition_options.add_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until stopped; exit code 1 where the release or the port cannot be used."""
    if not 1024 <= arguments.port <= 65535:
        raise SystemExit(f"--port {arguments.port}: LitServe takes a port from 1024 to 65535")
    if arguments.max_sessions < 1:
        raise SystemExit(f"--max-sessions {arguments.max_sessions}: at least 1")
    check_release(arguments.release)
    _check_port(arguments.host, arguments.port)

    # LitServe and ONNX Runtime take a second to import: the other commands and wrong arguments do not wait for them.
    from serving.server import UndertoneServer, WorkersFailedError

    logging.basicConfig(level=arguments.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    limits = ServerLimits(max_sessions=arguments.max_sessions, words_timeout_s=arguments.asr_timeout_s)
    recognition = recognition_options.recognition(arguments)
    try:
        server = UndertoneServer(arguments.release.resolve(), limits, recognition, arguments.log_level)
        server.serve(arguments.host, arguments.port)
    except ReleaseError as refused:
        raise SystemExit(f"cannot serve {arguments.release}: {refused}") from None
    except WorkersFailedError as failed:
        raise SystemExit(f"cannot serve: {failed}") from None
    return 0


def _check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SystemExit(
                f"port {port} on {host} cannot be used ({error.strerror}); choose another with --port"
            ) from None
