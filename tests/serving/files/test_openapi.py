"""What /openapi.json says of uploads comes from the types of the wire and of a session's settings."""

import json

import pytest

from serving.files.openapi import predict_route, transcribe_route
from serving.files.transcribe import SETTINGS
from undertone.stream.settings import OF_SOCKETS, SessionSettings

pytestmark = pytest.mark.fast


def parameters(route):
    return {one["name"]: one["schema"] for one in route["openapi_extra"]["parameters"]}


def test_a_recording_takes_the_settings_of_a_session_with_their_ranges_and_defaults():
    taken = parameters(predict_route())
    assert [*OF_SOCKETS, *taken] == list(SessionSettings.model_fields)
    assert taken["max_utterance_ms"].items() >= {"minimum": 2000, "maximum": 30_000, "default": 15_000}.items()
    assert all(schema["description"] for schema in taken.values())
    assert list(parameters(transcribe_route(SETTINGS))) == list(SETTINGS)


def test_the_bodies_are_whole_schemas_and_name_nothing_elsewhere(jsonschema):
    for route in (predict_route(), transcribe_route(SETTINGS)):
        assert "$ref" not in json.dumps(route)
        for answer in route["responses"].values():
            (content,) = answer["content"].values()
            jsonschema.Draft202012Validator.check_schema(content["schema"])


def test_a_refusal_has_a_code_and_a_message(jsonschema):
    schema = transcribe_route(SETTINGS)["responses"][503]["content"]["application/json"]["schema"]
    jsonschema.validate({"error": {"code": "overload", "message": "busy"}}, schema)
    with pytest.raises(jsonschema.ValidationError, match="message"):
        jsonschema.validate({"error": {"code": "overload"}}, schema)
