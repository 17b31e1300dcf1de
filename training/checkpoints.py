"""Where a fit is after an epoch: one that was interrupted goes on there and ends with the same weights, bit for bit.

    kept = Checkpoint(folder, key)
    done = kept.resume(model=model, optimizer=optimizer)
    for epoch in range(done + 1, epochs + 1):
        ...
        kept.save(epoch, last=epoch == epochs)

A stage that ends well clears its folder: a rebuild by force begins at the beginning.
"""

import os
import shutil
import sys
import time
from collections.abc import Mapping
from hashlib import md5
from pathlib import Path
from typing import Any, Protocol

import torch

CHECKPOINTS = Path(".cache/undertone/checkpoints")
EVERY_S = 30.0  # what an interruption costs at most, beside the epoch that it falls into


class Stateful(Protocol):
    """What has a state: networks, optimisers, schedules."""

    def state_dict(self) -> Any:
        """Return the state."""

    def load_state_dict(self, state_dict: Any) -> Any:
        """Take the state over."""


class Checkpoint:
    """The state of one fit, in a file of `folder` that is named by `key`: all that decides the weights, as text.

    The code of training/ and torch's version decide as well: what was begun with other code begins anew.
    `folder` None keeps nothing. `notes` is a list of plain rows of whoever fits, kept and brought back with the state.
    """

    def __init__(self, folder: Path | None, key: str, notes: list[Any] | None = None, every_s: float = EVERY_S) -> None:
        self.path = folder / f"{_name(key)}.pt" if folder else None
        self._notes = [] if notes is None else notes
        self._every_s, self._saved_s = every_s, time.monotonic()
        self._parts: Mapping[str, Stateful] = {}

    def resume(self, **parts: Stateful) -> int:
        """Bring `parts`, the notes and torch's generator to where they were; return the epochs that are done."""
        self._parts = parts
        if self.path is None or not self.path.is_file():
            return 0
        kept = torch.load(self.path, weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(kept["parts"][name])
        self._notes[:] = kept["notes"]
        torch.set_rng_state(kept["generator"])
        epoch = int(kept["epoch"])
        sys.stderr.write(f"an interrupted fit goes on after epoch {epoch}\n")
        return epoch

    def decided_by(self, content: bytes) -> None:
        """Let `content` decide as well whose state this is: what is fitted on, beside what the key says."""
        if self.path is not None:
            self.path = self.path.with_stem(md5(self.path.stem.encode() + content, usedforsecurity=False).hexdigest())

    def save(self, epoch: int, last: bool = False) -> None:
        """Keep the state after `epoch`, if the one kept is old enough; never the `last`: it must be yielded again."""
        if self.path is None or last or time.monotonic() - self._saved_s < self._every_s:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        parts = {name: part.state_dict() for name, part in self._parts.items()}
        kept = {"epoch": epoch, "parts": parts, "notes": self._notes, "generator": torch.get_rng_state()}
        torch.save(kept, partial)
        partial.replace(self.path)
        self._saved_s = time.monotonic()


def _name(key: str) -> str:
    return md5(f"{torch.__version__} {code_digest()} {key}".encode(), usedforsecurity=False).hexdigest()


def code_digest(folder: Path = Path(__file__).parent) -> str:
    """Return the md5 of all code under `folder`, that which trains by default."""
    digest = md5(usedforsecurity=False)
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def checkpoints_of(stage: str) -> Path:
    """Return the folder of a stage, in the repository itself where an experiment runs in a copy of it."""
    return Path(os.environ.get("DVC_ROOT", "")) / CHECKPOINTS / stage


def clear(stage: str) -> None:
    """Forget what was kept for `stage`: it ended well."""
    shutil.rmtree(checkpoints_of(stage), ignore_errors=True)
