"""The table of kinds against the format's own schemas."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from satchel.formats.portable_memory.kinds import AUDIT, DERIVED, KINDS, TOMBSTONE, Kind

_TYPES = {"s": "string", "t": "string", "f": "number", "i": "integer", "b": "boolean", "s[]": "array", "map": "object"}


@pytest.mark.parametrize("name", [*KINDS, "tombstone", "log"])
def test_fields_are_those_of_the_schema(shared: Path, name: str) -> None:
    kind: Kind = {"tombstone": TOMBSTONE, "log": AUDIT}.get(name) or KINDS[name]
    schema = json.loads((shared / f"conformance/portable-memory/Schemas/{name}.schema.json").read_text())
    assert set(schema["properties"]) == kind.names
    assert set(schema["required"]) == {field.name for field in kind.fields if not field.optional}
    for field in kind.fields:
        said = schema["properties"][field.name].get("type")
        if field.type in _TYPES and said is not None:
            assert _TYPES[field.type] in (said if isinstance(said, list) else [said]), field
    assert list(kind.names) and [field.name for field in kind.fields] == sorted(kind.names)


def test_the_derived_block_is_the_schemas(shared: Path) -> None:
    schema = json.loads((shared / "conformance/portable-memory/Schemas/tombstone.schema.json").read_text())
    assert set(schema["properties"]["derived"]["required"]) == set(DERIVED)


def test_there_are_fifteen_kinds_parents_before_children() -> None:
    names = list(KINDS)
    assert len(names) == 15
    for kind in KINDS.values():
        for name, of in kind.refs:
            assert names.index(of) <= names.index(kind.name), (kind.name, name)
