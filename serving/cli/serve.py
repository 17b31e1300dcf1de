"""`undertone serve`: gathers the settings, checks the release, then runs the server."""

import argparse
import logging
import sys
from typing import TYPE_CHECKING

from serving.cli.options.parser import STOPPED, USAGE, Parser, exit_codes
from serving.port import PortError, bound_socket
from serving.promoted import check_release
from undertone.manifest import ReleaseError

if TYPE_CHECKING:
    from serving.settings.operator import OperatorSettings

log = logging.getLogger("undertone.server")

_CODES = {
    0: "stopped in order, by SIGTERM or Ctrl-C",
    1: "the release cannot be used, or the server failed",
    USAGE: "wrong arguments, or the port cannot be used",
    STOPPED: "",
}


def register(subparsers: "argparse._SubParsersAction[Parser]") -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "serve",
        help="run the streaming server",
        description="Runs the streaming server until it is stopped. Each flag may also be a variable "
        "(UNDERTONE_PORT=8001) or a line of a TOML file (port = 8001).",
        epilog=exit_codes(_CODES),
    )
    parser.set_defaults(run=run, parser=parser)
    parser.fill = _fill


def _fill(parser: argparse.ArgumentParser) -> None:
    from serving.cli.options import operator_flags  # the workers, which import this file, do without pydantic-settings

    operator_flags.add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Serve until stopped; exit code 2 where a setting or the port cannot be used, 1 where the release cannot.

    A server that others reach and that asks nobody for a key is a wrong setting as well.
    """
    from serving.cli.options.operator_flags import gathered
    from serving.settings.sources import SettingsError

    try:
        found = gathered(arguments)
    except SettingsError as refused:
        arguments.parser.error(str(refused))
    if arguments.show_config:
        sys.stdout.write(found.shown())
        return 0
    _check_access(found.settings, arguments.parser)
    _check_store(found.settings, arguments.parser)
    check_release(found.settings.release)
    try:
        bound_socket(found.settings.host, found.settings.port).close()
    except PortError as taken:
        arguments.parser.error(str(taken))
    return _serve(found.settings, arguments.parser)


def _check_access(settings: "OperatorSettings", parser: argparse.ArgumentParser) -> None:
    from serving.guard.policy import PolicyError
    from serving.guard.start import StartError, check

    try:
        check(settings.access, settings.host, settings.tls)
    except (PolicyError, StartError) as refused:
        parser.error(str(refused))


def _check_store(settings: "OperatorSettings", parser: argparse.ArgumentParser) -> None:
    if settings.record is None:
        return
    from undertone.recorded.store import StoreError, check_store

    try:
        check_store(settings.record)
    except StoreError as refused:
        parser.error(f"argument --record: {refused}")


def _serve(settings: "OperatorSettings", parser: argparse.ArgumentParser) -> int:
    from serving.workers import fork_server

    fork_server.begin(recogniser=settings.asr_model != "none")
    # LitServe and ONNX Runtime take a second to import: the other commands and wrong arguments do not wait for them.
    from serving import logs
    from serving.server import ServerFailedError, UndertoneServer

    logs.set_up(settings.log)
    try:
        server = UndertoneServer(
            settings.release.resolve(),
            settings.limits,
            settings.recognition,
            settings.log,
            settings.access,
            settings.otlp_endpoint,
            settings.record_policy,
        )
        log.info("sessions at once: %d (%s)", settings.sessions, settings.max_sessions)
        options = settings.tls.options() if settings.tls else {}
        server.serve(settings.host, settings.port, forwarded_allow_ips=settings.forwarded_allow_ips, **options)
    except ReleaseError as refused:
        raise SystemExit(f"cannot serve {settings.release}: {refused}") from None
    except PortError as taken:
        parser.error(str(taken))
    except ServerFailedError as failed:
        raise SystemExit(f"cannot serve: {failed}") from None
    return 0
