"""The direction of imports: `tests -> export -> training -> undertone -> contract`, and `serving -> undertone`."""

import ast
import subprocess
import sys

import pytest

pytestmark = pytest.mark.fast

FORBIDDEN_IN_SERVING = {"torch", "torchaudio", "transformers", "optimum", "mlflow", "librosa"}
ALLOWED = {
    "contract": {"contract"},
    "undertone": {"contract", "undertone"},
    "serving": {"contract", "undertone", "serving"},
    "training": {"contract", "undertone", "training"},
    "export": {"contract", "undertone", "training", "export"},
}


def imported_by(path):
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_a_package_imports_only_what_stands_before_it(repository, package):
    for path in (repository / package).glob("**/*.py"):
        ours = imported_by(path) & set(ALLOWED)
        assert ours <= ALLOWED[package], f"{path.name} imports {ours - ALLOWED[package]}"


def test_the_contract_needs_numpy_and_the_standard_library_only(repository):
    for path in (repository / "contract").glob("*.py"):
        foreign = imported_by(path) - set(sys.stdlib_module_names) - {"numpy", "contract"}
        assert not foreign, f"{path.name} imports {foreign}"


def test_one_file_imports_mlflow(repository):
    sources = [path for package in ALLOWED for path in (repository / package).glob("**/*.py")]
    assert [path.name for path in sources if "mlflow" in imported_by(path)] == ["tracking.py"]


def test_the_folder_mlflow_does_not_hide_the_package(repository):
    assert not (repository / "mlflow" / "__init__.py").exists()


def test_serving_loads_no_training_library_in_a_fresh_process(repository):
    modules = sorted(path.stem for path in (repository / "serving").glob("*.py") if path.stem != "__init__")
    program = "; ".join(
        ["import sys", *(f"import serving.{name}" for name in modules), "print('\\n'.join(sys.modules))"]
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    loaded = {name.split(".")[0] for name in printed.split()}
    assert not loaded & (FORBIDDEN_IN_SERVING | {"training", "export"})
    assert "onnxruntime" in loaded


def test_the_api_process_loads_no_recogniser():
    program = "import sys, serving.server, serving.cli; print('\\n'.join(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert not {name.split(".")[0] for name in printed.split()} & {"faster_whisper", "ctranslate2", "pocketsphinx"}


def test_pocketsphinx_is_loaded_only_where_it_is_asked_for():
    program = "import sys, undertone.words.recogniser; print('pocketsphinx' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "False"
