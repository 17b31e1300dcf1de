"""From where recordings may be fetched: addresses below the prefixes of the operator, compared piece by piece.

    Prefix.of("https://media.example/calls/").covers(Place.of("https://media.example/calls/1.wav"))

What is taken for an address is so little that nobody can read it in two ways: ASCII, no user, no fragment, no
backslash, no slash, dot or control character that hides behind a percent sign.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

MOST_CHARACTERS = 4096
_HTTPS_PORT = 443
_SIGNS = r"[A-Za-z0-9\-._~!$&'()*+,;=:@%/]"
_HTTPS = re.compile(
    rf"https://(?P<host>[a-z0-9]([a-z0-9.\-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:(?P<port>[1-9][0-9]{{0,4}}))?"
    rf"(?P<path>/{_SIGNS}*)(?P<query>\?({_SIGNS}|[?])*)?",
    re.IGNORECASE | re.ASCII,
)
_S3 = re.compile(rf"s3://(?P<host>[a-z0-9][a-z0-9.\-]{{1,61}}[a-z0-9])(?P<path>/({_SIGNS}|[ ])*)", re.ASCII)
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HIDDEN = re.compile(r"%(2f|5c|[01][0-9a-f]|7f)", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """An address in its pieces: `scheme` https or s3, `host` a name, an IP address without brackets, or a bucket."""

    scheme: str
    host: str
    port: int
    path: str
    query: str = ""

    @classmethod
    def of(cls, url: str) -> "Place":
        """Return the place of `url`; raises `ValueError`, which says what is wrong."""
        if len(url) > MOST_CHARACTERS:
            raise ValueError(f"it may have {MOST_CHARACTERS} characters")
        scheme = url.partition("://")[0].lower()
        found = {"https": _HTTPS, "s3": _S3}[scheme].fullmatch(url) if scheme in ("https", "s3") else None
        if not found:
            raise ValueError("it is such as https://host/path or s3://bucket/key, in ASCII, without user and fragment")
        pieces = found.groupdict()
        _check_path(pieces["path"], scheme)
        port = int(pieces.get("port") or _HTTPS_PORT)
        if port > 65_535:
            raise ValueError("there is no such port")
        return cls(scheme, pieces["host"].lower().strip("[]"), port, pieces["path"], pieces.get("query") or "")

    @property
    def authority(self) -> str:
        """The host as the head of a request names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _HTTPS_PORT else f"{host}:{self.port}"


@dataclass(frozen=True)
class Prefix:
    """A folder of the operator: all that lies below it may be fetched."""

    place: Place

    @classmethod
    def of(cls, text: str) -> "Prefix":
        """Return the prefix that `text` names; raises `ValueError`, which says what is wrong."""
        place = Place.of(text if "/" in text.partition("://")[2] else f"{text}/")
        if place.query or not place.path.endswith("/"):
            raise ValueError("it ends with / and has no query")
        return cls(place)

    def covers(self, place: Place) -> bool:
        """Tell whether `place` lies below it."""
        own = self.place
        same = (own.scheme, own.host, own.port) == (place.scheme, place.host, place.port)
        return same and place.path.startswith(own.path) and len(place.path) > len(own.path)


def _check_path(path: str, scheme: str) -> None:
    hides = scheme == "https" and (_ESCAPE.search(path) or _HIDDEN.search(path))
    names = (unquote(path) if scheme == "https" else path).split("/")
    if hides or "." in names or ".." in names or "" in names[1:-1]:
        raise ValueError("its path has no dots or slashes that lead elsewhere")
