"""What /openapi.json describes, asked by schemathesis: requests that follow it and requests that do not."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

POSITIVE, NEGATIVE = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
# Not `positive_data_acceptance`: by the schema a recording is any bytes, and most of them are none.
CHECKS = [
    *(not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance),
    negative_data_rejection,
]


@pytest.mark.parametrize("requests", [8, pytest.param(400, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("mode", [POSITIVE, NEGATIVE])
def test_every_answer_is_one_that_the_document_describes(listening_server, requests, mode):
    schema = schemathesis.openapi.from_url(listening_server.url + "/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert {operation.path for operation in operations} >= {"/predict", "/api/transcribe"}
    for operation in operations:
        if mode is NEGATIVE and not (operation.query or operation.body):
            continue  # there is nothing to get wrong
        bounds = {"max_examples": requests, "deadline": None, "database": None, "derandomize": True}

        @settings(**bounds, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case):
            case.call_and_validate(checks=CHECKS, timeout=60)

        ask()
