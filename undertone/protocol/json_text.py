"""JSON as the wire has it, in and out: strictly RFC 8259, and nothing that two readers would understand differently.

MessageError   a text message is none of the protocol; the message says what is wrong with it
"""

import json
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

MOST_LEVELS = 16  # of brackets in brackets; our own messages have four
_LARGEST = sys.float_info.max


class MessageError(ValueError):
    """A text message is none of the protocol; the message says what is wrong with it."""


def parsed(text: str) -> Any:
    """Return the value that `text` holds: `parsed('{"id": 7}')` is `{"id": 7}`.

    Raises:
        MessageError: no JSON, brackets nested over `MOST_LEVELS` deep, a name twice in one object, NaN, Infinity or a
            number that no double holds, half a surrogate pair.
    """
    try:
        value = json.loads(text, object_pairs_hook=_named_once, parse_constant=_no_number)
    except MessageError:
        raise
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise MessageError('text messages are JSON objects with a "type"') from None
    _check(value)
    return value


def written(message: Mapping[str, Any]) -> str:
    """Return `message` as strict JSON in ASCII; `written({"id": 7})` is '{"id": 7}'.

    Raises:
        ValueError: it holds a number that JSON does not have.
    """
    return json.dumps(message, allow_nan=False)


def _check(value: Any) -> None:
    level = [value]
    for _ in range(MOST_LEVELS + 1):
        if not level:
            return
        _check_texts(level)
        _check_numbers(level)
        level = [inner for outer in level for inner in _inside(outer)]
    raise _too_deep()


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else []


def _check_texts(values: list[Any]) -> None:
    try:
        "".join(value for value in values if isinstance(value, str)).encode()
    except UnicodeEncodeError:
        raise MessageError("a text of the message holds half a surrogate pair: send UTF-8") from None


def _check_numbers(values: list[Any]) -> None:
    if any(type(value) in (int, float) and not -_LARGEST <= value <= _LARGEST for value in values):
        raise MessageError("a number of the message is too large")


def _too_deep() -> MessageError:
    return MessageError(f"the message is nested too deep: {MOST_LEVELS} levels are allowed")


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise MessageError(f"{name[:40]!r} stands twice in one object")
        found[name] = value
    return found


def _no_number(text: str) -> NoReturn:
    raise MessageError(f"JSON has no {text}")
