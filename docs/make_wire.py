"""Writes docs/wire.md from serving/asyncapi.yaml: `python docs/make_wire.py`."""

from pathlib import Path
from typing import Any

import yaml

_ROOT = Path(__file__).resolve().parent.parent
_HEAD = """<!-- Written by `python docs/make_wire.py` from serving/asyncapi.yaml. -->
# The wire

{description}

The normative document is [`serving/asyncapi.yaml`](../serving/asyncapi.yaml); a running server gives it at
`/asyncapi.yaml`. It is written from the types in `undertone/protocol`, and tests hold it against what a server sends.
Within protocol 1 messages only gain fields: ignore those that you do not know. How to connect, and an example:
[listening](listen.md).
"""
_OPERATIONS = {"hear": "What a client sends", "answer": "What the server sends"}

Schema = dict[str, Any]


def page(document: Schema) -> str:
    """Return the page as markdown; `document` is AsyncAPI 3."""
    parts = [_HEAD.format(description=document["info"]["description"].strip())]
    for operation, title in _OPERATIONS.items():
        parts.append(f"## {title}\n")
        for reference in document["operations"][operation]["messages"]:
            parts.append(_message(reference["$ref"].rsplit("/", 1)[1], document["components"]))
    return "\n".join(parts)


def _message(name: str, components: Schema) -> str:
    message = components["messages"][name]
    lines = [f"### {name}\n", _sentence(message["summary"])]
    if payload := message.get("payload"):
        lines += _fields(_resolved(payload, components), components)
    return "\n".join(lines) + "\n"


def _fields(schema: Schema, components: Schema) -> list[str]:
    required = schema.get("required", [])
    fields = {name: field for name, field in schema.get("properties", {}).items() if name != "type"}
    rows = [
        f"| `{name}`{'' if name in required else ' (optional)'} | {_type(field, components)} "
        f"| {_about(field, components)} |"
        for name, field in fields.items()
    ]
    return ["", "| field | type | |", "|---|---|---|", *rows] if rows else []


def _type(field: Schema, components: Schema) -> str:
    if "$ref" in field:
        name = field["$ref"].rsplit("/", 1)[1]
        return _type(_resolved(field, components), components) + f" *{name}*"
    if "anyOf" in field:
        return " or ".join(_type(one, components) for one in field["anyOf"])
    if "oneOf" in field and all("const" in one for one in field["oneOf"]):
        return ", ".join(f"`{one['const']}`" + _close(one) for one in field["oneOf"])
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if field.get("type") == "array":
        return f"array of {_type(field['items'], components)}" if "items" in field else "array"
    if isinstance(field.get("type"), list):
        return " or ".join(field["type"])
    bounds = [f"{sign} {field[key]}" for key, sign in (("minimum", "≥"), ("maximum", "≤")) if key in field]
    return " ".join([field.get("type", "any"), *bounds])


def _close(code: Schema) -> str:
    return f" ({code['x-close']})" if "x-close" in code else ""


def _about(field: Schema, components: Schema) -> str:
    described = field.get("description") or _resolved(field, components).get("description", "")
    default = f" Default: `{field['default']}`." if field.get("default") is not None else ""
    return (_sentence(described) + default).replace("|", "\\|").replace("\n", " ")


def _resolved(schema: Schema, components: Schema) -> Schema:
    found: Schema = components["schemas"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
    return found


def _sentence(text: str) -> str:
    text = text.strip()
    return f"{text[0].upper()}{text[1:]}{'' if text.endswith('.') else '.'}" if text else ""


if __name__ == "__main__":
    written = page(yaml.safe_load((_ROOT / "serving/asyncapi.yaml").read_text(encoding="utf-8")))
    (_ROOT / "docs/wire.md").write_text(written, encoding="utf-8")
