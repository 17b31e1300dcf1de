"""serving/web/client/messages.d.ts, what the server sends as types of TypeScript, from the types of undertone/protocol.

`python -m serving.typescript` writes it anew; a test fails where the file says anything else than the types.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from serving.asyncapi import document, wire_name
from undertone.protocol import CLIENT_MESSAGES, SERVER_MESSAGES

FILE = Path(__file__).parent / "web" / "client" / "messages.d.ts"
_HEAD = "/** Written by `python -m serving.typescript` from undertone/protocol. Times are in ms of audio. */\n"
_PLAIN = {"integer": "number", "number": "number", "string": "string", "boolean": "boolean", "null": "null"}

Schema = dict[str, Any]


def text() -> str:
    """Return the types of the messages that the server sends, and of what they are made of."""
    components = document()["components"]
    summaries = {name: message["summary"] for name, message in components["messages"].items()}
    heard = set(map(wire_name, CLIENT_MESSAGES))  # the methods of a session say them
    schemas = {name: schema for name, schema in components["schemas"].items() if name not in heard}
    declared = [_declared(name, schema, summaries.get(name)) for name, schema in schemas.items()]
    sent = " | ".join(type_name(wire_name(kind)) for kind in SERVER_MESSAGES)
    return "\n".join([_HEAD, *declared, "/** What the server sends. */", f"export type ServerMessage = {sent};", ""])


def type_name(name: str) -> str:
    """Return the name of a type: `type_name("utterance.final")` is "UtteranceFinal"."""
    return "".join(part[0].upper() + part[1:] for part in re.split(r"[._]", name))


def typed(schema: Schema) -> str:
    """Return a schema as a type: `typed({"type": ["string", "null"]})` is "string | null"."""
    if "$ref" in schema:
        return type_name(schema["$ref"].rpartition("/")[2])
    if "const" in schema:
        return json.dumps(schema["const"])
    if choices := schema.get("enum"):
        return " | ".join(json.dumps(choice) for choice in choices)
    if kinds := schema.get("anyOf") or schema.get("oneOf"):
        return " | ".join(typed(kind) for kind in kinds)
    if isinstance(kinds := schema.get("type"), list):
        return " | ".join(typed({**schema, "type": kind}) for kind in kinds)
    return _of_kind(schema)


def _of_kind(schema: Schema) -> str:
    kind = schema.get("type")
    if kind == "array":
        return f"Array<{typed(schema['items'])}>"
    if kind != "object":
        return _PLAIN.get(str(kind), "unknown")
    if "properties" in schema:
        return f"{{ {' '.join(_field(name, part, schema) for name, part in schema['properties'].items())} }}"
    values = schema.get("additionalProperties")
    keys = typed(schema["propertyNames"]) if "propertyNames" in schema else "string"
    return f"Record<{keys}, {typed(values) if isinstance(values, dict) and values else 'unknown'}>"


def _declared(name: str, schema: Schema, summary: str | None) -> str:
    about = _about(summary or schema.get("description"))
    if "properties" not in schema:
        return f"{about}export type {type_name(name)} = {typed(schema)};\n"
    fields = "".join(
        _about(part.get("description"), "  ") + f"  {_field(field, part, schema)}\n"
        for field, part in schema["properties"].items()
    )
    return f"{about}export interface {type_name(name)} {{\n{fields}}}\n"


def _field(name: str, schema: Schema, whole: Schema) -> str:
    """Return one property; a setting always has a value, whether it is required or not."""
    optional = "" if name in whole.get("required", ()) or "default" in schema else "?"
    return f"{name}{optional}: {typed(schema)};"


def _about(words: str | None, indent: str = "") -> str:
    return f"{indent}/** {' '.join(words.split())} */\n" if words else ""


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"wrote {FILE.name}\n")
