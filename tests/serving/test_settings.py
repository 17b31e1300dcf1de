"""session.update: what is taken and what is refused, in step with asyncapi.yaml."""

import pytest
import yaml

from undertone.stream.settings import RANGES_MS, SessionSettings, SettingError

pytestmark = pytest.mark.fast


@pytest.fixture(scope="module")
def schema(repository):
    document = yaml.safe_load((repository / "serving" / "asyncapi.yaml").read_text())
    return document["components"]["schemas"]["session.update"]["properties"]


def test_the_settings_and_their_ranges_are_those_of_the_protocol(schema):
    assert set(schema) - {"type"} == set(SessionSettings.__dataclass_fields__)
    for name, (low, high) in RANGES_MS.items():
        assert (schema[name]["minimum"], schema[name]["maximum"]) == (low, high)
        assert schema[name]["default"] == getattr(SessionSettings(), name)


@pytest.mark.parametrize(
    "changes",
    [
        {"endpoint_silence_ms": 200},
        {"max_utterance_ms": 30_000, "mood_interval_ms": 100},
        {"alpha": 0.25},
        {"alpha": "adaptive"},
        {"partials": True, "language": "en", "redact_text": True},
    ],
)
def test_good_settings_are_taken(changes):
    updated = SessionSettings().updated(changes)
    assert {name: getattr(updated, name) for name in changes} == changes


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("endpoint_silence_ms", 199),
        ("endpoint_silence_ms", 2001),
        ("endpoint_silence_ms", 500.5),
        ("mood_interval_ms", True),
        ("max_utterance_ms", "long"),
        ("partials", 1),
        ("alpha", 1.01),
        ("alpha", "sometimes"),
        ("alpha", True),
        ("language", ""),
        ("language", 5),
        ("volume", 11),
    ],
)
def test_a_bad_setting_is_refused_by_name(name, value):
    with pytest.raises(SettingError, match=name):
        SessionSettings().updated({name: value})


def test_one_bad_setting_spoils_none_of_the_others():
    settings = SessionSettings()
    with pytest.raises(SettingError):
        settings.updated({"endpoint_silence_ms": 300, "volume": 11})
    assert settings == SessionSettings()
