"""The stages of dvc.yaml with what each needs: which must run before it, and which are old after it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Stage:
    """One stage: `needs` are the stages whose outputs it reads, `made` its own outputs."""

    name: str
    about: str
    needs: tuple[str, ...]
    made: tuple[str, ...]


def read_stages(path: Path = Path("dvc.yaml")) -> dict[str, Stage]:
    """Return the stages by name, each after all that it needs.

    Raises:
        SystemExit: there is no such file where the command runs.
    """
    if not path.is_file():
        raise SystemExit(f"{path} not found: run this from the root of the repository")
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))["stages"]
    maker = {out: name for name, stage in raw.items() for out in _outputs(stage)}
    stages = {name: _stage(name, stage, maker) for name, stage in raw.items()}
    order = TopologicalSorter({name: stage.needs for name, stage in stages.items()}).static_order()
    return {name: stages[name] for name in order}


def direct(stages: Mapping[str, Stage]) -> dict[str, list[str]]:
    """Return what each stage needs that nothing else it needs needs already: the arrows worth drawing."""
    above: dict[str, set[str]] = {}
    for name, stage in stages.items():
        above[name] = set(stage.needs).union(*(above[need] for need in stage.needs))
    return {
        name: [need for need in stage.needs if not any(need in above[other] for other in stage.needs)]
        for name, stage in stages.items()
    }


def with_followers(stages: Mapping[str, Stage], names: Iterable[str]) -> list[str]:
    """Return `names` and all stages that read what those make, in the order in which they run."""
    old = set(names)
    for name, stage in stages.items():
        if old & set(stage.needs):
            old.add(name)
    return [name for name in stages if name in old]


def asked_for(stages: Mapping[str, Stage], arguments: Sequence[str]) -> dict[str, Stage]:
    """Return the stages that `dvc repro ARGUMENTS` may run: all, those named and what they need, or only those."""
    named = [name for name in stages if name in arguments]
    if not named or {"-s", "--single-item"} & set(arguments):
        return {name: stages[name] for name in named or stages}
    asked = set(named)
    for name in reversed(list(stages)):
        asked |= set(stages[name].needs) if name in asked else set()
    return {name: stage for name, stage in stages.items() if name in asked}


def _outputs(stage: Mapping[str, Any]) -> list[str]:
    listed = [*stage.get("outs", []), *stage.get("metrics", []), *stage.get("plots", [])]
    return [out if isinstance(out, str) else next(iter(out)) for out in listed]


def _stage(name: str, raw: Mapping[str, Any], maker: Mapping[str, str]) -> Stage:
    needs = dict.fromkeys(maker[dep] for dep in raw.get("deps", []) if dep in maker)
    return Stage(name, raw.get("desc", ""), tuple(needs), tuple(_outputs(raw)))
