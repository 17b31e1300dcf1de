"""MLflow: what a training run and a promotion leave behind."""

import csv
import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from training.published_runs import import_runs
from training.tracking import (
    CHAMPION,
    check_store,
    flatten,
    log_numbers,
    log_training,
    open_store,
    register_release,
    runs_in,
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store") / "mlflow"


def write_csv(path: Path, rows: list[list[object]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def test_a_run_holds_knobs_curves_numbers_words_and_the_confusion_picture(store, tmp_path):
    metrics = tmp_path / "acoustic.json"
    metrics.write_text(json.dumps({"uar": 0.6, "recall": {"neutral": 0.5}, "protocol": "by actor"}))
    data = tmp_path / "data.json"
    data.write_text(json.dumps({"clips": 3, "stereo_clips": ["a"], "data_md5": "abc"}))
    curves = write_csv(tmp_path / "training.csv", [["epoch", "train_loss"], [1, 0.9], [2, 0.7]])
    confusion = write_csv(
        tmp_path / "confusion.csv", [["actual", "predicted"], ["negative", "neutral"], ["positive", "positive"]]
    )
    run_id = log_training(
        {"train": {"seed": 0}, "model": {"arch": "baseline"}},
        {"acoustic": metrics, "data": data},
        curves,
        confusion,
        store,
    )
    client = open_store(store)
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params == {"train.seed": "0", "model.arch": "baseline"}
    assert run.data.metrics == {"acoustic.uar": 0.6, "acoustic.recall.neutral": 0.5, "data.clips": 3, "train_loss": 0.7}
    assert [(m.step, m.value) for m in client.get_metric_history(run_id, "train_loss")] == [(1, 0.9), (2, 0.7)]
    assert run.data.tags["data.data_md5"] == "abc"
    assert run.data.tags["acoustic.protocol"] == "by actor"
    assert [file.path for file in client.list_artifacts(run_id)] == ["confusion.png"]


def test_each_release_is_a_version_and_the_last_is_the_champion(store, tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    versions = [register_release(tmp_path, "undertone", {"acoustic": {"uar": uar}}, store) for uar in (0.6, 0.7)]
    assert versions == [1, 2]
    client = open_store(store)
    champion = client.get_model_version_by_alias("undertone", CHAMPION)
    assert int(champion.version) == 2
    assert client.get_run(champion.run_id).data.metrics == {"acoustic.uar": 0.7}
    assert [file.path for file in client.list_artifacts(champion.run_id, "release")] == ["release/manifest.json"]


def test_a_release_folder_that_is_not_there_is_refused_by_name(store, tmp_path):
    with pytest.raises(FileNotFoundError, match="absent is not a release folder"):
        register_release(tmp_path / "absent", "undertone", {}, store)


@pytest.mark.fast
def test_nested_names_are_joined_and_lists_left_out():
    assert list(flatten({"a": {"b": 1, "c": [1]}, "d": "x"})) == [("a.b", 1), ("d", "x")]


@pytest.mark.fast
def test_the_folder_mlflow_is_no_package_and_one_file_imports_the_library(repository):
    assert not (repository / "mlflow" / "__init__.py").exists()
    packages = ("contract", "training", "export", "serving")
    sources = [path for package in packages for path in (repository / package).rglob("*.py")]
    importing = [
        path.relative_to(repository).as_posix()
        for path in sources
        if any(line.lstrip().startswith(("import mlflow", "from mlflow")) for line in path.read_text().splitlines())
    ]
    assert importing == ["training/tracking.py"]


def test_a_new_store_is_opened_without_a_word(repository, tmp_path):
    code = f"from pathlib import Path; from training.tracking import open_store; open_store(Path({str(tmp_path)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("name", ["a%20b's Bücher", "a?b#c %3F&d=e"])
def test_the_folder_of_the_store_may_have_any_name_and_nothing_is_made_beside_it(name, tmp_path):
    release = tmp_path / name / "release"
    release.mkdir(parents=True)
    (release / "manifest.json").write_text("{}")
    assert register_release(release, "undertone", {}, tmp_path / name / "mlflow") == 1
    client = open_store(tmp_path / name / "mlflow")
    champion = client.get_model_version_by_alias("undertone", CHAMPION)
    assert [file.path for file in client.list_artifacts(champion.run_id, "release")] == ["release/manifest.json"]
    assert sorted(path.name for path in (tmp_path / name / "mlflow").iterdir()) == ["artifacts", "mlflow.db"]
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_store_of_another_mlflow_is_told_before_the_training_with_what_upgrades_it(store, tmp_path):
    open_store(store)
    other = tmp_path / "mlflow"  # mlflow keeps what it knows of a store by its name
    other.mkdir()
    shutil.copy(store / "mlflow.db", other)
    with sqlite3.connect(other / "mlflow.db") as database:
        database.execute("update alembic_version set version_num = '0584bdc529eb'")
    with pytest.raises(SystemExit, match=r"another MLflow.*`python -m mlflow db upgrade \S+mlflow\.db`.*0584bdc529eb"):
        check_store(other)


def test_a_damaged_store_is_told_and_a_missing_one_is_no_fault(tmp_path):
    check_store(tmp_path)
    assert not list(tmp_path.iterdir())
    (tmp_path / "mlflow.db").write_text("no database" * 1000)
    with pytest.raises(SystemExit, match=r"mlflow\.db cannot be used: .*file is not a database; move it aside"):
        check_store(tmp_path)


def test_a_training_without_curves_and_picture_is_a_run_and_bears_the_name_of_its_experiment(tmp_path, monkeypatch):
    (tmp_path / "ear.json").write_text(json.dumps({"uar": 0.5, "protocol": "by actor"}))
    monkeypatch.setenv("DVC_EXP_NAME", "wider-net")
    run_id = log_numbers("ear", {"train_ear": {"seed": 0}}, {"ear": tmp_path / "ear.json"}, store=tmp_path / "mlflow")
    run = open_store(tmp_path / "mlflow").get_run(run_id)
    assert (run.info.run_name, run.info.status) == ("wider-net", "FINISHED")
    assert (run.data.params, run.data.metrics) == ({"train_ear.seed": "0"}, {"ear.uar": 0.5})


def test_a_queued_experiment_logs_into_the_repository_and_not_into_its_copy(tmp_path, monkeypatch):
    (tmp_path / "copy").mkdir()
    monkeypatch.chdir(tmp_path / "copy")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "repository"))
    log_numbers("ear", {}, {})
    assert runs_in() == 1
    assert (tmp_path / "repository/mlflow/mlflow.db").is_file()
    assert not list((tmp_path / "copy").iterdir())


def test_a_fresh_clone_shows_the_runs_of_the_promoted_release_and_later_its_own(repository, tmp_path):
    assert import_runs(repository, tmp_path / "mlflow") == 5
    client = open_store(tmp_path / "mlflow")
    experiment = client.get_experiment_by_name("acoustic")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.run_name.startswith("release ")
    recorded = json.loads((repository / "metrics/acoustic.json").read_text())
    assert run.data.metrics["acoustic.uar"] == recorded["uar"]
    assert len(client.get_metric_history(run.info.run_id, "train_loss")) > 10
    assert import_runs(repository, tmp_path / "mlflow") == 0
