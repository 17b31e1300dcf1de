"""docs/migrate.md names only messages and settings that there are, and its program runs."""

import re

import pytest

from undertone.protocol.client import SessionUpdate

NAMES = r"`((?:session|utterance|speech|transcript)\.[a-z_]+)`"
THEIRS = {"transcript.text.delta", "transcript.text.done"}


@pytest.fixture(scope="module")
def page(repository):
    return (repository / "docs" / "migrate.md").read_text()


@pytest.mark.fast
def test_the_messages_that_it_names_are_in_the_protocol(page, repository):
    named = set(re.findall(NAMES, page)) - THEIRS
    protocol = (repository / "serving" / "asyncapi.yaml").read_text()
    assert {"session.finish", "transcript.partial", "utterance.final"} <= named
    assert [name for name in named if f"const: {name}}}" not in protocol] == []


@pytest.mark.fast
def test_the_settings_that_it_shows_are_taken(page):
    shown = re.findall(r'`(\{"type": "session.update".*?\})`', page)
    assert len(shown) >= 4
    for text in shown:
        SessionUpdate.model_validate_json(text)


def test_its_program_prints_words_and_what_is_felt(page, listening_server, samples, capsys):
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    program = program.replace("http://127.0.0.1:8000", listening_server.url)
    exec(program.replace("talk.wav", str(samples / "07_proud.flac")), {})
    start, *words, label = capsys.readouterr().out.split()
    assert (" ".join(words), label) == ("I am so proud and so happy about the music.", "positive")
    assert 0 <= float(start) < 1
