"""What a user reads of the commands: help of 80 columns with exit codes, refusals of one line."""

import re

import pytest

from serving.cli.main import main

pytestmark = pytest.mark.fast

COMMANDS = [[], ["serve"], ["stream"], ["analyze"], ["text"], ["labeled-set"], ["labeled-set", "meld"], ["demo"]]
RECORDING = ["stream", "talk.wav"]
WRONG = [
    [],
    ["sing"],
    ["stream"],
    ["text"],
    ["analyze"],
    [*RECORDING, "--bogus"],
    [*RECORDING, "--speed", "0"],
    [*RECORDING, "--speed", "nan"],
    [*RECORDING, "--speed", "fast"],
    [*RECORDING, "--chunk-ms", "0"],
    [*RECORDING, "--chunk-ms", "9" * 5000],
    [*RECORDING, "--wait", "soon"],
    [*RECORDING, "--wait", "-1"],
    [*RECORDING, "--wait", "inf"],
    ["stream", "--wait", "talk.wav", "more.wav"],
    [*RECORDING, "--alpha", "much"],
    [*RECORDING, "--alpha", "7"],
    [*RECORDING, "--alpha", "nan"],
    [*RECORDING, "--mood-interval-ms", "1e3"],
    [*RECORDING, "--mood-interval-ms", "5"],
    [*RECORDING, "--max-utterance-ms", "x\ny"],
    [*RECORDING, "--endpoint-silence-ms", "-5"],
    [*RECORDING, "--url"],
    ["serve", "--port", "x"],
    ["serve", "--host"],
    ["serve", "--asr-threads", "many"],
    ["serve", "--config", "nowhere.toml"],
    ["labeled-set", "unheard-of"],
]


def ended(arguments):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    return end.value.code


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_fits_80_columns_and_explains_the_exit_codes(command, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    assert ended([*command, "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    codes = lines[lines.index("exit codes:") + 1 :]
    told = [line.split()[0] for line in codes if not line.startswith("     ")]
    assert told == (["0", "1", "2"] if command == ["serve"] else ["0", "1", "2", "130"])


@pytest.mark.parametrize("arguments", WRONG, ids=lambda arguments: " ".join(arguments)[:40])
def test_wrong_arguments_are_refused_in_one_line_with_exit_code_2(arguments, capsys):
    assert ended(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    (line,) = told.err.splitlines()
    assert re.match(r"undertone( \S+)*: error: ", line)
    assert line.endswith("--help)")


def test_a_flag_that_takes_a_file_for_its_value_says_what_to_do(capsys):
    ended(["stream", "--wait", "talk.wav", "more.wav"])
    assert "talk.wav: must be a number of seconds; --wait alone goes behind the recordings" in capsys.readouterr().err
