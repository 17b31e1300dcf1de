"""JSON of the wire: strict in both directions, and never a crash."""

import json
import math

import pytest

from undertone.protocol.json_text import MOST_LEVELS, MessageError, parsed, written

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    "value",
    [
        {"type": "ping", "id": None},
        {"id": [1, -2.5e10, True, "ä\n\u0000", {"a": {}}]},
        {"id": 2**64},
        {"id": "\U0001f600"},
        [[[[]]]],
    ],
)
def test_what_is_json_for_everybody_is_taken_as_it_is(value):
    assert parsed(json.dumps(value)) == value
    assert json.loads(written({"id": value})) == {"id": value}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * 2000 + "]" * 2000, "nested too deep"),
        ("[" * 200_000, "nested too deep"),
        ('{"a":' * 50 + "1" + "}" * 50, "nested too deep"),
        ('{"id": NaN}', "JSON has no NaN"),
        ('{"id": [-Infinity]}', "JSON has no -Infinity"),
        ('{"id": 1e999}', "too large"),
        ('{"id": [-1e999]}', "too large"),
        ('{"id": ' + "9" * 400 + "}", "too large"),
        ('{"id": ' + "9" * 5000 + "}", "text messages are JSON objects"),
        ('{"type": "ping", "type": "session.finish"}', "'type' stands twice"),
        ('{"id": {"a": 1, "a": 1}}', "'a' stands twice"),
        (r'{"id": "\ud800"}', "half a surrogate pair"),
        (r'{"\udfff": 1}', "half a surrogate pair"),
        ('{"id": "\udc80"}', "half a surrogate pair"),
        ('{"id": "a\nb"}', "text messages are JSON objects"),
        ('{"id": "\0"}', "text messages are JSON objects"),
        ("\ufeff{}", "text messages are JSON objects"),
        ("{'id': 1}", "text messages are JSON objects"),
    ],
)
def test_what_two_readers_would_read_differently_is_refused_by_name(text, why):
    with pytest.raises(MessageError, match=why):
        parsed(text)


def test_brackets_go_as_deep_as_allowed_and_no_deeper():
    parsed("[" * MOST_LEVELS + "]" * MOST_LEVELS)
    with pytest.raises(MessageError):
        parsed("[" * (MOST_LEVELS + 1) + "]" * (MOST_LEVELS + 1))


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_lacks_is_never_written(number):
    with pytest.raises(ValueError, match="JSON"):
        written({"id": [number]})
