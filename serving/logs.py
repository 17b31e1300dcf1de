"""Logging, set up once and alike in every process: time, level, process role and logger, as text or as JSON lines.

What uvicorn and LitServe log goes the same way. In JSON a line carries the ids of what it is about: the session, the
utterance in it, and the trace that its client began (serving/observe/trace_context.py).
"""

import json
import logging
import logging.config
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from serving.guard.redaction import redacted

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("text", "json")
TEXT = "%(asctime)s %(levelname)s %(role)s %(name)s: %(message)s"

# What the running task works for; tasks that it starts inherit it.
SESSION: ContextVar[str | None] = ContextVar("session", default=None)
UTTERANCE: ContextVar[int | None] = ContextVar("utterance", default=None)
TRACE: ContextVar[str | None] = ContextVar("trace_id", default=None)
_SUBJECT: tuple[ContextVar[Any], ...] = (SESSION, UTTERANCE, TRACE)

# As LitServe names its processes; a worker says itself which words it finds.
_ROLES = {"MainProcess": "main", "LitServer-0": "api", "inference-worker": "worker"}
_THEIRS = ("uvicorn", "uvicorn.error", "uvicorn.access", "litserve")


@dataclass(frozen=True)
class LogSettings:
    """The least level that is logged, one of `LEVELS`, and the form of a line, one of `FORMATS`."""

    level: str = "warning"
    format: str = "text"


QUIET = LogSettings()


def subject() -> dict[str, Any]:
    """Return the ids of what the running task works for, by their names in JSON: session, utterance, trace_id."""
    return {variable.name: value for variable in _SUBJECT if (value := variable.get()) is not None}


@contextmanager
def about(ids: Mapping[str, Any]) -> Iterator[None]:
    """Let the lines inside carry `ids`, as `subject` gave them in another process."""
    tokens = [(variable, variable.set(ids.get(variable.name))) for variable in _SUBJECT]
    try:
        yield
    finally:
        for variable, token in tokens:
            variable.reset(token)


def set_up(settings: LogSettings, role: str | None = None) -> None:
    """Let this process log to stderr as `settings` say; `role` None: as the process is named."""
    logging.config.dictConfig(configuration(settings, role))


def configuration(settings: LogSettings, role: str | None = None) -> dict[str, Any]:
    """Return what `logging.config.dictConfig` takes, which is also what uvicorn takes as its `log_config`.

    LitServe puts a handler of its own on its logger each time that it starts: it is taken off here.
    """
    form = {"text": {"()": TextLines, "fmt": TEXT}, "json": {"()": JsonLines}}[settings.format]
    handler = {"class": "logging.StreamHandler", "formatter": "form", "filters": ["context"]}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"form": form},
        "filters": {"context": {"()": Context, "role": role}},
        "handlers": {"stderr": handler},
        "loggers": {name: {"handlers": [], "propagate": True} for name in _THEIRS},
        "root": {"level": settings.level.upper(), "handlers": ["stderr"]},
    }


class Context(logging.Filter):
    """Gives each record the role of its process and the ids of what its task works for."""

    def __init__(self, role: str | None) -> None:
        super().__init__()
        self._role = role

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        record.role = self._role or _ROLES.get(record.processName or "", record.processName)
        record.subject = subject()
        return True


class TextLines(logging.Formatter):
    """Lines for people, without credentials."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the traceback where there is one."""
        return redacted(super().format(record))


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, role, logger, message; ids and exception where there are any."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "role": getattr(record, "role", None),
            "logger": record.name,
            "message": redacted(record.getMessage()),
            **getattr(record, "subject", {}),
        }
        if record.exc_info:
            line["exception"] = redacted(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)
