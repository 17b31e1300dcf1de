"""Run history in MLflow: one run per training, and the registry of releases. The only file that imports mlflow.

Every number comes from files that the stages wrote (params.yaml, metrics/, plots/); nothing is measured here, and
nothing reads MLflow back to decide anything. The store is local: sqlite and artifacts under `mlflow/`, no server, no
network.
"""

import csv
import json
import logging
import os
import shlex
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

# Read at import: without them mlflow sends usage statistics, and asks pip and git about the environment.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["DO_NOT_TRACK"] = "true"
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

from mlflow.entities import Metric, Param, Run
from mlflow.exceptions import MlflowException
from sqlalchemy import URL
from sqlalchemy.exc import DatabaseError

from mlflow import MlflowClient

STORE = Path("mlflow")
TRAINING_EXPERIMENT = "acoustic"
RELEASE_EXPERIMENT = "releases"
EVALUATION_EXPERIMENT = "evaluations"
CHAMPION = "champion"
_LARGEST_BATCH, _LONGEST_TAG = 1000, 5000  # of MLflow


def open_store(store: Path = STORE) -> MlflowClient:
    """Return a client of the sqlite store in the folder `store`, which is made where it is missing.

    Raises:
        SystemExit: another MLflow made it, or it is damaged; the message says what to do.
    """
    store = _shared(store)
    store.mkdir(parents=True, exist_ok=True)
    for noisy in ("alembic", "mlflow.store.db.utils", "mlflow.store.model_registry", "mlflow.tracking"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    with warnings.catch_warnings():  # mlflow 3.17 beside sqlalchemy 2.1: its own mapping is deprecated
        warnings.filterwarnings("ignore", message=".*noload.*", category=DeprecationWarning)
        try:
            return MlflowClient(tracking_uri=_uri(store.resolve()))
        except (MlflowException, DatabaseError) as error:
            raise SystemExit(_unusable(store, str(error))) from None


def check_store(store: Path = STORE) -> None:
    """Return where a run can be logged in `store`: to be asked before hours of training, not after them.

    Raises:
        SystemExit: as `open_store`.
    """
    if (_shared(store) / "mlflow.db").exists():
        open_store(store)


def log_training(
    params: Mapping[str, Any],
    metrics_files: Mapping[str, Path],
    curves: Path,
    confusion: Path,
    store: Path = STORE,
    experiment: str = TRAINING_EXPERIMENT,
) -> str:
    """Log one run: the knobs, the numbers of each metrics file, the curves by epoch, a confusion picture.

    Args:
        params: sections of params.yaml; nested keys are joined by dots.
        metrics_files: prefix -> metrics JSON, e.g. `{"acoustic": Path("metrics/acoustic.json")}`; numbers become
            metrics `prefix.key`, words (protocol, md5 of the data) become tags.
        curves: CSV with an `epoch` column and one column per curve.
        confusion: CSV with the columns `actual` and `predicted`, one row per clip.
        store: folder of the tracking store.
        experiment: name that groups the runs of one network.

    Returns:
        The id of the run.
    """
    run_id = log_numbers(experiment, params, metrics_files, curves, store)
    open_store(store).log_figure(run_id, _confusion_figure(confusion), "confusion.png")
    return run_id


def log_numbers(
    experiment: str,
    params: Mapping[str, Any],
    metrics_files: Mapping[str, Path],
    curves: Path | None = None,
    store: Path = STORE,
    name: str | None = None,
) -> str:
    """Log one run as `log_training` does, without a picture: every training is a run, also one that nobody evaluates.

    Args:
        experiment: name that groups the runs of one network.
        params: as of `log_training`.
        metrics_files: as of `log_training`.
        curves: as of `log_training`; None: there are none.
        store: folder of the tracking store.
        name: of the run; None: that of DVC's experiment, or MLflow invents one.

    Returns:
        The id of the run.
    """
    client = open_store(store)
    run_id = str(_create_run(client, experiment, store, name).info.run_id)
    metrics: list[Metric] = list(_curve_metrics(curves)) if curves else []
    for prefix, path in metrics_files.items():
        for key, value in flatten(json.loads(path.read_text(encoding="utf-8")), prefix):
            if isinstance(value, str):
                client.set_tag(run_id, key, value[:_LONGEST_TAG])
            else:
                metrics.append(Metric(key, float(value), 0, 0))
    for start in range(0, len(metrics), _LARGEST_BATCH):
        client.log_batch(run_id, metrics=metrics[start : start + _LARGEST_BATCH])
    client.log_batch(run_id, params=[Param(key, str(value)) for key, value in flatten(params)])
    client.set_terminated(run_id)
    return run_id


def runs_in(store: Path = STORE) -> int:
    """Return how many runs `store` has, of all experiments."""
    client = open_store(store)
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    return len(client.search_runs(experiments, max_results=1000))


def log_evaluation(folder: Path, store: Path = STORE) -> str:
    """Log what `undertone evaluate` wrote into `folder`: its numbers, its protocol as tags, its files.

    Returns:
        The id of the run.

    Raises:
        SystemExit: `folder` holds no evaluation, or as `open_store`.
    """
    summary_file = folder / "summary.json"
    if not summary_file.is_file():
        raise SystemExit(f"{folder} is no evaluation: it has no {summary_file.name}")
    summary = json.loads(summary_file.read_text(encoding="utf-8"))
    client = open_store(store)
    run = _create_run(client, EVALUATION_EXPERIMENT, store)
    for name, value in summary["protocol"].items():
        client.set_tag(run.info.run_id, name, value)
    _log_tree(client, run, summary)
    for name in ("summary.json", "predictions.parquet", "report.html"):
        client.log_artifact(run.info.run_id, str(folder / name))
    client.set_terminated(run.info.run_id)
    return str(run.info.run_id)


def register_release(folder: Path, name: str, metrics: Mapping[str, Any], store: Path = STORE) -> int:
    """Register the release in `folder` as the next version of the model `name` and make it the champion.

    The files are copied into the store; `metrics` (nested keys are joined by dots) are logged beside them. The alias
    moves last: where anything before it fails, the old champion stays.

    Returns:
        The version, 1 for the first release of `name`.

    Raises:
        FileNotFoundError: `folder` is not a folder.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a release folder: make it with `dvc repro release`")
    client = open_store(store)
    run = _create_run(client, RELEASE_EXPERIMENT, store)
    _log_tree(client, run, metrics)
    client.log_artifacts(run.info.run_id, str(folder), "release")
    client.set_terminated(run.info.run_id)
    _ensure_registered(client, name)
    source = f"{run.info.artifact_uri}/release"
    version = client.create_model_version(name, source=source, run_id=run.info.run_id)
    client.set_registered_model_alias(name, CHAMPION, version.version)
    return int(version.version)


def _log_tree(client: MlflowClient, run: Run, tree: Mapping[str, Any]) -> None:
    numbers = [(key, value) for key, value in flatten(tree) if not isinstance(value, str)]
    client.log_batch(run.info.run_id, metrics=[Metric(key, float(value), 0, 0) for key, value in numbers])


def flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves that are numbers or words: `flatten({"a": {"b": 1}})` yields ("a.b", 1); lists are left out."""
    for name, value in tree.items():
        key = f"{prefix}.{name}" if prefix else name
        if isinstance(value, Mapping):
            yield from flatten(value, key)
        elif isinstance(value, str | int | float):
            yield key, value


def _shared(store: Path) -> Path:
    """Return `store` of the repository itself: queued experiments run in copies of it that are thrown away."""
    return Path(os.environ["DVC_ROOT"]) / store if "DVC_ROOT" in os.environ else store


def _uri(store: Path) -> str:
    # Written by SQLAlchemy, which reads it: a bare path loses what follows `?`, and `%20` becomes a space. With
    # the name of the driver, for after a bare `sqlite:///` mlflow makes the folder of that name, percent signs and all.
    return URL.create("sqlite+pysqlite", database=str(store / "mlflow.db")).render_as_string()


def _unusable(store: Path, error: str) -> str:
    database = store / "mlflow.db"
    if "database schema" not in error:
        return f"{database} cannot be used: {error.splitlines()[0]}; move it aside, and the next run makes another"
    return (
        f"{database} was made by another MLflow. Copy it, then run `python -m mlflow db upgrade "
        f"{shlex.quote(_uri(store))}`, or install the MLflow that made it ({error.partition('. ')[0]})"
    )


def _create_run(client: MlflowClient, experiment: str, store: Path, name: str | None = None) -> Run:
    found = client.get_experiment_by_name(experiment)
    name = name or os.environ.get("DVC_EXP_NAME")
    if found is None:
        location = (_shared(store) / "artifacts").resolve().as_uri()
        return client.create_run(client.create_experiment(experiment, artifact_location=location), run_name=name)
    return client.create_run(found.experiment_id, run_name=name)


def _ensure_registered(client: MlflowClient, name: str) -> None:
    try:
        client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        client.create_registered_model(name)


def _curve_metrics(path: Path) -> Iterator[Metric]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            epoch = int(row.pop("epoch"))
            for name, value in row.items():
                yield Metric(name, float(value), 0, epoch)


def _confusion_figure(path: Path) -> Any:
    from matplotlib.figure import Figure  # without pyplot: no window system, no global state
    from sklearn.metrics import ConfusionMatrixDisplay

    from undertone.labels import LABELS

    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    figure = Figure(figsize=(5, 4))
    ConfusionMatrixDisplay.from_predictions(
        [row["actual"] for row in rows],
        [row["predicted"] for row in rows],
        labels=list(LABELS),
        ax=figure.subplots(),
        colorbar=False,
    )
    return figure
