"""JSON Schemas of the three files, made from the types of ``models``: Draft 2020-12, our wording, the format's verdict."""

from __future__ import annotations

from typing import Any

import msgspec

from satchel.formats.portable_ai_memory import models
from satchel.formats.portable_ai_memory.structure import schema_pattern

ROOTS: dict[str, type[msgspec.Struct]] = {
    "memory-store": models.Store,
    "conversation": models.Conversation,
    "embeddings": models.Embeddings,
}
_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema(name: str) -> dict[str, Any]:
    """The schema of the file called ``name`` in ``ROOTS``; whole in itself, nothing is to be fetched."""
    root = ROOTS[name]
    made: dict[str, Any] = _respelled(msgspec.json.schema(root))
    for model, condition in models.CONDITIONS.items():
        if model.__name__ in made["$defs"]:
            made["$defs"][model.__name__].update(_conditional(condition))
    body = made["$defs"].pop(root.__name__)
    head = {"$schema": _DRAFT, "$id": f"urn:satchel:schema:portable-ai-memory:1.0:{name}"}
    title = f"Portable AI Memory 1.0: {name.replace('-', ' ')}"
    return {**head, **body, "title": title, "$defs": made["$defs"]}


def _respelled(value: Any) -> Any:
    """Patterns as ECMA-262 spells them, none for times (a format is a note, dossier 1.1), no titles."""
    if type(value) is list:
        return [_respelled(item) for item in value]
    if type(value) is not dict:
        return value
    kept = dict(value)
    if kept.get("type") == "object" and "properties" in kept:
        kept.pop("title", None)
    if kept.get("format") == "date-time":
        kept.pop("pattern", None)
    elif type(kept.get("pattern")) is str:
        kept["pattern"] = schema_pattern(kept["pattern"])
    return {name: _respelled(item) for name, item in kept.items()}


def _conditional(condition: models.Condition) -> dict[str, Any]:
    """``if``, ``then`` and ``else``. A constant also holds of an absent member: that it is there is asked for elsewhere."""
    test = {"type": "object"} if condition.const is None else {"const": condition.const}
    made: dict[str, Any] = {"if": {"properties": {condition.member: test}}}
    if condition.const is None:
        made["if"]["required"] = [condition.member]
    made["then"] = {
        "required": list(condition.texts),
        "properties": {name: {"type": "string"} for name in condition.texts},
    }
    if condition.nulls:
        made["else"] = {"properties": {name: {"type": "null"} for name in condition.nulls}}
    return made
