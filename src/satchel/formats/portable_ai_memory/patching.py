"""A memory, a relation or a conversation with some of its members edited, all else as it came.

Whether it says what it shall is not believed: it is read again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from satchel.formats.portable_ai_memory import terms
from satchel.formats.portable_ai_memory.hashing import content_hash
from satchel.formats.portable_ai_memory.records import memory_record, relation_record
from satchel.formats.portable_ai_memory.space import FORMAT_NAME, Space, member
from satchel.formats.portable_ai_memory.spelling import dump
from satchel.model.bodies import Memory, Message, Part, Relation
from satchel.model.record import Record
from satchel.model.times import to_rfc3339

_TEMPORAL = {"created": "created_at", "updated": "updated_at", "valid_from": "valid_from", "valid_to": "valid_until"}


def patched(kind: str, native: bytes, edited: Sequence[tuple[Record, Record]]) -> bytes | None:
    """See ``formats.capsules.Patches.patched``."""
    value: dict[str, Any] = msgspec.json.decode(native)
    name = kind.removeprefix(f"{FORMAT_NAME}.")
    if name == "memory":
        return _memory(value, *edited[0])
    if name == "relation":
        return _relation(value, *edited[0])
    if name == "conversation":
        return dump(value) if all(_message(value, *pair) for pair in edited) else None
    return None


def _memory(value: dict[str, Any], before: Record, after: Record) -> bytes | None:
    if not isinstance(before.body, Memory) or not isinstance(after.body, Memory):
        return None
    space = Space(before.origin.space, before.origin.version, before.trust)
    if before.body.text != after.body.text:
        value["content"] = after.body.text
        if "content_hash" in value:
            value["content_hash"] = content_hash(after.body.text)
    if before.body.type != after.body.type and after.body.type in terms.MEMORY_TYPES:
        value["type"] = after.body.type
        value.pop("custom_type", None)
    if before.body.confidence != after.body.confidence and after.body.confidence is not None:
        said = member(value, "confidence") or {"initial": after.body.confidence}
        value["confidence"] = {**said, "current": after.body.confidence}
    _put_times(member(value, "temporal"), before, after)
    if before.status != after.status:
        value["status"] = after.status
    if before.tags != after.tags:
        value["tags"] = list(after.tags)
    if before.access != after.access:
        access = {**member(value, "access"), "visibility": after.access.visibility, "exportable": after.access.exportable}
        value["access"] = access
    read = memory_record(value, space, replaces=(), resolve=lambda _: "")
    same = (
        read.body == after.body
        and read.status == after.status
        and read.tags == after.tags
        and (read.access.visibility, read.access.exportable) == (after.access.visibility, after.access.exportable)
        and _times(read) == _times(after)
        and all(terms.TAG.fullmatch(tag) for tag in value.get("tags") or ())
    )
    return dump(value) if same else None


def _relation(value: dict[str, Any], before: Record, after: Record) -> bytes | None:
    if not isinstance(after.body, Relation) or after.body.type not in terms.RELATION_TYPES:
        return None
    value["type"] = after.body.type
    if after.body.confidence is not None:
        value["confidence"] = after.body.confidence
    if before.times.created != after.times.created and after.times.created is not None:
        value["created_at"] = to_rfc3339(after.times.created)
    read = relation_record(value, Space(before.origin.space, before.origin.version))
    return dump(value) if read.body == after.body and read.times.created == after.times.created else None


def _message(root: dict[str, Any], before: Record, after: Record) -> bool:
    """Edit one message's text; False where it is no single text, or more was edited."""
    old, new = before.body, after.body
    if not isinstance(old, Message) or not isinstance(new, Message):
        return False
    if msgspec.structs.replace(old, parts=new.parts) != new or len(old.parts) != 1 or len(new.parts) != 1:
        return False
    if msgspec.structs.replace(after, body=old) != before:
        return False
    was, now = old.parts[0], new.parts[0]
    if was.type not in ("text", "reasoning") or msgspec.structs.replace(was, text=now.text) != now:
        return False
    message = next((each for each in root["messages"] if each["id"] == before.origin.id), None)
    return message is not None and _put_text(message, was, now)


def _put_text(message: dict[str, Any], was: Part, now: Part) -> bool:
    content = member(message, "content")
    if content.get("text") == was.text:
        content["text"] = now.text
        return not content.get("parts")
    parts = [part for part in content.get("parts") or () if part.get("text") == was.text]
    if len(parts) == 1 and not content.get("text"):
        parts[0]["text"] = now.text
        return True
    return False


def _put_times(temporal: dict[str, Any], before: Record, after: Record) -> None:
    for name, theirs in _TEMPORAL.items():
        was, now = getattr(before.times, name), getattr(after.times, name)
        if was == now:
            continue
        if now is None:
            temporal.pop(theirs, None)
        else:
            temporal[theirs] = to_rfc3339(now)


def _times(record: Record) -> list[datetime | None]:
    return [getattr(record.times, name) for name in _TEMPORAL]
