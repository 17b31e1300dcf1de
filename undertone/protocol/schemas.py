"""JSON schemas of the types of the wire, as documents for people show them."""

from typing import Any

from pydantic import TypeAdapter

from undertone.stream.settings import SessionSettings

Schema = dict[str, Any]


def schema_of(kind: Any) -> Schema:
    """Return the JSON schema of one type, everything that it is made of in its place."""
    schema = TypeAdapter(kind).json_schema()
    return plain(schema, schema.get("$defs", {}))


def schemas_of(kinds: tuple[Any, ...], place: str) -> dict[str, Schema]:
    """Return the schemas of `kinds` and of what they are made of, by name, referring to each other under `place`."""
    adapters = [(kind, "serialization", TypeAdapter(kind)) for kind in kinds]
    _, schemas = TypeAdapter.json_schemas(adapters, ref_template=place + "{model}")  # type: ignore[arg-type]
    return {name: plain(schema) for name, schema in schemas["$defs"].items()}


def changes_schema() -> dict[str, Schema]:
    """Return the schemas of the settings that `session.update` takes, by name: none of them may be null."""
    settings = schema_of(SessionSettings)["properties"]
    return {name: _without_null(schema) for name, schema in settings.items()}


def plain(schema: Any, parts: dict[str, Schema] | None = None) -> Any:
    """Return `schema` without titles and repetition; references into `parts` are replaced by what they name."""
    if isinstance(schema, list):
        return [plain(item, parts) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = _resolved(schema, parts or {})
    kept = {name: value for name, value in schema.items() if not _says_nothing(name, value, schema)}
    return _joined({name: plain(value, parts) for name, value in kept.items()})


def _resolved(schema: Schema, parts: dict[str, Schema]) -> Schema:
    name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    return (
        {**parts[name], **{key: value for key, value in schema.items() if key != "$ref"}} if name in parts else schema
    )


def _says_nothing(name: str, value: Any, schema: Schema) -> bool:
    titled = name == "title" and isinstance(value, str)  # a property of that name is a schema
    if name == "$defs" or (name == "additionalProperties" and value is True):
        return True
    return titled or (name == "type" and ("const" in schema or "enum" in schema))


def _joined(schema: Schema) -> Schema:
    """Return `{"type": ["string", "null"]}` for `anyOf` of the two, and an enum with null likewise."""
    null, kinds = {"type": "null"}, schema.get("anyOf", [])
    others = [kind for kind in kinds if kind != null]
    if null not in kinds or len(others) != 1 or not {"type", "enum"} & set(others[0]):
        return schema
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    if "enum" in others[0]:
        return {**rest, **others[0], "enum": [None, *others[0]["enum"]]}
    return {**rest, **others[0], "type": [others[0]["type"], "null"]}


def _without_null(schema: Schema) -> Schema:
    """Return the schema of a setting without null, which only its default may be."""
    kept = {name: value for name, value in schema.items() if value is not None}
    if isinstance(kept.get("type"), list):
        kept["type"] = kept["type"][0]
    if "anyOf" in kept:
        kept["anyOf"] = [kind for kind in kept["anyOf"] if kind != {"type": "null"}]
    return kept
