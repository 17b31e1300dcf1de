"""Whether a session that was heard again told the same: its messages to the bit, but for what clocks decide.

Left out are partials, provisional verdicts and latencies, and moods that a server under load did not tell. A final
comes when its words do, so that where it stands among the messages of the next utterance is no property: finals are
compared by themselves.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from undertone.protocol import Message, written

_BY_CLOCK = ("transcript.partial", "utterance.provisional")
_FINAL, _MOOD = "utterance.final", "mood"


def differences(recorded: Iterable[Message], replayed: Iterable[Message], is_whole: bool = True) -> list[str]:
    """Return where the messages differ, in words; a recording that is not whole may lack the last of them."""
    told = [*recorded]
    moods = {_place(one) for one in told if one["type"] == _MOOD}
    again = (one for one in replayed if one["type"] != _MOOD or _place(one) in moods)
    before, after = _sequences(told), _sequences(again)
    return [line for one, other in zip(before, after, strict=True) for line in _between(one, other, is_whole)]


def _place(mood: Message) -> tuple[Any, ...]:
    return tuple(mood.get(name) for name in ("channel", "utterance_id", "start_ms", "end_ms"))


def _sequences(messages: Iterable[Message]) -> tuple[list[Any], list[Any]]:
    kept = [_without_latencies(json.loads(written(one))) for one in messages if one["type"] not in _BY_CLOCK]
    finals = [one for one in kept if one["type"] == _FINAL]
    return [one for one in kept if one["type"] != _FINAL], finals


def _between(recorded: Sequence[Message], replayed: Sequence[Message], is_whole: bool) -> Iterator[str]:
    there = replayed if is_whole else replayed[: len(recorded)]
    for one, other in zip_longest(recorded, there):
        if one is None or other is None:
            yield f"{_named(one or other)}: {'only' if one is None else 'not'} when it was heard again"
            return
        for name, value, again in _leaves("", one, other):
            yield f"{_named(one)}: {name} {value} -> {again}"


def _leaves(name: str, one: Any, other: Any) -> Iterator[tuple[str, str, str]]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [*one, *(key for key in other if key not in one)]:
            yield from _leaves(f"{name}.{key}".lstrip("."), one.get(key), other.get(key))
    elif one != other:
        yield name, json.dumps(one), json.dumps(other)


def _named(message: Mapping[str, Any]) -> str:
    return f"{message['type']} {message['utterance_id']}"


def _without_latencies(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _without_latencies(inner) for name, inner in value.items() if not name.endswith("_latency_ms")}
