"""Names of files as they are shown: whatever bytes they are, and nothing in them reaches the terminal."""

import pytest

from serving.cli.views.names import printable, readable

pytestmark = pytest.mark.fast


def test_bytes_that_are_no_text_are_escaped():
    assert readable(b"caf\xe9.wav".decode("utf-8", "surrogateescape")) == r"caf\xe9.wav"
    assert readable("café 語.wav") == "café 語.wav"


def test_a_well_encoded_name_is_read_in_a_locale_that_knows_ascii_only():
    assert readable("café.wav".encode().decode("ascii", "surrogateescape")) == "café.wav"


def test_half_a_character_is_escaped():
    assert readable("a\ud83d") == r"a\ud83d"


@pytest.mark.parametrize(("name", "shown"), [("a\nb", r"a\nb"), ("\x1b[31m", r"\x1b[31m"), ("a\u202eb", r"a\u202eb")])
def test_what_would_move_a_terminal_or_turn_its_text_round_is_escaped(name, shown):
    assert printable(name) == shown
    assert readable(name) == name  # programs get the name as it is


def test_spaces_of_other_scripts_are_left():
    assert printable("10\u202f:00\xa0\u3000") == "10\u202f:00\xa0\u3000"
