"""What a client may set for its session, and what the operator sets for all.

The ranges here are those of asyncapi.yaml; a test holds the two together.
"""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from undertone.words.settings import AsrSettings


class SettingError(ValueError):
    """A setting of `session.update` is unknown or out of range; the message names it."""


@dataclass(frozen=True)
class SessionSettings:
    """The settings of one session; times in ms, `alpha` None means as released."""

    endpoint_silence_ms: int = 500
    max_utterance_ms: int = 15_000
    mood_interval_ms: int = 250
    partials: bool = False
    alpha: float | str | None = None
    language: str | None = None
    redact_text: bool = False

    def updated(self, changes: Mapping[str, Any]) -> "SessionSettings":
        """Return a copy with `changes` applied, all or none.

        Raises:
            SettingError: an unknown key, a wrong type or a value out of range.
        """
        for name, value in changes.items():
            _check(name, value)
        return replace(self, **changes)

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as they go into `session.created`."""
        return asdict(self)


RANGES_MS = {"endpoint_silence_ms": (200, 2000), "max_utterance_ms": (2000, 30_000), "mood_interval_ms": (100, 2000)}
_SWITCHES = ("partials", "redact_text")


def _check(name: str, value: Any) -> None:
    if name in RANGES_MS:
        low, high = RANGES_MS[name]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise SettingError(f"{name} must be a whole number of ms from {low} to {high}, not {value!r}")
    elif name in _SWITCHES:
        if not isinstance(value, bool):
            raise SettingError(f"{name} must be true or false, not {value!r}")
    elif name == "alpha":
        number = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
        if not number and value != "adaptive":
            raise SettingError(f'alpha must be a number from 0 to 1 or "adaptive", not {value!r}')
    elif name == "language":
        if not isinstance(value, str) or not 2 <= len(value) <= 10:
            raise SettingError(f'language must be a code such as "en", not {value!r}')
    else:
        known = ", ".join(SessionSettings.__dataclass_fields__)
        raise SettingError(f"unknown setting {name!r}; known are {known}")


@dataclass(frozen=True)
class ServerLimits:
    """What the operator allows: sessions at once, lengths in seconds, bytes of one frame and of one uploaded file."""

    max_sessions: int = 8
    max_session_s: float = 7200.0
    idle_session_s: float = 120.0
    max_wait_s: float = 30.0  # audio that waits longer unread means the server cannot keep up
    max_frame_bytes: int = 1 << 20
    max_upload_bytes: int = 1 << 30  # an hour of 48 kHz, stereo, 24-bit
    max_file_s: float = 3600.0
    provisional_after_ms: int = 1000
    words_timeout_s: float = 10.0
    max_waiting: int = 256  # requests for words; what would wait too long is refused before (serving/dispatch.py)
    drain_s: float = 15.0


MOST_WORKERS = 8  # of those that nobody asked for by number: each holds a model of its own


def worker_per_core() -> int:
    """Return one worker process for each core that this process may use, from 1 to `MOST_WORKERS`."""
    may_use = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    return min(MOST_WORKERS, max(1, len(may_use)))


@dataclass(frozen=True)
class Recognition:
    """How the operator wants words to be found: `asr` None for no recogniser, worker processes for finals and partials.

    `speculation` asks for the words of an utterance before its end is known (serving/speculation.py).
    """

    asr: AsrSettings | None = field(default_factory=AsrSettings)
    workers: int = field(default_factory=worker_per_core)
    partial_workers: int = 1
    speculation: bool = True
