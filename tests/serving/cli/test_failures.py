"""The real command line among others: pipes that end, streams that are closed, locales, missing packages."""

import os
import subprocess
import sys

import pytest

UNDERTONE = f"{sys.executable} -m serving.cli.main"
LOCALES = {
    "plain": {},
    "C": {"LC_ALL": "C", "LANG": "C"},
    "ascii names": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "ascii output": {"PYTHONIOENCODING": "ascii"},
}


def shell(line, repository, **environment):
    """Run a line of bash that fails where any part of it does; what it prints are bytes."""
    wide = {"COLUMNS": "200"}  # however long the paths of temporary folders are, they stay in their lines
    environment = {**os.environ, "PYTHONPATH": str(repository), **wide, **environment}
    line = f'set -o pipefail; undertone() {{ {UNDERTONE} "$@"; }}; {line}'
    return subprocess.run(["bash", "-c", line], cwd=repository, env=environment, capture_output=True, timeout=300)


@pytest.fixture
def run(repository, promoted_release):
    """Runs a line of bash in the clone, where the release is."""
    return lambda line, **environment: shell(line, repository, **environment)


@pytest.mark.parametrize("locale", LOCALES)
def test_text_is_printed_whatever_the_output_can_show(run, locale):
    done = run("undertone text 'a café 語' $'caf\\xe9 or'", **LOCALES[locale])
    assert (done.returncode, done.stderr) == (0, b"")
    first, second = done.stdout.decode().splitlines()
    plain = locale in ("ascii names", "ascii output")
    assert first.endswith(r"a caf\xe9 \u8a9e" if plain else "a café 語")
    assert second.endswith(r"caf\ufffd or" if plain else "caf\ufffd or")


@pytest.mark.parametrize(
    "line",
    [
        "yes 'what a day' | head -n 5000 | undertone text - | head -n 1",
        "undertone --version | true",
        "undertone analyze data/samples --no-words | head -n 1",
        "undertone analyze data/samples --no-words --json | head -n 1",
    ],
)
def test_a_reader_that_goes_away_ends_it_quietly(run, samples, line):
    done = run(line)
    assert done.returncode in (0, 1, 141)  # 0 where all was written before it went
    assert done.stderr == b""


@pytest.mark.parametrize("options", ["", "--json"])
def test_a_reader_of_a_stream_that_goes_away_ends_it_quietly(run, server, samples, options):
    done = run(f"undertone stream data/samples --url {server.ws_url} --speed max {options} | head -n 1")
    assert done.returncode == 1
    assert done.stderr == b""
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("undertone text hello >&-", "standard input or output: it is closed"),
        ("undertone --version >&-", "standard input or output: it is closed"),
        ("undertone text - <&-", "standard input or output: it is closed"),
        ("undertone stream - <&-", "standard input: Bad file descriptor"),
        ("undertone analyze - --no-words <&-", "standard input: Bad file descriptor"),
        ("undertone text hello >/dev/full", "standard input or output: No space left on device"),
        ("undertone analyze data/samples/04_sad.flac --no-words >/dev/full", "No space left on device"),
    ],
)
def test_standard_streams_that_cannot_be_used_are_told_in_one_line(run, samples, line, told):
    done = run(line)
    assert done.returncode == 1
    (complaint,) = done.stderr.decode().splitlines()
    assert complaint.startswith("undertone")
    assert complaint.endswith(told)


def test_without_standard_error_it_still_answers(run):
    done = run("undertone text hello 2>&-")
    assert (done.returncode, done.stdout[-6:]) == (0, b"hello\n")


@pytest.mark.parametrize(
    ("package", "command", "extra"),
    [
        ("litserve", "serve --port 8999", "serve"),
        ("pydantic_settings", "serve", "serve"),
        ("websockets", "stream talk.wav", "serve"),
        ("opentelemetry.exporter", "serve --port 8999 --otlp-endpoint http://127.0.0.1:9", "otel"),
    ],
)
def test_a_package_that_is_not_installed_is_told_with_its_extra(run, package, command, extra):
    program = f"import sys; sys.modules['{package}'] = None; from serving.cli.main import main; sys.exit(main())"
    done = run(f'{sys.executable} -c "{program}" {command}')
    assert done.returncode == 1
    (complaint,) = done.stderr.decode().splitlines()
    assert complaint.endswith(f"which is not installed: pip install 'undertone[{extra}]'")


@pytest.fixture
def odd_folder(samples, tmp_path):
    """A folder with names that are no text, broken and sound, and one that is."""
    clip = (samples / "04_sad.flac").read_bytes()
    for name in (b"a\xff.wav", b"caf\xe9\n.flac", "z_é.flac".encode()):
        with open(os.fsencode(tmp_path) + b"/" + name, "wb") as file:  # noqa: PTH123  # a name of bytes
            file.write(b"no audio" if name.startswith(b"a") else clip)
    return tmp_path


@pytest.mark.parametrize(
    ("command", "locale"), [*(("stream", locale) for locale in LOCALES), ("analyze", "ascii names")]
)
def test_names_that_are_no_text_are_escaped_and_every_file_is_heard(run, server, odd_folder, command, locale):
    options = f"--url {server.ws_url} --speed max" if command == "stream" else "--no-words"
    done = run(
        f"undertone {command} {odd_folder} {options}; undertone {command} {odd_folder} {options} --json",
        **LOCALES[locale],
    )
    assert done.returncode == 1  # the one that is no audio
    table = done.stdout.decode()
    plain = locale in ("ascii names", "ascii output")
    for name in (r"caf\xe9\n.flac", r"z_\xe9.flac" if plain else "z_é.flac"):
        assert f"{odd_folder}/{name}\n" in table
    assert f'"file": "{odd_folder}/caf\\\\xe9\\n.flac"' in table
    assert f'"file": "{odd_folder}/z_\\u00e9.flac"' in table
    complaints = done.stderr.decode().splitlines()
    assert [line.split(" not ")[0] for line in complaints] == [f"undertone {command}: {odd_folder}/a\\xff.wav:"] * 2
