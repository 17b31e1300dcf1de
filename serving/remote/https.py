"""A recording on a web server: asked for at the address that was judged, under the name that its certificate bears."""

import ssl
from collections.abc import AsyncGenerator
from functools import cache

import httpx

from serving.remote.allowed import Place
from serving.remote.errors import not_there, too_slow, unreachable

_PIECE_BYTES = 65_536
_TIMES = httpx.Timeout(15.0, connect=5.0)


async def pieces(place: Place, address: str, most_bytes: int) -> AsyncGenerator[bytes, None]:
    """Yield the bytes at `place`, asked for at `address`; no redirect is followed, nothing is unpacked.

    Raises:
        RemoteError: it is not there, too large, or cannot be had.
    """
    url = httpx.URL(scheme="https", host=address, port=place.port, raw_path=f"{place.path}{place.query}".encode())
    headers = {"Host": place.authority, "Accept-Encoding": "identity", "User-Agent": "undertone"}
    # trust_env: no proxy of the environment, and no password of .netrc.
    client = httpx.AsyncClient(verify=_trusted(), trust_env=False, follow_redirects=False, timeout=_TIMES)
    try:
        named = {"sni_hostname": place.host}
        async with client, client.stream("GET", url, headers=headers, extensions=named) as response:
            _check(response, most_bytes)
            async for piece in response.aiter_raw(_PIECE_BYTES):
                yield piece
    except httpx.TimeoutException:
        raise too_slow() from None
    except httpx.HTTPError:
        raise unreachable() from None


@cache
def _trusted() -> ssl.SSLContext:
    return httpx.create_ssl_context()  # as SSL_CERT_FILE says, or as certifi does


def _check(response: httpx.Response, most_bytes: int) -> None:
    if response.status_code >= 500:
        raise unreachable()
    if 300 <= response.status_code < 400:
        raise not_there("the storage leads elsewhere, which is not followed")
    if response.status_code != 200:
        raise not_there(f"the storage answers with {response.status_code}")
    size = response.headers.get("content-length", "")
    if size.isdecimal() and int(size) > most_bytes:
        raise not_there(f"the recording has over {most_bytes} bytes")
