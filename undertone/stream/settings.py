"""What a client may set for its session.

The ranges here are those of asyncapi.yaml; a test holds the two together.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any


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
