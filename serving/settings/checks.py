"""What a setting may be: checks of a text, as flags and variables have it, or of a value of a TOML file.

Each returns the value or raises a ValueError that says what it must be.
"""

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from serving.settings.limits import worker_per_core
from undertone.words.settings import WEIGHTS, names_a_folder


def model(value: Any) -> str:
    """Check the name of a Whisper, a folder of one, or none."""
    text = str(value)
    folder = Path(text)
    if not text or text != text.strip():
        raise ValueError(f"a model has a name, not {text!r}")
    if folder.is_dir():
        if not (folder / WEIGHTS).is_file():
            raise ValueError(f"{text} holds no {WEIGHTS}: not a CTranslate2 model")
        return str(folder.resolve())
    if names_a_folder(text):
        raise ValueError(f"there is no folder {text}")
    return text


def language(value: Any) -> str:
    """Check a code such as en."""
    text = str(value)
    if not (2 <= len(text) <= 10 and text.isascii() and text.islower()):
        raise ValueError(f"a language is a code such as en, not {text!r}")
    return text


def workers(value: Any) -> int:
    """Check a number of processes, or auto: one for each core."""
    return worker_per_core() if value == "auto" else int(whole(1, 64)(value))


def seconds(value: Any, most_s: float = 600) -> float:
    """Check a duration of 0.1 to `most_s` seconds."""
    try:
        duration_s = float(str(value))
    except ValueError:
        duration_s = 0.0
    if not 0.1 <= duration_s <= most_s:
        raise ValueError(f"must be seconds from 0.1 to {most_s:g}, not {value}")
    return duration_s


def seconds_or_zero(value: Any) -> float:
    """Check a duration as `seconds` does, or 0."""
    return 0.0 if str(value) in ("0", "0.0") else seconds(value)


def whole(low: int, high: int) -> Callable[[Any], int]:
    """Return the check of a whole number from `low` to `high`."""

    def number(value: Any) -> int:
        text = str(value)
        if not text.isdecimal() or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}, not {value}")
        return int(text)

    return number


def port(value: Any) -> int:
    """Check a port that LitServe takes."""
    number = integer(value)
    if not 1024 <= number <= 65535:
        raise ValueError(f"{number}: LitServe takes a port from 1024 to 65535")
    return number


def at_least_one(value: Any) -> int:
    """Check how many of something there may be at once."""
    number = integer(value)
    if number < 1:
        raise ValueError(f"{number}: at least 1")
    return number


def integer(value: Any) -> int:
    """Check a number of any size."""
    try:
        return int(str(value))
    except ValueError:
        raise ValueError(f"invalid int value: {value!r}") from None


def origins(value: Any) -> str:
    """Check origins of web pages, such as https://example.org, with commas between them; * is all of them."""
    text = str(value)
    for origin in text.split(","):
        if origin != "*" and not re.fullmatch(r"https?://[^\s/?#@,]+", origin):
            raise ValueError(f"origins are such as https://example.org, with commas between them, or *; not {origin!r}")
    return text


def http_url(value: Any) -> str:
    """Check an address such as http://collector:4318/v1/traces."""
    text = str(value)
    if not re.fullmatch(r"https?://[^\s/?#]+\S*", text):
        raise ValueError(f"an address is such as http://collector:4318/v1/traces, not {text!r}")
    return text


def networks(value: Any) -> str:
    """Check addresses and networks, such as 192.0.2.7,10.0.0.0/8, with commas between them."""
    for network in str(value).split(","):
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            raise ValueError(f"networks are such as 10.0.0.0/8, with commas between them: {error}") from None
    return str(value)


def amount(value: Any) -> float:
    """Check a number, 0 or more."""
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise ValueError(f"must be a number, 0 or more, not {value}")
    return number


def choice(*known: str) -> Callable[[Any], str]:
    """Return the check of one of `known`; true and false of a file are on and off."""

    def chosen(value: Any) -> str:
        text = {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)
        if text not in known:
            raise ValueError(f"invalid choice: {value!r} (choose from {', '.join(map(repr, known))})")
        return text

    return chosen
