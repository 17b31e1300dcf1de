"""The direction of imports: `tests -> export -> training -> undertone`, and `serving -> undertone`."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.fast

FORBIDDEN_IN_SERVING = {"torch", "torchaudio", "transformers", "optimum", "mlflow", "librosa"}
ALLOWED = {
    "undertone": {"undertone"},
    "serving": {"undertone", "serving"},
    "training": {"undertone", "training"},
    "export": {"undertone", "training", "export"},
}
# What each room of the library may import from others, anywhere in a file, loaded late or not.
THIRD_PARTY = {
    "undertone": {"numpy", "onnxruntime"},
    "undertone.audio_file": {"numpy", "soundfile", "soxr", "av"},
    "undertone.audio_file.containers": set(),
    "undertone.corpora": {"av", "numpy"},
    "undertone.encodings": {"numpy", "av"},
    "undertone.gate": {"numpy"},
    "undertone.prosody": {"numpy", "swift_f0"},
    "undertone.voice": {"numpy"},
    "undertone.words": {"numpy", "threadpoolctl", "tokenizers"},
    "undertone.words.engines": {"numpy", "faster_whisper", "ctranslate2", "huggingface_hub", "pocketsphinx", "soxr"},
    "undertone.words.plausibility": {"numpy"},
    "undertone.protocol": {"pydantic", "typing_extensions"},
    "undertone.recorded": {"fsspec", "numpy", "soundfile"},
    "undertone.stream": {"numpy", "pydantic", "annotated_types"},
    "undertone.scoring": {"numpy", "scipy", "sklearn", "jiwer"},
    "undertone.evaluation": {"numpy", "pandas", "jinja2", "matplotlib", "soundfile"},
    "undertone.client": {"numpy", "websockets"},
    "undertone.devices": {"numpy", "soundcard"},
}


def sources(root, package):
    """Return all files of `package`, those of its subfolders as well."""
    return sorted((root / package).rglob("*.py"))


def modules(root, package):
    """Return the names under which the files of `package` are imported."""
    found = (path.relative_to(root).with_suffix("") for path in sources(root, package))
    return sorted(".".join(path.parts).removesuffix(".__init__") for path in found)


def imported_by(path):
    """Return the top-level packages that `path` imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.split(".")[0] for name in names}


def against_the_direction(root):
    """Return what imports what it must not, as `file: packages`."""
    found = []
    for package, allowed in ALLOWED.items():
        for path in sources(root, package):
            wrong = imported_by(path) & set(ALLOWED) - allowed
            found += [f"{path.relative_to(root)}: {', '.join(sorted(wrong))}"] if wrong else []
    return found


def foreign_imports(root, room):
    """Return the third-party packages that the files of `room` import, those of its subfolders left out."""
    ours = set(ALLOWED) | set(sys.stdlib_module_names)
    return set().union(*(imported_by(path) for path in (root / room.replace(".", "/")).glob("*.py"))) - ours


def importers(root, library):
    return [
        str(path.relative_to(root))
        for package in ALLOWED
        for path in sources(root, package)
        if library in imported_by(path)
    ]


def loaded_by(program):
    """Return the top-level packages that a fresh process has loaded after `program`."""
    program += "\nimport sys; print('\\n'.join(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    return {name.split(".")[0] for name in printed.split()}


def test_a_package_imports_only_what_stands_before_it(repository):
    assert against_the_direction(repository) == []


@pytest.mark.parametrize("place", ["serving/planted.py", "serving/room/planted.py", "serving/room/inner/planted.py"])
def test_a_planted_violation_is_found_however_deep_it_lies(place, tmp_path):
    planted = tmp_path / place
    planted.parent.mkdir(parents=True)
    planted.write_text("def late():\n    from training.acoustic.model import load_checkpoint\n")
    assert against_the_direction(tmp_path) == [f"{Path(place)}: training"]


@pytest.mark.parametrize("room", sorted(THIRD_PARTY))
def test_a_room_of_the_library_imports_only_the_packages_in_the_table(room, repository):
    assert foreign_imports(repository, room) <= THIRD_PARTY[room]


def test_the_table_names_every_room_of_the_library_and_nothing_that_is_not_there(repository):
    folders = {path.parent.relative_to(repository) for path in sources(repository, "undertone")}
    assert {str(folder).replace("/", ".") for folder in folders} == set(THIRD_PARTY)
    unused = {room: THIRD_PARTY[room] - foreign_imports(repository, room) for room in THIRD_PARTY}
    assert not any(unused.values()), unused


def test_one_file_imports_mlflow(repository, tmp_path):
    assert importers(repository, "mlflow") == ["training/tracking.py"]
    planted = tmp_path / "export" / "room" / "planted.py"
    planted.parent.mkdir(parents=True)
    planted.write_text("import mlflow.pyfunc\n")
    assert importers(tmp_path, "mlflow") == ["export/room/planted.py"]


def test_the_folder_mlflow_does_not_hide_the_package(repository):
    assert not (repository / "mlflow" / "__init__.py").exists()


def test_serving_loads_no_training_library_in_a_fresh_process(repository):
    loaded = loaded_by("\n".join(f"import {name}" for name in modules(repository, "serving")))
    assert not loaded & (FORBIDDEN_IN_SERVING | {"training", "export"})
    assert "onnxruntime" in loaded


def test_the_modules_of_subfolders_are_found(tmp_path):
    for place in ("serving/__init__.py", "serving/room/__init__.py", "serving/room/inner/deep.py"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).touch()
    assert modules(tmp_path, "serving") == ["serving", "serving.room", "serving.room.inner.deep"]


def test_the_api_process_loads_no_recogniser_and_nothing_that_few_servers_need():
    loaded = loaded_by("import serving.server, serving.cli.main, serving.cli.options.operator_flags")
    assert not loaded & {"faster_whisper", "ctranslate2", "pocketsphinx", "huggingface_hub", "requests", "tqdm"}
    assert not loaded & {"jwt", "cryptography", "av", "fastapi_offline", "rich", "fastmcp"}, "a second of every start"


def test_what_starts_the_process_that_forks_workers_waits_for_no_library():
    of_every_process = loaded_by("import multiprocessing") | set(sys.stdlib_module_names)
    assert loaded_by("import serving.workers.fork_server") - of_every_process == {"serving"}


def test_what_decodes_films_is_loaded_only_for_what_libsndfile_does_not_know():
    assert "av" not in loaded_by("import undertone.audio_file, serving.files.body")


def test_pocketsphinx_is_loaded_only_where_it_is_asked_for():
    assert "pocketsphinx" not in loaded_by("import undertone.words.engines.recogniser")


def test_what_makes_spans_is_loaded_only_where_they_are_asked_for():
    # Its API alone is loaded: by FastAPI, where it is installed.
    program = "import serving.server, sys; sys.exit('opentelemetry.sdk' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
