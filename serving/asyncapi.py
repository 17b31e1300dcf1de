"""serving/asyncapi.yaml, the document of the wire, from the types of undertone/protocol.

`python -m serving.asyncapi` writes it anew; a test fails where the file says anything else than the types.
"""

import inspect
import sys
from pathlib import Path
from typing import Any, get_args, get_type_hints

import yaml

from undertone.protocol import CLIENT_MESSAGES, PROTOCOL_VERSION, SERVER_MESSAGES
from undertone.protocol.schemas import changes_schema, schemas_of

FILE = Path(__file__).with_name("asyncapi.yaml")
_ABOUT = """\
Speech in, sentiment out, over one WebSocket. Binary frames carry audio, text frames carry JSON with a `type`. Every \
message of an utterance carries `utterance_id` (1, 2, ...). All times are milliseconds of audio since the session's \
first sample, except keys that end in `_latency_ms`, which are wall-clock durations. An utterance is announced with \
`speech.started` once 250 ms of speech were heard; a shorter stretch is dropped and never announced, so that every \
`speech.started` is followed by one `speech.ended` and exactly one `utterance.final`, in order, whatever fails.
"""
_AUDIO = {
    "summary": "16 kHz mono signed 16-bit little-endian PCM; any even length from 2 bytes to 1 MiB, 20-100 ms advised; "
    "boundaries carry no meaning",
    "contentType": "application/octet-stream",
}
_SECURITY = [
    {"type": "http", "scheme": "bearer", "description": "a key, or a token; where the server asks for one"},
    {"type": "httpApiKey", "name": "X-API-Key", "in": "header"},
    {"type": "httpApiKey", "name": "token", "in": "query"},
    {
        "type": "httpApiKey",
        "name": "Sec-WebSocket-Protocol",
        "in": "header",
        "description": "for browsers: the protocols `undertone` and `undertone.key.KEY`; the first is agreed upon",
    },
]
_SCHEMAS, _MESSAGES = "#/components/schemas/", "#/components/messages/"

Node = dict[str, Any]


def document() -> Node:
    """Return the AsyncAPI 3 document of `/ws/analyze`."""
    heard, told = ["audio", *map(wire_name, CLIENT_MESSAGES)], [*map(wire_name, SERVER_MESSAGES)]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "undertone streaming protocol",
            "version": f"{PROTOCOL_VERSION}.0.0",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "servers": {"local": {"host": "127.0.0.1:8000", "protocol": "ws", "security": _SECURITY}},
        "channels": {"analyze": _channel([*heard, *told])},
        "operations": {"hear": _operation("receive", heard), "answer": _operation("send", told)},
        "components": {"messages": _messages(), "schemas": _schemas()},
    }


def _channel(names: list[str]) -> Node:
    about = "the session_id of a session whose connection was lost: the first message is then session.resume"
    query = {"type": "object", "properties": {"resume": {"type": "string", "description": about}}}
    messages = {name: _to(_MESSAGES, name) for name in names}
    return {"address": "/ws/analyze", "bindings": {"ws": {"method": "GET", "query": query}}, "messages": messages}


def text() -> str:
    """Return the document as YAML."""
    written = yaml.dump(document(), Dumper=_Dumper, default_flow_style=None, sort_keys=False, width=120)
    return f"# Written by `python -m serving.asyncapi` from undertone/protocol.\n{written}"


def wire_name(kind: Any) -> str:
    """Return the `type` of the messages of `kind`: `wire_name(Mood)` is "mood"."""
    return str(get_args(get_type_hints(kind)["type"])[0])


def _operation(action: str, names: list[str]) -> Node:
    messages = [_to("#/channels/analyze/messages/", name) for name in names]
    return {"action": action, "channel": {"$ref": "#/channels/analyze"}, "messages": messages}


def _messages() -> Node:
    kinds = {wire_name(kind): kind for kind in (*CLIENT_MESSAGES, *SERVER_MESSAGES)}
    return {"audio": _AUDIO, **{name: _message(name, kind) for name, kind in kinds.items()}}


def _message(name: str, kind: Any) -> Node:
    return {"summary": " ".join(inspect.cleandoc(kind.__doc__).split()), "payload": _to(_SCHEMAS, name)}


def _schemas() -> Node:
    kinds = (*CLIENT_MESSAGES, *SERVER_MESSAGES)
    schemas = schemas_of(kinds, _SCHEMAS)
    names = {kind.__name__: wire_name(kind) for kind in kinds}
    names |= {name: name[0].lower() + name[1:] for name in schemas if name not in names}
    named: Node = {names[name]: _renamed(schema, names) for name, schema in schemas.items()}
    for kind in kinds:  # its docstring is the summary of the message
        named[wire_name(kind)].pop("description", None)
    update = named["session.update"]
    update.update(additionalProperties=False, properties={**update["properties"], **changes_schema()})
    first = [wire_name(kind) for kind in kinds]
    return {name: _in_order(named[name]) for name in [*first, *sorted(set(named) - set(first))]}


def _renamed(schema: Any, names: dict[str, str]) -> Any:
    if isinstance(schema, list):
        return [_renamed(item, names) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(about := schema.get("description"), str):
        schema = {**schema, "description": " ".join(about.split())}
    if isinstance(place := schema.get("$ref"), str):
        schema = {**schema, **_to(_SCHEMAS, names[place.removeprefix(_SCHEMAS)])}
    return {name: _renamed(value, names) for name, value in schema.items()}


def _in_order(schema: Node) -> Node:
    """Return `schema` with its fields in the order in which people read them."""
    order = ("type", "description", "required", "additionalProperties", "properties")
    schema = {**{name: schema[name] for name in order if name in schema}, **schema}
    if "type" in schema.get("properties", {}):
        schema["properties"] = {"type": schema["properties"]["type"], **schema["properties"]}
        schema["required"] = sorted(schema["required"], key=lambda name: name != "type")
    return schema


def _to(place: str, name: str) -> Node:
    return {"$ref": place + name}


class _Dumper(yaml.SafeDumper):
    """Writes long texts folded, and no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything where it stands."""
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = ">" if value.endswith("\n") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)

if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"wrote {FILE.name}\n")
