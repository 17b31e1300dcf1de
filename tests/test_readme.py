"""README and the pages behind it: commands exist, examples run, numbers are those of the metrics files."""

import ast
import re
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from printed import assert_printed

from undertone.audio_file import read


@pytest.fixture(scope="module")
def readme(repository):
    return (repository / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pages(repository):
    """README and docs/*.md, path -> text."""
    paths = [repository / "README.md", *sorted((repository / "docs").glob("*.md"))]
    return {path: path.read_text(encoding="utf-8") for path in paths}


@pytest.mark.fast
def test_the_two_commands_come_first(readme):
    first_block = re.search(r"```sh\n(.*?)```", readme, re.DOTALL).group(1)
    assert [line.split()[1] for line in first_block.splitlines()] == ["demo", "test"]


@pytest.mark.fast
def test_every_make_command_that_is_named_exists(readme, pages, repository):
    targets = set(re.findall(r"^([a-z-]+):", (repository / "Makefile").read_text(), re.MULTILINE))
    named = {name for text in pages.values() for name in re.findall(r"`make ([a-z-]+)`", text)}
    assert named <= targets
    assert {"repro", "serve", "promote", "lab", "mlflow-ui"} <= set(re.findall(r"`make ([a-z-]+)`", readme))


@pytest.mark.fast
def test_every_stage_is_explained_and_the_other_way_round(pages, repository):
    stages = re.findall(r"^  ([a-z_]+):$", (repository / "dvc.yaml").read_text(), re.MULTILINE)
    rows = re.findall(r"^\| (`[a-z_]+`(?:, `[a-z_]+`)*) \|", pages[repository / "docs" / "retrain.md"], re.MULTILINE)
    assert set(re.findall(r"`([a-z_]+)`", " ".join(rows))) == set(stages)


@pytest.mark.fast
def test_every_page_and_heading_that_is_linked_to_is_there(pages):
    for path, text in pages.items():
        for target in re.findall(r"\]\((?!http)([^)]+)\)", text):
            file, _, heading = target.partition("#")
            linked = (path.parent / file).resolve() if file else path
            assert linked.exists(), f"{path.name}: {target}"
            assert not heading or heading in headings(linked), f"{path.name}: {target}"


def headings(page):
    """Return the anchors of a page as they are written in links."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {title.lower().replace(" ", "-") for title in titles}


@pytest.mark.fast
def test_every_file_that_a_page_names_is_there(pages, repository):
    for path, text in pages.items():
        for named in re.findall(
            r"`(?:python )?((?:undertone|serving|training|export|benchmarks|tests)/[\w./]+)[ `]", text
        ):
            assert (repository / named).exists(), f"{path.name} names {named}"


@pytest.mark.fast
def test_the_results_are_those_of_the_metrics_files(pages, repository):
    printed = subprocess.run(
        [sys.executable, "benchmarks/results_table.py"], cwd=repository, capture_output=True, text=True, check=True
    ).stdout
    assert printed in pages[repository / "docs" / "results.md"]


def test_the_client_of_the_readme_hears_the_server(readme, repository, listening_server, samples, capsys, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    assert len(code.splitlines()) <= 20
    monkeypatch.chdir(repository)
    exec(code.replace("ws://127.0.0.1:8000/ws/analyze", listening_server.ws_url), {})
    said = capsys.readouterr().out.splitlines()
    assert [line.startswith(text) for line, text in zip(said, ("The train is late again.", "But look"), strict=True)]


def test_the_example_of_the_wire_runs_against_the_server(pages, repository, server, samples, capsys):
    code = textwrap.dedent(
        re.search(r"```python\n(.*?)```", pages[repository / "docs" / "listen.md"], re.DOTALL).group(1)
    )
    ast.parse(code)
    clip = np.resize(read(sorted(samples.glob("*.flac"))[0]), 59 * 16_000)  # more than one frame may hold
    exec(code.replace("ws://127.0.0.1:8000/ws/analyze", server.ws_url), {"pcm": clip.tobytes()})
    printed = capsys.readouterr().out.split()
    assert printed[0] == "session.created"
    assert "utterance.final" in printed
    assert "session.closed" in printed


def test_the_library_prints_what_its_page_says(pages, repository, promoted_release, samples, capsys, monkeypatch):
    page = pages[repository / "docs" / "library.md"]
    code, printed = re.search(r"```python\n(.*?)```\n\n```\n(.*?)```", page, re.DOTALL).groups()
    monkeypatch.chdir(repository)
    exec(code, {})
    assert_printed(capsys.readouterr().out, printed)
