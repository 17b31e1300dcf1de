"""Where the settings come from: a flag before a variable, a variable before the file, the file before the default."""

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource

from serving.settings.operator import PREFIX

CONFIG_VARIABLE = f"{PREFIX}CONFIG"

S = TypeVar("S", bound=BaseSettings)


class SettingsError(ValueError):
    """A setting is wrong or unknown; the message says which one, where it came from and what it must be."""


@dataclass(frozen=True)
class Gathered(Generic[S]):
    """The settings that hold, and where each of those that are no defaults came from."""

    settings: S
    origins: Mapping[str, str]

    def shown(self) -> str:
        """Return every setting as a line of TOML, with where it came from; secrets are masked."""
        lines = {name: _line(name, getattr(self.settings, name)) for name in type(self.settings).model_fields}
        width = max(map(len, lines.values()))
        return "".join(f"{line:<{width}}  # {self.origins.get(name, 'default')}\n" for name, line in lines.items())


def gather(kind: type[S], flags: Mapping[str, Any], config: Path | None = None) -> Gathered[S]:
    """Return the settings of `kind`: `flags` are those that were given, `config` is a TOML file.

    Raises:
        SettingsError: a value is wrong, the file names an unknown setting or cannot be read.
    """
    file = config or _named_in_environment()
    sources = [_of_file(file), {name: (_variable(name), value) for name, value in EnvSettingsSource(kind)().items()}]
    sources.append({name: (f"argument {flag(name)}", value) for name, value in flags.items()})
    found = {name: entry for source in sources for name, entry in source.items()}
    origins = {name: origin for name, (origin, _) in found.items()}
    try:
        return Gathered(kind(**{name: value for name, (_, value) in found.items()}), origins)
    except ValidationError as error:
        raise SettingsError(_complaint(error, origins, kind)) from None


def flag(name: str) -> str:
    """Return the flag of a setting: `flag("asr_model")` is "--asr-model"."""
    return f"--{name.replace('_', '-')}"


def _variable(name: str) -> str:
    return f"{PREFIX}{name.upper()}"


def _named_in_environment() -> Path | None:
    name = os.environ.get(CONFIG_VARIABLE)
    return Path(name) if name else None


def _of_file(file: Path | None) -> dict[str, tuple[str, Any]]:
    if file is None:
        return {}
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:  # of TOML, or of UTF-8
        raise SettingsError(f"{file} is no TOML: {error}") from None
    return {name: (f"{name} in {file}", value) for name, value in values.items()}


def _complaint(error: ValidationError, origins: Mapping[str, str], kind: type[BaseSettings]) -> str:
    fault = error.errors(include_url=False, include_input=False)[0]
    name = str(fault["loc"][0])
    if fault["type"] == "extra_forbidden":
        return f"{origins[name]}: unknown setting; known are {', '.join(kind.model_fields)}"
    return f"{origins[name]}: {fault['msg'].removeprefix('Value error, ')}"


def _line(name: str, value: Any) -> str:
    if value is None:
        return f"# {name} is not set"
    text = str(value) if isinstance(value, Path | SecretStr) else value
    return f"{name} = {json.dumps(text, ensure_ascii=False)}"
