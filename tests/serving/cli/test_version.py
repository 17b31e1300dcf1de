"""`undertone --version`, and where a release is looked for."""

import re
import subprocess
import sys

import pytest

from serving.cli.main import main


def test_the_version_names_program_and_release_wherever_it_is_asked(promoted_release, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert re.fullmatch(rf"undertone \S+, release \d+\.\d+\.\d+ in {promoted_release}\n", capsys.readouterr().out)


@pytest.mark.fast
@pytest.mark.parametrize("command", [["serve"], ["text", "hello"]])
def test_a_release_that_is_not_there_is_told_with_what_to_do(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=r"no release at nowhere: .*--release.*dvc pull"):
        main([*command, "--release", "nowhere"])


def test_the_words_are_judged_outside_of_the_clone(promoted_release, repository, tmp_path):
    command = [sys.executable, "-m", "serving.cli.main", "text", "what a wonderful day"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("positive")
