"""`undertone serve`: checks the release, then runs the server."""

import argparse
import logging
from pathlib import Path

from serving.cli import recognition_options
from serving.port import PortError, bound_socket
from serving.settings import ServerLimits
from undertone.manifest import ReleaseError

DEFAULT_RELEASE = Path("models/promoted")
HOSTS = ("127.0.0.1", "0.0.0.0", "::")  # what LitServe accepts


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser("serve", help="run the streaming server")
    parser.add_argument("--release", type=Path, default=DEFAULT_RELEASE, help="release folder (default: %(default)s)")
    parser.add_argument("--host", choices=HOSTS, default="127.0.0.1", help="address (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port, 1024 to 65535 (default: %(default)s)")
    parser.add_argument("--max-sessions", type=int, default=8, help="sessions at once (default: %(default)s)")
    uploads_help = "recordings over HTTP at once, beside the sessions (default: %(default)s)"
    parser.add_argument("--max-uploads", type=int, default=ServerLimits.max_uploads, help=uploads_help)
    parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="info")
    recognition_options.add_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until stopped; exit code 1 where the release or the port cannot be used."""
    if not 1024 <= arguments.port <= 65535:
        raise SystemExit(f"--port {arguments.port}: LitServe takes a port from 1024 to 65535")
    if arguments.max_sessions < 1:
        raise SystemExit(f"--max-sessions {arguments.max_sessions}: at least 1")
    if arguments.max_uploads < 1:
        raise SystemExit(f"--max-uploads {arguments.max_uploads}: at least 1")
    try:
        bound_socket(arguments.host, arguments.port).close()
    except PortError as taken:
        raise SystemExit(str(taken)) from None

    # LitServe and ONNX Runtime take a second to import: the other commands and wrong arguments do not wait for them.
    from serving.server import ServerFailedError, UndertoneServer

    logging.basicConfig(level=arguments.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    limits = ServerLimits(
        max_sessions=arguments.max_sessions,
        max_uploads=arguments.max_uploads,
        words_timeout_s=arguments.asr_timeout_s,
    )
    recognition = recognition_options.recognition(arguments)
    try:
        server = UndertoneServer(arguments.release.resolve(), limits, recognition, arguments.log_level)
        server.serve(arguments.host, arguments.port)
    except ReleaseError as refused:
        raise SystemExit(f"cannot serve {arguments.release}: {refused}") from None
    except (ServerFailedError, PortError) as failed:
        raise SystemExit(f"cannot serve: {failed}") from None
    return 0
