"""Promotion with a real git and DVC repository and a real registry: all or nothing, and nothing without the gates."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from material.tiny_release import make_release

from export.gates import GateError, check_gates, unmeasured
from export.promote import REGISTERED_NAME, main, promote
from training.files import LIVE, RELEASE
from training.tracking import open_store
from undertone import manifest as manifests

GATES = {
    "acoustic_uar": {"min": 0.58, "regression": 0.005},
    "int8_agreement": {"min": 0.98},
    "acoustic_bytes": {"max": 300_000},
}
GOOD = {"uar": 0.62, "int8_agreement": 0.99, "bytes": 65_755}


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def release_with(metrics: dict[str, Any], version: str = "0.1.0", **others: Any) -> None:
    """Write a whole release with these acoustic metrics, and `others`, into models/release."""
    make_release(RELEASE)
    path = RELEASE / "manifest.json"
    raw = json.loads(path.read_text())
    path.write_text(json.dumps({**raw, "version": version, "metrics": {"acoustic": metrics, **others}}))


def whole_tree(folder: Path) -> dict[str, str]:
    """The sha256 of every file; DVC's own scratch files (locks, its site cache) are not state."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".dvc/tmp" not in path.as_posix()
    }


def champion() -> tuple[int, dict[str, float]]:
    """The version that the alias names, and the metrics logged with it."""
    client = open_store(Path("mlflow"))
    version = client.get_model_version_by_alias(REGISTERED_NAME, "champion")
    return int(version.version), client.get_run(version.run_id).data.metrics


def make_repository(folder: Path, gitignore: Path) -> None:
    """Make a git and DVC repository with the `bundled` remote inside, as this one is, and go there."""
    folder.mkdir()
    shutil.copyfile(gitignore, folder / ".gitignore")
    os.chdir(folder)
    run("git", "init", "--quiet")
    run(sys.executable, "-m", "dvc", "init", "--quiet")
    run(sys.executable, "-m", "dvc", "config", "core.analytics", "false")
    run(sys.executable, "-m", "dvc", "remote", "add", "--default", "bundled", "dvc-store")


