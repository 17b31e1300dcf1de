"""The pipeline, dvc.yaml: every stage names what it runs on."""

import ast
import json
import subprocess
import sys

import pytest
import yaml

PACKAGES = ("undertone", "training", "export")
# They carry values in and out and make none: dvc.yaml says why no stage depends on them.
CARRIERS = {
    *(f"{package}/__init__.py" for package in (*PACKAGES, "training/corpora", "export/card")),
    *(f"training/{name}.py" for name in ("params", "files", "tables", "metrics_files", "tracking")),
}


def local_files(module, repository, seen=None):
    """Return the files of the repository that importing `module` reads, as DVC names them."""
    seen = set() if seen is None else seen
    file = file_of(module, repository)
    if file is None or file in seen:
        return seen
    seen.add(file)
    for package in packages_of(module):
        local_files(package, repository, seen)
    for node in ast.walk(ast.parse((repository / file).read_text(encoding="utf-8"))):
        for name in names_imported(node):
            if name.split(".")[0] in PACKAGES:
                local_files(name, repository, seen)
    return seen


def file_of(module, repository):
    """Return the file that `module` is read from, a package's `__init__.py`; None: it is none of ours."""
    stem = module.replace(".", "/")
    return next((file for file in (f"{stem}.py", f"{stem}/__init__.py") if (repository / file).is_file()), None)


def packages_of(module):
    """Return the packages that are imported before `module`: a.b.c -> a, a.b."""
    parts = module.split(".")
    return [".".join(parts[:depth]) for depth in range(1, len(parts))]


def names_imported(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def test_what_a_stage_runs_is_found_through_subfolders(tmp_path):
    files = {
        "training/__init__.py": "",
        "training/room/__init__.py": "from training.room.inner import deep",
        "training/room/stage.py": "import export.other",
        "training/room/inner/__init__.py": "",
        "training/room/inner/deep.py": "",
        "export/other.py": "def late():\n    from training.alone import name\n",
        "training/alone.py": "",
        "training/unused.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert local_files("training.room.stage", tmp_path) == set(files) - {"training/unused.py"}


@pytest.fixture(scope="module")
def stages(repository):
    return yaml.safe_load((repository / "dvc.yaml").read_text())["stages"]


def belongs(file, dep):
    """Whether a dependency of a stage, a file or a folder, covers `file`."""
    return file == dep or file.startswith(f"{dep}/")


def test_every_stage_depends_on_all_the_code_that_it_runs(stages, repository):
    for name, stage in stages.items():
        assert stage["cmd"].startswith("python -m "), name
        needed = local_files(stage["cmd"].split()[2], repository) - CARRIERS
        missing = sorted(file for file in needed if not any(belongs(file, dep) for dep in stage["deps"]))
        assert not missing, f"stage {name} does not depend on {missing}"


def test_every_room_that_a_stage_depends_on_exists_and_is_used(stages, repository):
    for name, stage in stages.items():
        needed = local_files(stage["cmd"].split()[2], repository)
        rooms = [dep for dep in stage["deps"] if dep.split("/")[0] in PACKAGES]
        unused = [room for room in rooms if not any(belongs(file, room) for file in needed)]
        assert not unused, f"stage {name} depends on {unused} without need"


def test_the_pipeline_reads_like_a_drawing(repository):
    assert len((repository / "dvc.yaml").read_text().splitlines()) < 250


TRAININGS = {"features", "train", "crossval", "train_text"}


@pytest.mark.parametrize(
    "edited",
    [
        "export/card/model_card.py",
        "training/evaluation/acoustic.py",
        "training/evaluation/text.py",
        "training/evaluation/heard.py",
        "training/fusion/report.py",
        "training/corpora/labeled/labeled_set.py",
        "training/corpora/another/names.py",
        "training/files.py",
        "undertone/stream/session.py",
        "undertone/fusion.py",
        "undertone/weighting.py",
    ],
)
def test_a_change_of_a_report_a_card_or_another_corpus_retrains_nothing(edited, stages):
    old = {name for name, stage in stages.items() if any(belongs(edited, dep) for dep in stage["deps"])}
    assert not old & TRAININGS


def test_dvc_says_so_too(repository, tmp_path):
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(repository), str(clone)], check=True)
    for edited in ("export/card/model_card.py", "training/evaluation/acoustic.py"):
        with (clone / edited).open("a") as file:
            file.write("# a report that says more\n")
    changed = status(clone)
    assert {"release", "evaluate"} <= set(changed)
    assert not TRAININGS & {name for name, why in changed.items() if "modified" in json.dumps(why)}


def status(folder):
    """Return what `dvc status` says of each stage that is not up to date."""
    command = [sys.executable, "-m", "dvc", "status", "--json"]
    said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    return json.loads(said)


def test_large_outputs_are_not_pushed_and_metrics_stay_in_git(stages):
    for name, stage in stages.items():
        for out in stage.get("outs", []):
            assert isinstance(out, dict), f"stage {name}: {out} would be pushed to the bundled remote"
            assert next(iter(out.values())).get("push") is False, f"stage {name}: {out} would be pushed"
        for metrics in [*stage.get("metrics", []), *stage.get("plots", [])]:
            assert next(iter(metrics.values()))["cache"] is False, f"stage {name}: {metrics} would not be in git"


def test_every_section_of_the_parameters_is_used(stages, repository):
    params = yaml.safe_load((repository / "params.yaml").read_text())
    used = {key.split(".")[0] for stage in stages.values() for key in stage.get("params", [])}
    assert set(params) - used == {"gates"}, "gates belong to `make promote`; all else belongs to a stage"
