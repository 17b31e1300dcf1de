"""The lock files: they name what pyproject.toml asks for, each by its hash, and nothing of one machine."""

import re
import subprocess
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

pytestmark = pytest.mark.fast

EXTRAS = {"serve": ("serve", "data", "whisper"), "dev": ("dev",)}
OWN_WHEEL = {"torch"}  # what pip takes from PyPI in one place and from a local wheel in another has two hashes


def lock(repository, name):
    """Return what the lock file `name` holds: package -> its lines, the first with the version."""
    locked = {}
    for line in (repository / "requirements" / f"{name}.txt").read_text().splitlines():
        if re.match(r"[a-z0-9]", line):
            lines = locked[canonicalize_name(line.split("==")[0])] = [line]
        elif not line.startswith("#"):
            lines.append(line)
    return locked


def asked_for(repository, extras):
    """Return the requirements of pyproject.toml with `extras`, those that name extras of ours resolved."""
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    found = [Requirement(text) for text in project["dependencies"]]
    for extra in extras:
        for requirement in map(Requirement, project["optional-dependencies"][extra]):
            own = requirement.name == project["name"]
            found += asked_for(repository, sorted(requirement.extras)) if own else [requirement]
    return found


def version(lines):
    return lines[0].split("==")[1].split()[0]


@pytest.mark.parametrize("name", sorted(EXTRAS))
def test_the_lock_holds_what_the_project_asks_for(name, repository):
    locked = lock(repository, name)
    for requirement in asked_for(repository, EXTRAS[name]):
        package = canonicalize_name(requirement.name)
        if package not in OWN_WHEEL:
            assert requirement.specifier.contains(version(locked[package])), requirement


@pytest.mark.parametrize("name", sorted(EXTRAS))
def test_every_package_is_pinned_with_its_hashes_and_comes_from_no_named_place(name, repository):
    for package, (first, *hashes) in lock(repository, name).items():
        assert re.fullmatch(r"[a-z0-9._-]+==\S+( ; [^/]+)? \\", first), package
        assert hashes, package
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in hashes), package


@pytest.mark.parametrize("name", sorted(EXTRAS))
def test_torch_and_what_its_cuda_builds_bring_are_left_to_pip(name, repository):
    left_out = re.compile(r"(torch|triton|(cuda|nvidia)-.*)")
    assert [package for package in lock(repository, name) if left_out.fullmatch(package)] == []


def test_a_server_runs_the_versions_that_are_tested(repository):
    served, tested = lock(repository, "serve"), lock(repository, "dev")
    pins = [{package: (version(of[package]), of[package][1:]) for package in served} for of in (served, tested)]
    assert pins[0] == pins[1]


PIP_THAT_FAILS = """#!/bin/sh
echo "$*" >> {calls}
case "$*" in *--require-hashes*) echo "ERROR: {error}" >&2; exit 1;; esac
"""


@pytest.mark.parametrize(
    ("error", "code", "calls"),
    [
        ("No matching distribution found for numpy==9", 0, ["dev.txt", "torch", ".[dev]"]),
        ("THESE PACKAGES DO NOT MATCH THE HASHES", 1, ["dev.txt"]),
        ("Could not connect", 1, ["dev.txt"]),
    ],
)
def test_only_a_version_that_the_registry_lacks_is_replaced(error, code, calls, repository, tmp_path):
    python = tmp_path / "python"
    python.write_text(PIP_THAT_FAILS.format(calls=tmp_path / "calls", error=error))
    python.chmod(0o755)
    command = ["requirements/install.sh", str(python), "dev", "dev"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    asked = (tmp_path / "calls").read_text().splitlines()
    assert (done.returncode, len(asked)) == (code, len(calls))
    assert all(named in line for named, line in zip(calls, asked, strict=True))
    assert error in done.stderr
