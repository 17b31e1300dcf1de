"""Every notebook is stripped, portable, and runs from its first cell to its last."""

import os
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from training.corpora.ravdess.download import download
from training.corpora.ravdess.names import expected_names
from training.features.extract import extract
from training.params import load_params

NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))
FEW_ACTORS = (1, 2, 5, 6)  # of two folds


@pytest.fixture(scope="module")
def stage_outputs(repository: Path, ravdess_mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where the features and the clips are: those of the stages, or of four actors where no stage has run."""
    features, clips = repository / "features" / "ravdess.arrow", repository / "ravdess"
    if not (features.is_file() and clips.is_dir()):
        root, params = tmp_path_factory.mktemp("notebook"), load_params(repository / "params.yaml")
        expected = expected_names(FEW_ACTORS)
        (root / "few" / "ravdess").mkdir(parents=True)
        for path in ravdess_mirror.rglob("03-01-*"):
            if path.stem in expected:
                shutil.copy(path, root / "few" / "ravdess" / path.name)
        features, clips = root / "features.arrow", root / "ravdess"
        download(params, root / "few", clips, root / "ravdess.json", root / "cache", expected)
        extract(params, clips, features, root / "features.json")
    return {"UNDERTONE_FEATURES": str(features), "UNDERTONE_CLIPS": str(clips)}


@pytest.mark.fast
def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.fast
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_holds_no_outputs_and_no_paths_of_one_machine(path):
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    for cell in notebook.cells:
        assert not any(start in cell.source for start in ("/home/", "/Users/", "/work/", "/tmp/", "/root/", "C:\\"))


@pytest.mark.fast
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_defines_nothing_that_could_be_imported(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            assert not any(line.lstrip().startswith(("def ", "class ")) for line in cell.source.splitlines())


@pytest.mark.ravdess
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_to_its_end(path, repository, stage_outputs, promoted_release):
    notebook = nbformat.read(path, as_version=4)
    environment = {**os.environ, **stage_outputs, "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    environment["PYTHONPATH"] = str(repository)
    environment["UNDERTONE_REDUCED"] = "1"  # short fits; what a reader runs is whole
    client = NotebookClient(notebook, timeout=180, kernel_name="python3", resources={"metadata": {"path": path.parent}})
    client.execute(env=environment)
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code" and cell.source)
