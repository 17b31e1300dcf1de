"""README: its commands exist, its example runs, its numbers are those of the metrics files."""

import ast
import re
import subprocess
import sys
import textwrap

import pytest

from undertone.audio_file import read


@pytest.fixture(scope="module")
def readme(repository):
    return (repository / "README.md").read_text(encoding="utf-8")


@pytest.mark.fast
def test_the_two_commands_come_first(readme):
    first_block = re.search(r"```sh\n(.*?)```", readme, re.DOTALL).group(1)
    assert [line.split()[1] for line in first_block.splitlines()] == ["demo", "test"]


@pytest.mark.fast
def test_every_make_command_of_the_readme_exists(readme, repository):
    targets = set(re.findall(r"^([a-z-]+):", (repository / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)`", readme))
    assert named <= targets
    assert {"repro", "serve", "promote", "lab", "mlflow-ui"} <= named


@pytest.mark.fast
def test_every_stage_of_the_readme_is_a_stage_and_the_other_way_round(readme, repository):
    stages = re.findall(r"^  ([a-z_]+):$", (repository / "dvc.yaml").read_text(), re.MULTILINE)
    rows = re.findall(r"^\| (`[a-z_]+`(?:, `[a-z_]+`)*) \|", readme, re.MULTILINE)
    assert set(re.findall(r"`([a-z_]+)`", " ".join(rows))) == set(stages)


@pytest.mark.fast
def test_every_file_that_the_readme_links_to_is_there(readme, repository):
    for target in re.findall(r"\]\((?!http|#)([^)]+)\)", readme):
        assert (repository / target).exists(), target


@pytest.mark.fast
def test_the_results_are_those_of_the_metrics_files(readme, repository):
    printed = subprocess.run(
        [sys.executable, "benchmarks/results_table.py"], cwd=repository, capture_output=True, text=True, check=True
    ).stdout
    assert printed in readme


def test_the_example_of_the_readme_runs_against_the_server(readme, server, samples, capsys):
    code = textwrap.dedent(re.search(r"```python\n(.*?)```", readme, re.DOTALL).group(1))
    ast.parse(code)
    clip = read(sorted(samples.glob("*.flac"))[0])
    exec(code.replace("ws://127.0.0.1:8000/ws/analyze", server.ws_url), {"pcm": clip.tobytes()})
    printed = capsys.readouterr().out.split()
    assert printed[0] == "session.created"
    assert "utterance.final" in printed
    assert "session.closed" in printed


def test_the_library_prints_what_the_readme_says(readme, repository, promoted_release, samples, capsys, monkeypatch):
    section = re.search(r"## As a library\n(.*?)\n## ", readme, re.DOTALL).group(1)
    code, printed = re.search(r"```python\n(.*?)```\n\n```\n(.*?)```", section, re.DOTALL).groups()
    monkeypatch.chdir(repository)
    exec(code, {})
    assert capsys.readouterr().out == printed
