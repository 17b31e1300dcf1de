"""`import undertone`: its public names, what it loads and how long that takes, in processes of their own."""

import ast
import subprocess
import sys

import pytest

import undertone

NAMES = [
    "AsyncClient",
    "AudioFileError",
    "Client",
    "ConnectionLostError",
    "Final",
    "JudgedLane",
    "LABELS",
    "Mood",
    "Partial",
    "Provisional",
    "Refusal",
    "Release",
    "ReleaseError",
    "ServerUnreachableError",
    "SessionClosed",
    "SessionRefusedError",
    "SettingError",
    "SpeechEnded",
    "SpeechStarted",
    "Stream",
    "StreamError",
    "Verdict",
    "open_release",
]
SERVERS = {"litserve", "fastapi", "starlette", "uvicorn", "websockets"}
HEAVY = {"torch", "transformers", "sklearn", "mlflow", "datasets"}


def run(program, *arguments, folder=None):
    """Run `program` in a fresh process and return what it printed."""
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder).stdout


def loaded_after(program, folder=None):
    printed = run(f"{program}\nimport sys; print('loaded', *sys.modules)", folder=folder)
    return {name.split(".")[0] for name in printed.rpartition("loaded ")[2].split()}


@pytest.mark.fast
def test_the_public_names_are_these_and_all_of_them_are_there():
    assert sorted(undertone.__all__, key=str.lower) == sorted(NAMES, key=str.lower)
    assert all(getattr(undertone, name) is not None for name in NAMES)
    assert undertone.LABELS == ("negative", "neutral", "positive")


@pytest.mark.fast
def test_the_types_of_the_public_names_are_those_of_the_same_objects(repository):
    stub = ast.parse((repository / "undertone" / "__init__.pyi").read_text())
    homes = {alias.asname: node.module for node in stub.body for alias in node.names}
    assert homes == undertone._HOMES


@pytest.mark.fast
def test_a_name_that_is_not_there_is_said_to_be_missing():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = undertone.nothing
    assert set(NAMES) == set(dir(undertone))


@pytest.mark.fast
def test_every_public_name_has_a_docstring():
    for name in set(NAMES) - {"LABELS"}:
        thing = getattr(undertone, name)
        methods = [vars(thing)[method] for method in vars(thing) if not method.startswith("_")]
        assert all(getattr(one, "__doc__", None) for one in [thing, *methods] if callable(one)), name


@pytest.mark.fast
def test_importing_the_library_loads_nothing_heavier_than_numpy():
    third_party = loaded_after("import undertone") - set(sys.stdlib_module_names) - {"undertone"}
    before = loaded_after("") - set(sys.stdlib_module_names)
    assert third_party - before <= {"numpy"}


@pytest.mark.fast
def test_importing_the_library_takes_less_than_a_quarter_of_a_second():
    timed = "import time; began_s = time.process_time(); import undertone; print(time.process_time() - began_s)"
    assert min(float(run(timed)) for _ in range(3)) < 0.25


def test_a_recording_is_analyzed_without_server_and_training_libraries(promoted_release, samples):
    program = f"""
import undertone
release = undertone.open_release({str(promoted_release)!r})
assert release.analyze({str(samples / "07_proud.flac")!r}, words=False)
"""
    loaded = loaded_after(program)
    assert not loaded & (SERVERS | HEAVY | {"serving", "training", "faster_whisper", "rich"})


def test_without_an_engine_for_words_it_says_so_and_the_voice_judges_alone(promoted_release, samples):
    program = f"""
import sys
sys.modules["faster_whisper"] = None  # as where it is not installed
import undertone
release = undertone.open_release({str(promoted_release)!r})
(final,) = release.analyze({str(samples / "07_proud.flac")!r})
print(final.verdict.mode, final.verdict.reason, final.text)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["audio_only", "asr_unavailable", "None"]
    assert "faster_whisper is not installed; `pip install 'undertone[whisper]'`" in done.stderr
