"""Fetches a recording by its address, where the operator allows it."""

import ipaddress
import logging
from collections.abc import AsyncGenerator

from serving.guard.policy import UrlRules
from serving.remote.addresses import Resolve, address_of, resolved
from serving.remote.allowed import Place, Prefix
from serving.remote.errors import not_allowed


class Remote:
    """What may be fetched; `resolve` says which addresses a name stands for."""

    def __init__(self, rules: UrlRules, resolve: Resolve = resolved) -> None:
        self._prefixes = [Prefix.of(text) for text in rules.prefixes]
        self._inside = [ipaddress.ip_network(text) for text in rules.networks]
        self._resolve = resolve
        for quiet in ("httpx", "httpcore", "botocore", "aiobotocore", "s3fs", "fsspec"):
            logging.getLogger(quiet).setLevel(logging.WARNING)  # addresses may carry signatures

    def place(self, url: str) -> Place:
        """Return where `url` leads; raises `RemoteError` where that is not allowed."""
        if not self._prefixes:
            raise not_allowed("this server fetches no recordings; the operator sets --allow-urls")
        try:
            place = Place.of(url)
        except ValueError as error:
            raise not_allowed(f"this url is not taken: {error}") from None
        if not any(prefix.covers(place) for prefix in self._prefixes):
            raise not_allowed("recordings are not fetched from there; the operator sets --allow-urls")
        return place

    async def pieces(self, place: Place, most_bytes: int) -> AsyncGenerator[bytes, None]:
        """Yield the bytes at `place`; raises `RemoteError` where they cannot be had, or are over `most_bytes`."""
        from serving.remote import https, storage  # httpx takes a tenth of a second to load

        if place.scheme == "s3":
            found = storage.pieces(place, most_bytes)
        else:
            address = await address_of(place.host, place.port, self._inside, self._resolve)
            found = https.pieces(place, address, most_bytes)
        try:
            async for piece in found:
                yield piece
        finally:
            await found.aclose()
