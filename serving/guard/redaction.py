"""Credentials taken out of what is logged: keys and tokens wherever they stand, and all that such headers carry."""

import re

_HIDDEN = "[redacted]"
_SECRETS = re.compile(
    r"(?P<before>[?&]token=|undertone\.key\.|\bauthorization\W{1,5}|\bx-api-key\W{1,5}|\but_[0-9a-f]{8}_)"
    r"(?:(?:bearer|basic) )?[^\s&#\"',;]+"
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]+",
    re.IGNORECASE,
)


def redacted(text: str) -> str:
    """Return `text` without the credentials in it.

    >>> redacted("GET /ws/analyze?token=secret&a=1")
    'GET /ws/analyze?token=[redacted]&a=1'
    """
    return _SECRETS.sub(lambda found: f"{found['before'] or ''}{_HIDDEN}", text)
