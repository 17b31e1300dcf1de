"""Text messages that are none of the protocol, and a few that are and should not be: always the same for one seed.

    for text, refused in messages(Random(0), 1000): ...

`refused` says whether an error must answer it; of the others nothing is known but that the session goes on.
"""

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from undertone.stream.settings import SessionSettings

KINDS = ("session.update", "utterance.commit", "session.finish", "ping")
NAMES = tuple(SessionSettings.model_fields)
ODD_TEXTS = ("", "\0", "\x1b[2J", "\u202e", "\ufeff", "é" * 300, "🎙" * 80, "a" * 20_000, "'; DROP TABLE--", "../" * 30)
ODD_NUMBERS = (0, -1, 2**31, 2**63, -(2**64), 10**300, 1e-320, 1e308, -0.0, 0.1, 1.5)

Text = str | bytes
Made = Callable[[Random], Text]


def messages(random: Random, count: int) -> Iterator[tuple[Text, bool]]:
    """Yield `count` messages, and whether each must be refused."""
    for _ in range(count):
        make = random.choice([*REFUSED, *UNKNOWN])
        yield make(random), make in REFUSED


def value(random: Random, depth: int = 3) -> Any:
    """Return any JSON value."""
    pick = random.randrange(8 if depth else 5)
    if pick < 2:
        return random.choice(ODD_TEXTS)
    if pick < 4:
        return random.choice(ODD_NUMBERS)
    if pick == 4:
        return random.choice([None, True, False])
    inner = [value(random, depth - 1) for _ in range(random.randrange(5))]
    return inner if pick == 5 else {random.choice(ODD_TEXTS) + str(n): one for n, one in enumerate(inner)}


def _no_utf8(random: Random) -> Text:
    return b'{"type": "ping", "id": "' + random.choice([b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf8"]) + b'"}'


def _noise(random: Random) -> Text:
    return b"\xff" + random.randbytes(random.randrange(300))


def _no_object(random: Random) -> Text:
    return json.dumps(random.choice([value(random, 0), [value(random)], "ping", 7, None]))


def _cut_off(random: Random) -> Text:
    whole = json.dumps({"type": random.choice(KINDS), "id": value(random, 1)})
    return whole[: random.randrange(1, len(whole))]


def _unknown_type(random: Random) -> Text:
    kind = random.choice([*ODD_TEXTS, "PING", " ping", "ping\0", "session.created", "__class__", 1, None, [], {}])
    return json.dumps({"type": kind, "id": 1})


def _no_type(random: Random) -> Text:
    return json.dumps({"Type": "ping", "id": value(random)})


def _deep(random: Random) -> Text:
    levels = random.choice([17, 100, 5000, 100_000])
    opened, closed = random.choice([("[", "]"), ('{"a":', "}")])
    return '{"type": "ping", "id": ' + levels * opened + "1" + levels * closed + "}"


def _no_number(random: Random) -> Text:
    number = random.choice(["NaN", "-Infinity", "1e999", "-1e400", "9" * 400, "9" * 6000, "0x10", "01", "1.", "+1"])
    return f'{{"type": "ping", "id": {number}}}'


def _twice(random: Random) -> Text:
    name = random.choice(["type", "id", "alpha"])
    return f'{{"type": "ping", "{name}": 1, "{name}": "ping"}}'


def _half_a_pair(random: Random) -> Text:
    return r'{"type": "ping", "id": "' + random.choice([r"\ud800", r"\udfff", r"x\udbff\u0041"]) + '"}'


def _control_character(random: Random) -> Text:
    return f'{{"type": "ping", "id": "{chr(random.randrange(32))}"}}'


def _marked(random: Random) -> Text:
    return "\ufeff" + json.dumps({"type": "ping", "id": 1})


def _unknown_setting(random: Random) -> Text:
    name = random.choice([*(text for text in ODD_TEXTS if text), "Alpha", "alpha ", "__init__", "model_fields"])
    return json.dumps({"type": "session.update", name: value(random)})


def _nothing_to_commit(random: Random) -> Text:
    return json.dumps({"type": "utterance.commit", "more": value(random)})


def _any_setting(random: Random) -> Text:
    chosen = random.sample(NAMES, random.randrange(1, 4))
    return json.dumps({"type": "session.update", **{name: value(random, 1) for name in chosen}})


def _any_ping(random: Random) -> Text:
    return json.dumps({"type": "ping", "id": value(random), "more": value(random)})


REFUSED: tuple[Made, ...] = (
    *(_no_utf8, _noise, _no_object, _cut_off, _unknown_type, _no_type, _deep, _no_number, _twice, _half_a_pair),
    *(_control_character, _marked, _unknown_setting, _nothing_to_commit),
)
UNKNOWN: tuple[Made, ...] = (_any_setting, _any_ping)
