"""The flags of `undertone serve`: one for each setting of serving/settings/operator.py, and what was given of them."""

import argparse
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from serving.settings.access import SWITCHES, AccessSettings
from serving.settings.operator import OperatorSettings
from serving.settings.sources import CONFIG_VARIABLE, Gathered, flag, gather


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a flag for each setting to `parser`; what they say is checked by `gathered`."""
    speech = parser.add_argument_group("speech recognition")
    access = parser.add_argument_group("who may use it, and how much (docs/operate.md)")
    words = ("asr_", "partial_", "speculation", "start_workers")
    for name, field in OperatorSettings.model_fields.items():
        group = access if name in AccessSettings.model_fields else speech if name.startswith(words) else parser
        shown: dict[str, Any] = {"metavar": _metavar(field), "help": _help(field)}
        alone: dict[str, Any] = {"nargs": "?", "const": "on"} if name in SWITCHES else {}
        group.add_argument(flag(name), default=argparse.SUPPRESS, **shown, **alone)
    config_help = f"a TOML file of settings, such as port = 8000 (default: {CONFIG_VARIABLE}, if set)"
    parser.add_argument("--config", type=Path, metavar="FILE", help=config_help)
    show_help = "print every setting and where it comes from, then end"
    parser.add_argument("--show-config", action="store_true", help=show_help)


def gathered(arguments: argparse.Namespace) -> Gathered[OperatorSettings]:
    """Return the settings that hold with the parsed `arguments`.

    Raises:
        SettingsError: see `gather`.
    """
    given = {name: value for name, value in vars(arguments).items() if name in OperatorSettings.model_fields}
    return gather(OperatorSettings, given, arguments.config)


def _metavar(field: FieldInfo) -> str | None:
    extra: Any = field.json_schema_extra
    return extra["metavar"] if isinstance(extra, dict) else None


def _help(field: FieldInfo) -> str:
    shown = "" if field.default_factory or field.default is None else f" (default: {field.default})"
    return f"{field.description}{shown}"
