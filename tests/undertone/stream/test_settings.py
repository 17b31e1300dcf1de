"""session.update: what is taken and what is refused, and how."""

import pytest

from undertone.stream.settings import SessionSettings, SettingError

pytestmark = pytest.mark.fast

KNOWN = (
    "encoding, channels, endpoint_silence_ms, endpoint, max_utterance_ms, mood_interval_ms, partials, "
    "alpha, language, baseline, word_times, prosody, redact_text, record, speaker"
)


@pytest.mark.parametrize(
    "changes",
    [
        {"endpoint_silence_ms": 200},
        {"max_utterance_ms": 30_000, "mood_interval_ms": 100},
        {"alpha": 0.25},
        {"alpha": "adaptive"},
        {"baseline": "adaptive", "endpoint": "adaptive"},
        {"partials": True, "language": "en", "redact_text": True},
        {"record": True, "speaker": "anna.1_2-3@x"},
    ],
)
def test_good_settings_are_taken(changes):
    updated = SessionSettings().updated(changes)
    assert {name: getattr(updated, name) for name in changes} == changes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mood_interval_ms": 99}, "mood_interval_ms must be a whole number of ms from 100 to 2000, not 99"),
        ({"redact_text": "yes"}, "redact_text must be true or false, not 'yes'"),
        ({"alpha": float("nan")}, 'alpha must be a number from 0 to 1 or "adaptive", not nan'),
        ({"alpha": None}, 'alpha must be a number from 0 to 1 or "adaptive", not None'),
        ({"language": "e"}, "language must be a code such as \"en\", not 'e'"),
        ({"baseline": True}, 'baseline must be "none" or "adaptive", not True'),
        ({"endpoint": "sometimes"}, 'endpoint must be "fixed" or "adaptive", not \'sometimes\''),
        ({"\ud800": 1, "alpha": 2}, f"unknown setting '\\ud800'; known are {KNOWN}"),
        ({"alpha": 2, "volume": 11}, 'alpha must be a number from 0 to 1 or "adaptive", not 2'),
    ],
)
def test_the_first_bad_setting_is_told_with_what_it_must_be(changes, message):
    with pytest.raises(SettingError) as refused:
        SessionSettings().updated(changes)
    assert str(refused.value) == message


def test_a_whole_number_for_the_weight_of_the_words_stays_one():
    assert repr(SessionSettings().updated({"alpha": 1}).as_dict()["alpha"]) == "1"


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
        ("record", "yes"),
        ("speaker", ""),
        ("speaker", "a/b"),
        ("speaker", "anna\n"),
        ("speaker", 65 * "a"),
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
