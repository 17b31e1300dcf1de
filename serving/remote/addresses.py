"""Which address a name stands for, found once: whoever connects uses what was judged here, and asks for no name again.

So a name that stands for another address a moment later (DNS rebinding) leads nowhere else.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence

import psutil

from serving.remote.errors import not_allowed, too_slow, unreachable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_ANSWER_S = 5.0
_PUBLIC_IPV6 = ipaddress.ip_network("2000::/3")
# Public by their number, but they end at an IPv4 address that is written in them, or near the machine that asks.
_LEADING_ELSEWHERE = [
    ipaddress.ip_network(text) for text in ("2001::/23", "2002::/16", "192.88.99.0/24", "192.0.0.0/24")
]


async def resolved(host: str, port: int) -> Sequence[str]:
    """Return the addresses that `host` stands for now; raises `OSError`."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


async def address_of(host: str, port: int, inside: Iterable[Network], resolve: Resolve = resolved) -> str:
    """Return the one address of `host` to connect to: a public one, or one `inside` the networks of the operator.

    Raises:
        RemoteError: the name stands for no address, or for any that is not to be asked.
    """
    try:
        async with asyncio.timeout(_ANSWER_S):
            found = [_address(text) for text in await resolve(host, port)]
    except TimeoutError:
        raise too_slow() from None
    except (OSError, ValueError):
        raise unreachable() from None
    own, networks = _own_addresses(), list(inside)
    if not found or not all(_may_be_asked(address, networks, own) for address in found):
        raise not_allowed("this address is not to be asked for recordings")
    return str(found[0])


def _address(text: str) -> Address:
    if "%" in text:
        raise ValueError("an address of one link")
    address = ipaddress.ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address


def _may_be_asked(address: Address, inside: Sequence[Network], own: Iterable[Address]) -> bool:
    return any(address in network for network in inside) or (is_public(address) and address not in own)


def is_public(address: Address) -> bool:
    """Tell whether `address` belongs to one machine of the internet, and to nothing near this one."""
    special = address.is_multicast or address.is_reserved or any(address in near for near in _LEADING_ELSEWHERE)
    return address.is_global and not special and (address.version == 4 or address in _PUBLIC_IPV6)


def _own_addresses() -> set[Address]:
    texts = [own.address for of_card in psutil.net_if_addrs().values() for own in of_card]
    found = set()
    for text in texts:
        try:
            found.add(_address(text))
        except ValueError:  # of a card itself, or of one link
            continue
    return found
