"""The document of the wire is what the types say."""

import pytest

from serving.asyncapi import FILE, document, text
from undertone.labels import LABELS
from undertone.protocol import ErrorCode
from undertone.stream.settings import SessionSettings

pytestmark = pytest.mark.fast


@pytest.fixture(scope="module")
def schemas():
    return document()["components"]["schemas"]


def test_the_file_is_what_the_types_give():
    assert FILE.read_text(encoding="utf-8") == text(), "write it anew with `python -m serving.asyncapi`"


def test_every_schema_is_one_and_every_reference_leads_to_one(schemas, jsonschema):
    for name, schema in schemas.items():
        jsonschema.Draft202012Validator.check_schema(schema)
        for place in references(schema):
            assert place.removeprefix("#/components/schemas/") in schemas, f"{name}: {place}"


def references(node):
    """Return every `$ref` in `node`."""
    if isinstance(node, list):
        return [place for item in node for place in references(item)]
    if not isinstance(node, dict):
        return []
    return [*([node["$ref"]] if "$ref" in node else []), *references([*node.values()])]


def test_every_message_has_a_summary_and_a_schema(schemas):
    messages = document()["components"]["messages"]
    assert all(len(message["summary"]) >= 10 for message in messages.values())
    assert set(messages) - {"audio"} <= set(schemas)


def test_the_settings_have_their_ranges_and_defaults_and_take_no_null(schemas):
    update = schemas["session.update"]["properties"]
    assert set(update) == {"type", *SessionSettings.model_fields}
    assert update["mood_interval_ms"].items() >= {"minimum": 100, "maximum": 2000, "default": 250}.items()
    assert "null" not in str(update)


def test_every_label_and_code_is_named(schemas):
    assert schemas["sentiment"]["properties"]["probabilities"]["required"] == list(LABELS)
    assert [code["const"] for code in schemas["errorCode"]["oneOf"]] == list(ErrorCode)