@pytest.fixture(scope="module")
def empty(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository in which nothing was ever promoted; tests work on copies."""
    before, folder = Path.cwd(), tmp_path_factory.mktemp("empty") / "repo"
    make_repository(folder, repository / ".gitignore")
    os.chdir(before)
    return folder


@pytest.fixture(scope="module")
def promoted(empty: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository after its first promotion; tests work on copies."""
    before, folder = Path.cwd(), tmp_path_factory.mktemp("promoted") / "repo"
    shutil.copytree(empty, folder)
    os.chdir(folder)
    release_with(GOOD)
    assert promote(GATES) == 1
    os.chdir(before)
    return folder


@pytest.fixture
def repo(empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of `empty`, as working directory."""
    shutil.copytree(empty, tmp_path / "repo")
    monkeypatch.chdir(tmp_path / "repo")
    return tmp_path / "repo"


@pytest.fixture
def live_repo(promoted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of `promoted`, as working directory."""
    shutil.copytree(promoted, tmp_path / "repo")
    monkeypatch.chdir(tmp_path / "repo")
    return tmp_path / "repo"


def test_release_that_passes_goes_live_is_pushed_and_becomes_champion(live_repo: Path) -> None:
    assert whole_tree(LIVE) == whole_tree(RELEASE)
    stored = {hashlib.sha256(path.read_bytes()).hexdigest() for path in Path("dvc-store").rglob("*") if path.is_file()}
    assert set(whole_tree(LIVE).values()) <= stored
    version, metrics = champion()
    assert version == 1
    assert metrics["acoustic.uar"] == 0.62
    assert [path.name for path in Path("models").iterdir() if "promotion" in path.name] == []


def test_promoted_release_can_be_pulled_into_a_fresh_clone(live_repo: Path, tmp_path: Path) -> None:
    """With this repository's .gitignore: one that ignores the pointer, or hides its folder from DVC, fails here."""
    run("git", "add", ".")
    assert "models/promoted.dvc" in run("git", "ls-files").split()
    run("git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "Promote 0.1.0")
    run("git", "clone", "--quiet", str(live_repo), str(tmp_path / "clone"))
    subprocess.run([sys.executable, "-m", "dvc", "pull", "--quiet"], cwd=tmp_path / "clone", check=True)
    assert whole_tree(tmp_path / "clone" / LIVE) == whole_tree(RELEASE)


def test_better_release_replaces_the_live_one_and_the_command_says_what_to_commit(
    repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release_with(GOOD)
    assert promote(GATES) == 1
    (LIVE / "left_over.txt").write_text("not in the manifest")
    release_with({**GOOD, "uar": 0.65}, version="0.2.0")
    Path("params.yaml").write_text(json.dumps({"gates": GATES}))
    main()
    assert "git add models/promoted.dvc dvc-store" in capsys.readouterr().out
    assert whole_tree(LIVE) == whole_tree(RELEASE)
    assert champion()[0] == 2


def test_a_live_release_of_an_older_schema_makes_way_and_it_is_said_that_nothing_was_compared(
    live_repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = LIVE / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "schema_version": 1}))
    release_with({**GOOD, "uar": 0.59}, version="0.2.0")
    assert promote(GATES) == 2
    assert whole_tree(LIVE) == whole_tree(RELEASE)
    assert "regression gates are not applied" in capsys.readouterr().err


def test_promoting_what_is_live_already_does_nothing(live_repo: Path) -> None:
    before = whole_tree(live_repo)
    assert promote(GATES) is None
    assert whole_tree(live_repo) == before


@pytest.mark.parametrize(
    ("metrics", "sentence"),
    [
        ({**GOOD, "uar": 0.5712}, "acoustic_uar is 0.5712, at least 0.58 is demanded"),
        ({**GOOD, "uar": float("nan")}, "acoustic_uar is nan, at least 0.58 is demanded"),
        ({**GOOD, "int8_agreement": 0.975}, "int8_agreement is 0.975, at least 0.98 is demanded"),
        ({**GOOD, "bytes": 300_001}, "acoustic_bytes is 300001, at most 300000 is allowed"),
    ],
)
def test_release_that_fails_a_gate_changes_nothing(metrics: dict[str, Any], sentence: str, repo: Path) -> None:
    release_with(metrics)
    before = whole_tree(repo)
    with pytest.raises(SystemExit, match=sentence) as refusal:
        promote(GATES)
    assert str(refusal.value).startswith("not promoted, nothing was changed")
    assert whole_tree(repo) == before


def test_regression_against_the_live_release_is_refused_with_both_values(live_repo: Path) -> None:
    release_with({**GOOD, "uar": 0.61})
    before = whole_tree(live_repo)
    with pytest.raises(SystemExit, match=r"acoustic_uar is 0.61, the live release has 0.62 and may lose 0.005 at most"):
        promote(GATES)
    assert whole_tree(live_repo) == before


@pytest.mark.fast
def test_loss_within_the_tolerated_regression_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    release_with(GOOD)
    live = manifests.load(RELEASE)
    release_with({**GOOD, "uar": 0.616})
    assert check_gates(GATES, manifests.load(RELEASE), live) == []


@pytest.mark.parametrize("name", ["acoustic.int8.onnx", "silero_vad.onnx"])
def test_tampered_file_is_refused_by_name(name: str, repo: Path) -> None:
    release_with(GOOD)
    content = bytearray((RELEASE / name).read_bytes())
    content[len(content) // 2] ^= 1
    (RELEASE / name).write_bytes(content)
    before = whole_tree(repo)
    with pytest.raises(SystemExit, match=rf"{name} has sha256 .* the manifest says .*`dvc repro release`"):
        promote(GATES)
    assert whole_tree(repo) == before


def test_missing_release_is_told_with_what_makes_it(repo: Path) -> None:
    with pytest.raises(SystemExit, match=r"no release in models/release: make it with `dvc repro release`"):
        promote(GATES)


def test_live_release_that_was_not_pulled_is_not_passed_over(live_repo: Path) -> None:
    LIVE.rename("elsewhere")
    release_with({**GOOD, "uar": 0.59})
    with pytest.raises(SystemExit, match=r"no release in models/promoted: get it back with `dvc pull models/promoted"):
        promote(GATES)


def test_push_that_fails_puts_back_what_was_live(live_repo: Path) -> None:
    kept = {path: whole_tree(path) for path in (LIVE, Path("mlflow"), Path("dvc-store"))}
    pointer = Path("models/promoted.dvc").read_bytes()
    Path("a-file").write_text("where the remote's folder should be")
    run(sys.executable, "-m", "dvc", "remote", "modify", "bundled", "url", str(live_repo / "a-file" / "store"))
    release_with({**GOOD, "uar": 0.65})
    with pytest.raises(SystemExit, match=r"not promoted, what was live is back: `dvc push models/promoted.dvc` failed"):
        promote(GATES)
    assert {path: whole_tree(path) for path in kept} == kept
    assert Path("models/promoted.dvc").read_bytes() == pointer
    assert champion()[0] == 1


def test_first_promotion_that_fails_leaves_nothing_live(repo: Path) -> None:
    release_with(GOOD)
    Path("not-a-folder").write_text("where the registry's folder should be")
    with pytest.raises(SystemExit, match="not promoted, what was live is back"):
        promote(GATES, store=Path("not-a-folder"))
    assert sorted(path.name for path in Path("models").iterdir()) == ["release"]


def test_command_that_refuses_fails_with_exit_code_1_and_names_the_metric(repo: Path) -> None:
    Path("params.yaml").write_text("gates: {acoustic_uar: {min: 0.58}}")
    release_with({**GOOD, "uar": 0.5})
    refused = subprocess.run([sys.executable, "-m", "export.promote"], capture_output=True, text=True)
    assert refused.returncode == 1
    assert "acoustic_uar is 0.5, at least 0.58 is demanded" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.fast
@pytest.mark.parametrize(
    ("gates", "named"),
    [
        ({"acoustic_uarr": {"min": 0.5}}, "gates.acoustic_uarr: unknown metric; known are acoustic_uar"),
        (
            {"acoustic_uar": {"minimum": 0.5}},
            "gates.acoustic_uar.minimum: unknown rule; known are min, max, regression",
        ),
        ({"acoustic_uar": {}}, "gates.acoustic_uar: {} is no rule"),
        ({"acoustic_uar": 0.8}, "gates.acoustic_uar: 0.8 is no rule"),
        ({"acoustic_uar": {"min": "high"}}, "is no rule; write {min: 0.8}"),
        ({"int8_uar": {"min": 0.5}}, r"gates.int8_uar: the release has no such metric \(metrics.acoustic.int8_uar\)"),
    ],
)
def test_gate_that_cannot_be_applied_is_an_error_that_names_it(
    gates: dict[str, dict[str, float]], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    release_with(GOOD)
    with pytest.raises(GateError, match=named):
        check_gates(gates, manifests.load(RELEASE), None)
    with pytest.raises(SystemExit, match="nothing was changed"):
        promote(gates)


@pytest.mark.fast
def test_a_text_model_that_is_never_sure_is_not_passed_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    release_with(GOOD, text={"meld": {"sure": {"share": 0.0, "accuracy": None}}})
    gates = {"text_sure": {"min": 0.8}}
    assert unmeasured(gates, manifests.load(RELEASE)) == []
    assert check_gates(gates, manifests.load(RELEASE), None) == [
        "text_sure is of nothing: no text of dialogue is given a probability of 0.9"
    ]


@pytest.mark.fast
def test_every_failed_gate_is_named_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    release_with({"uar": 0.5, "int8_agreement": 0.9, "bytes": 400_000})
    failures = check_gates(GATES, manifests.load(RELEASE), None)
    assert [failure.split(" is ")[0] for failure in failures] == ["acoustic_uar", "int8_agreement", "acoustic_bytes"]


def test_a_metric_that_the_network_states_as_none_is_passed_by_and_said(repo: Path, capsys) -> None:
    told = {"arch": "baseline", "crossval": {"baseline": {"emotion_accuracy": None}}}
    release_with({**GOOD, **told})
    gates = {**GATES, "crossval_emotions": {"min": 0.6}}
    assert promote(gates) == 1
    assert "the gate crossval_emotions is not applied" in capsys.readouterr().err
    release_with({**GOOD, "arch": "baseline", "crossval": {}}, version="0.2.0")
    with pytest.raises(SystemExit, match=r"crossval_emotions: the release has no such metric"):
        promote(gates)
