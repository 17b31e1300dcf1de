"""The record of an evaluation, `events.jsonl`: what was asked, and what came back for each recording.

It is written while it is asked, a line at a time, so that an interruption loses what was under way and nothing else.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from undertone.evaluation.disk import naming

Message = dict[str, Any]
BEGUN, HEARD = "evaluation.begun", "evaluation.heard"


class JournalError(ValueError):
    """A journal is not that of this evaluation, or is none; the message says what to do."""


class Journal:
    """The file at `path`; `protocol` is what has to be the same for two runs to be one evaluation."""

    def __init__(self, path: Path, protocol: Mapping[str, Any]) -> None:
        self._path = path
        self.heard: dict[str, Message] = {}
        if path.exists() and not _is_hardly_begun(path):
            self._go_on(protocol)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            self._write([{"type": BEGUN, "protocol": dict(protocol)}])

    def add(self, name: str, events: Sequence[Message], **facts: Any) -> None:
        """Note all `events` of the recording `name`, and `facts` such as why it could not be heard."""
        entry = {"type": HEARD, "audio": name, "events": list(events), **facts}
        self._write([entry])
        self.heard[name] = entry

    def _go_on(self, protocol: Mapping[str, Any]) -> None:
        lines, whole_bytes = _whole_lines(self._path)
        if not lines or lines[0].get("type") != BEGUN:
            raise JournalError(f"{self._path} is no record of an evaluation: name another folder with --report")
        before = lines[0]["protocol"]
        changed = [name for name in {**before, **protocol} if before.get(name) != protocol.get(name)]
        if changed:
            raise JournalError(
                f"{self._path} was begun with another {' and '.join(sorted(changed))}: name another folder with "
                "--report, or remove it"
            )
        os.truncate(self._path, whole_bytes)
        # What could not be heard then may be heard now.
        self.heard = {line["audio"]: line for line in lines[1:] if not line.get("failure")}

    def _write(self, lines: Iterable[Message]) -> None:
        with naming(self._path), self._path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())


def _is_hardly_begun(path: Path) -> bool:
    """Return whether `path` holds no more than a part of its first line: the disk was full."""
    content, first = path.read_bytes(), f'{{"type": "{BEGUN}"'.encode()
    return b"\n" not in content and content[: len(first)] == first[: len(content)]


def _whole_lines(path: Path) -> tuple[list[Message], int]:
    """Return the lines that were written to their end, and how many bytes they are."""
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    try:
        return [json.loads(line) for line in whole.splitlines()], len(whole)
    except ValueError:
        raise JournalError(f"{path} is no record of an evaluation: name another folder with --report") from None
