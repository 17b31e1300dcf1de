"""What is wrong with the access that an operator set up, told before anything starts."""

import ipaddress

from serving.guard.credentials.key_file import KeyFileError
from serving.guard.guard import Guard
from serving.guard.policy import Access, PolicyError
from serving.guard.tls import Tls
from serving.guard.usage.store import UsageError

_CHOICE = "give --keys FILE (see `undertone keys add --help`), --jwt-secret or --jwt-jwks, or let all in by --no-auth"


class StartError(ValueError):
    """The server must not start so; the message says what to set."""


def check(access: Access, host: str, tls: Tls | None) -> None:
    """Raise `StartError` where a server on `host` would be open by mistake, or something it needs cannot be used."""
    if access.no_auth and not access.is_open:
        raise StartError("--no-auth lets everybody in: leave it out, or --keys and --jwt-*")
    if access.is_open and not access.no_auth and not ipaddress.ip_address(host).is_loopback:
        raise StartError(f"others reach --host {host}, and nobody would be asked for a key: {_CHOICE}")
    try:
        Guard(access)
        if tls:
            tls.check()
    except (KeyFileError, PolicyError, UsageError) as error:
        raise StartError(str(error)) from None
