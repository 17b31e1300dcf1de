"""The files for people who operate undertone: each is held against its schema, its flags against the command."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

SCHEMAS = {
    "compose.yaml": "compose-spec",
    ".github/workflows/ci.yml": "github-workflows",
    "CITATION.cff": "citation-file-format",
}
KUBERNETES = "deploy/kubernetes"


def run(*command, repository, **options):
    return subprocess.run(
        command, cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options
    )


def module(name, *arguments, repository):
    return run(sys.executable, "-m", name, *arguments, repository=repository)


@pytest.mark.parametrize("file", sorted(SCHEMAS))
def test_a_file_follows_its_published_schema(file, repository):
    checked = module("check_jsonschema", "--builtin-schema", f"vendor.{SCHEMAS[file]}", file, repository=repository)
    assert checked.returncode == 0, checked.stdout


def test_a_file_that_does_not_follow_its_schema_is_refused(tmp_path):
    (tmp_path / "compose.yaml").write_text("services: {undertone: {portz: []}}")
    checked = module("check_jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml", repository=tmp_path)
    assert checked.returncode == 1
    assert "portz" in checked.stdout


def test_kubernetes_takes_every_manifest_that_kustomize_names(repository):
    named = yaml.safe_load((repository / KUBERNETES / "kustomization.yaml").read_text())["resources"]
    there = {path.name for path in (repository / KUBERNETES).glob("*.yaml")} - {"kustomization.yaml"}
    assert set(named) == there
    command = [str(Path(sys.executable).parent / "kubernetes-validate"), "--strict"]
    checked = run(*command, *(f"{KUBERNETES}/{name}" for name in named), repository=repository)
    assert checked.returncode == 0, checked.stdout


def test_cloud_run_is_told_what_kubernetes_would_take_of_a_pod(repository, tmp_path):
    """Knative's schema is in no package; its pod is that of Kubernetes, with two fields beside it."""
    service = yaml.safe_load((repository / "deploy/cloudrun.yaml").read_text())
    assert (service["apiVersion"], service["kind"]) == ("serving.knative.dev/v1", "Service")
    spec = service["spec"]["template"]["spec"]
    assert set(spec) - {"containers", "volumes"} == {"containerConcurrency", "timeoutSeconds"}
    pod = {name: spec[name] for name in ("containers", "volumes")}
    (tmp_path / "pod.yaml").write_text(
        yaml.safe_dump({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "undertone"}, "spec": pod})
    )
    command = [str(Path(sys.executable).parent / "kubernetes-validate"), "--strict"]
    checked = run(*command, str(tmp_path / "pod.yaml"), repository=repository)
    assert checked.returncode == 0, checked.stdout


def test_the_version_stands_in_one_place_and_is_cited_and_described_as_it_is(repository):
    version = tomllib.loads((repository / "pyproject.toml").read_text())["project"]["version"]
    assert yaml.safe_load((repository / "CITATION.cff").read_text())["version"] == version
    described = re.findall(r"^## \[([\d.]+)\]", (repository / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert described[0] == version


def commands(repository):
    """Return what each manifest starts, as arguments of `undertone`."""
    compose = yaml.safe_load((repository / "compose.yaml").read_text())["services"]["undertone"]
    pod = yaml.safe_load((repository / KUBERNETES / "deployment.yaml").read_text())["spec"]["template"]["spec"]
    cloud = yaml.safe_load((repository / "deploy/cloudrun.yaml").read_text())["spec"]["template"]["spec"]
    unit = (repository / "deploy/systemd/undertone.service").read_text()
    (start,) = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    return {
        "compose": compose["command"],
        "kubernetes": pod["containers"][0]["args"],
        "cloudrun": cloud["containers"][0]["args"],
        "systemd": start.replace("${STATE_DIRECTORY}", "/var/lib/undertone").split()[1:],
    }


@pytest.mark.parametrize("manifest", ["compose", "kubernetes", "cloudrun", "systemd"])
def test_the_server_knows_the_flags_that_a_manifest_gives_it(manifest, repository):
    shown = module("serving.cli.main", *commands(repository)[manifest], "--show-config", repository=repository)
    assert shown.returncode == 0, shown.stdout
    assert "keys.json" in shown.stdout


def test_a_replica_is_given_longer_to_end_than_it_takes_to_drain(repository):
    pod = yaml.safe_load((repository / KUBERNETES / "deployment.yaml").read_text())["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    drain_s = float(container["args"][container["args"].index("--drain-s") + 1])
    pause_s = float(container["lifecycle"]["preStop"]["exec"]["command"][-1].partition("sleep(")[2].rstrip(")"))
    assert drain_s + pause_s < pod["terminationGracePeriodSeconds"]


def test_what_scales_the_replicas_is_a_metric_that_the_server_has(repository):
    rule = (repository / KUBERNETES / "autoscaling.yaml").read_text()
    assert "seriesQuery: undertone_slots_taken" in rule
    assert '"slots_taken"' in (repository / "serving/observe/scrape.py").read_text()
