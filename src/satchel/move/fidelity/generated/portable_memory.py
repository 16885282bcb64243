"""A bundle (.mem) with rows of all fifteen kinds, with every field and with the required ones alone, members that no version
knows, a vendor's kind, a tombstone, an audit log and vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from satchel.formats.portable_memory.kinds import KINDS, Field, Kind
from satchel.formats.portable_memory.manifest import Head
from satchel.formats.portable_memory.writer import BundleWriter
from satchel.move.fidelity.generated.words import Words

#: Rows of each kind: of every second one only the fields that it must have.
ROWS = 4
_PREFIX = {"preference": "", "category": ""}
_LIFECYCLES = ("HOT", "WARM", "COLD", "ARCHIVED")


def write(target: Path, *, rows: int = ROWS, seed: str = "portable-memory") -> Path:
    """Make the bundle in the folder ``target``. Raises OutputError."""
    words = Words(seed)
    made: dict[str, list[dict[str, Any]]] = {}
    for kind in _in_order():
        made[kind.name] = []
        for number in range(rows):
            made[kind.name].append(_row(kind, number, words, made))
    # What came in the place of another.
    for name in ("fact", "edge"):
        made[name][0]["supersededBy"] = made[name][-1]["id"]
    head = Head(created_at=words.moment(), generator="example/1.0", schema_version=3, embedding_model="e5", embedding_dim=4)
    with BundleWriter(target, msgspec.structs.replace(head, foreign={"x-example": {"note": words.sentence()}})) as writer:
        for name, values in made.items():
            for row in values:
                writer.add(name, row)
        writer.add_tombstone(_tombstone(words))
        for value in made["episode"][:2]:
            writer.add_audit({"actor": "user", "op": "pin", "targetID": value["id"], "ts": words.time()})
        lines = [{"id": words.id("x_"), "text": words.sentence(), "n": [1, 2.5, None, True]} for _ in range(rows)]
        writer.add_foreign("xExample", [msgspec.json.encode(line, order="sorted") for line in lines])
        writer.add_file("embeddings/entity.e5.vec", [words.bytes(64)])
        writer.finish()
    return target


def _in_order() -> list[Kind]:
    """The kinds, each behind those that it refers to."""
    found: list[Kind] = []
    left = list(KINDS.values())
    while left:
        known = {kind.name for kind in found}
        ready = [kind for kind in left if all(of in known or of == kind.name for _, of in kind.refs)]
        found += ready
        left = [kind for kind in left if kind not in ready]
    return found


def _row(kind: Kind, number: int, words: Words, made: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    refs = {**dict(kind.refs), "contextID": "context"}
    row: dict[str, Any] = {}
    for field in kind.fields:
        if field.optional and number % 2:
            continue
        if field.name in refs:
            value = _reference(field, refs[field.name], kind, number, made)
            if value is not None:
                row[field.name] = value
        elif field.name not in ("supersededBy", "deletedAt", "prunedAt"):
            row[field.name] = _value(kind, field, words)
    if number == 2:
        row["x-example"] = {"kept": words.sentence(), "n": 7}
        for name in ("deletedAt", "prunedAt"):
            if name in kind.names:
                row[name] = words.time()
    return row


def _reference(field: Field, of: str, kind: Kind, number: int, made: dict[str, list[dict[str, Any]]]) -> Any:
    """The ids of other rows: of the same kind one that is there already."""
    if field.name == "supersededBy":
        return None
    if of == kind.name:
        return made[of][0]["id"] if number else None
    rows = made[of]
    if field.type == "s[]":
        return [row["id"] for row in rows[:2]]
    # Two references of one row to the same kind name two rows.
    shift = number + (1 if field.name.startswith("dst") else 0)
    return rows[shift % len(rows)]["id"]


def _value(kind: Kind, field: Field, words: Words) -> Any:
    if field.name in kind.key and field.type == "s":
        return f"{kind.name}.{words.word()}.{words.number()}" if kind.name in _PREFIX else words.id(f"{kind.name}_")
    match field.type, field.name:
        case "t", _:
            return words.time()
        case "f", _:
            return words.share()
        case "i", _:
            return words.number()
        case "b", _:
            return bool(words.number(2) % 2)
        case "s[]", "steps":
            return [words.sentence() for _ in range(3)]
        case "s[]", _:
            return [words.word(), words.name()]
        case "map", _:
            return {words.word(): words.sentence(), "source_app": words.word()}
        case _, "sensitivity":
            return ("low", "normal", "high")[words.number(3) - 1]
        case _, "lifecycleState":
            return _LIFECYCLES[words.number(4) - 1]
        case _, "extractionState":
            return "done"
        case _, "sourceType":
            return ("note", "chat", "import")[words.number(3) - 1]
        case _, "mimeType":
            return "text/markdown"
        case _, "uri":
            return f"https://example.org/{words.word()}"
        case _, "preview":
            return f"sk-…{words.number():04d}"
        case _, "encryptionMetadata":
            return ""
        case _, "contentHash":
            return "sha256:" + words.bytes(32).hex()
        case _, ("type" | "edgeType" | "linkType" | "category" | "predicate" | "speaker"):
            return words.word()
        case _, ("details" | "text" | "content" | "summary" | "value" | "description" | "label"):
            return words.sentence()
        case _:
            return words.name()


def _tombstone(words: Words) -> dict[str, Any]:
    id = words.id("ep_gone_")
    return {
        "actor": "user",
        "deletedAt": words.time(),
        "derived": {"factIDs": [words.id("fact_gone_")]},
        "id": f"tomb_episode_{id}",
        "op": "delete",
        "reason": "asked for",
        "targetID": id,
        "targetKind": "episode",
    }
