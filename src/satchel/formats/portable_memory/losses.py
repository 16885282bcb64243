"""What a row of ours does not say as the record does: for the ledger.

By kind of record, the members that the row gives again by itself. All others ride in ``satchel`` alone. Of the former, what the
row says more or less exactly than the record is told as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satchel.model import bodies
from satchel.model.fields import named
from satchel.model.ledger import Ledger
from satchel.model.record import Record

#: The kinds that become episodes, which say most.
EPISODES = frozenset({"memory", "message", "task"})
_EPISODE = frozenset({"tags", "provenance.actor", "times.observed", "times.created", "times.updated", "times.valid_to"})
_MAPPED: dict[str, frozenset[str]] = {
    "memory": _EPISODE | {"body.text", "body.confidence", "body.salience"},
    "message": _EPISODE | {"body.role"},
    "task": _EPISODE,
    "conversation": frozenset({"body.title", "body.is_archived", "times.created"}),
    "scope": frozenset({"body.name", "body.is_archived", "times.created"}),
    "entity": frozenset({"body.name", "body.aliases", "body.text", "body.type", "times.updated"}),
    "relation": frozenset(
        {"body.source", "body.target", "body.type", "body.confidence", "times.created", "times.valid_from", "times.valid_to"}
    ),
    "instruction": frozenset({"body.text"}),
    "profile": frozenset({"body.text"}),
    "procedure": frozenset({"body.name", "body.steps", "body.trigger", "body.enabled"}),
    "skill": frozenset({"body.name", "body.text", "body.description"}),
    "document": frozenset({"body.text", "body.name", "body.media_type", "body.url", "times.created", "times.updated"}),
    "chunk": frozenset({"body.text", "body.position"}),
    "setting": frozenset({"body.name", "body.value"}),
    "secret_ref": frozenset({"body.label", "body.category", "times.created"}),
}
#: The times that a row must have, and which of the record's each one is.
_REQUIRED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(EPISODES, ("observed", "created", "updated")),
    "conversation": ("created",),
    "scope": ("created",),
    "entity": ("updated",),
    "relation": ("created", "valid_from"),
    "document": ("created", "updated"),
    "secret_ref": ("created",),
}
_SENSITIVE = EPISODES | {"entity", "chunk"}
_CARRIED = "carried in the row's member satchel"
_SUBSTITUTED = "a time that the format requires and the record lacks was taken from another"
_SECONDS = f"a row's times are whole seconds; {_CARRIED}"
_TAGS = f"an empty tag, or one that stands twice, is none; {_CARRIED}"
_SCORE = "the format asks for one; the usual one is written"
_SENSITIVITY = "the format asks for one; low is written where nobody said"


def tell(record: Record, row: Mapping[str, Any], carried: Mapping[str, Any], ledger: Ledger, *, summary: int) -> None:
    """Tell what the row of a record does not say as the record does.

    Args:
        carried: the record's members as JSON, those of the body left out that the row says in full.
        summary: how many characters of a document's text its row holds.
    """
    kind, uid = record.kind, record.uid
    mapped = _MAPPED[kind]
    left = named(carried, kind)
    # Of a blob the digest alone rides, which nobody can make the bytes of.
    beside = [name for name in left if name not in mapped and name != "body.blob" and not _is_said(record, row, name)]
    if isinstance(record.body, bodies.Memory) and record.body.type == "fact":
        # The type that goes without saying, and that an episode does not have.
        beside.append("body.type")
    ledger.fields(kind, tuple(beside), "carried", "no-member", _CARRIED, uid=uid)
    _tell_times(record, left, ledger)
    body = record.body
    assumed = _assumed(record)
    if assumed:
        ledger.fields(kind, assumed, "widened", "score-assumed", _SCORE, uid=uid)
    sensitivity = record.access.sensitivity
    if (not sensitivity and kind in _SENSITIVE) or (kind == "secret_ref" and sensitivity != "high"):
        text = _SENSITIVITY if kind != "secret_ref" else "where a secret lies is always highly sensitive"
        ledger.field(kind, "access.sensitivity", "widened", "sensitivity-assumed", text, uid=uid)
    if record.tags and kind in EPISODES and len({tag for tag in record.tags if tag}) < len(record.tags):
        ledger.field(kind, "tags", "narrowed", "tag-pattern", _TAGS, uid=uid)
    if kind == "memory" and not record.scope and row.get("contextID"):
        text = "the conversation that it was drawn from stands as its context"
        ledger.field(kind, "scope", "widened", "context-of-talk", text, uid=uid)
    is_over = record.status in ("superseded", "retracted")
    if isinstance(body, bodies.Conversation | bodies.Scope) and is_over and not body.is_archived:
        text = f"a context that holds no longer is archived; {_CARRIED}"
        ledger.field(kind, "body.is_archived", "widened", "as-archived", text, uid=uid)
    if isinstance(body, bodies.Profile) and not body.title:
        ledger.field(kind, "body.title", "widened", "id-as-title", "a core block is called by its id", uid=uid)
    match body:
        case bodies.Document() if len(body.text) > summary:
            text = "its row has the beginning alone; a chunk of its own has all of it"
            ledger.field(kind, "body.text", "narrowed", "summary", text, uid=uid)
        case bodies.Setting():
            if row.get("key") != body.name:
                text = f"two platforms may have one of that name: the platform stands before it; {_CARRIED}"
                ledger.field(kind, "body.name", "widened", "name-qualified", text, uid=uid)
            if type(body.value) is not str:
                text = f"a preference is a text: written as JSON; {_CARRIED}"
                ledger.field(kind, "body.value", "narrowed", "json-as-text", text, uid=uid)
        case _:
            pass


def _is_said(record: Record, row: Mapping[str, Any], name: str) -> bool:
    """What a row says of some records only."""
    if name == "access.sensitivity":
        return record.kind in _SENSITIVE or (record.kind == "secret_ref" and record.access.sensitivity == "high")
    if name == "scope":
        return record.kind in ("memory", "task") and bool(row.get("contextID"))
    if name == "body.type":
        return isinstance(record.body, bodies.Memory) and record.body.type == "episode"
    if name == "status":
        return record.status == "archived" and record.kind in EPISODES
    return name == "links" and all(_is_named(record, row, link.type) for link in record.links)


def _is_named(record: Record, row: Mapping[str, Any], type: str) -> bool:
    """Whether a row has a member for such a link."""
    if type == "part_of":
        return (record.kind == "message" and bool(row.get("contextID"))) or record.kind == "chunk"
    return type == "evidence" and record.kind == "relation"


def _tell_times(record: Record, left: tuple[str, ...], ledger: Ledger) -> None:
    kind, times, mapped = record.kind, record.times, _MAPPED[record.kind]
    missing = tuple(f"times.{name}" for name in _REQUIRED.get(kind, ()) if getattr(times, name) is None)
    ledger.fields(kind, missing, "widened", "time-substituted", _SUBSTITUTED, uid=record.uid)
    cut = tuple(name for name in left if name in mapped and name.startswith("times.") and getattr(times, name[6:]).microsecond)
    ledger.fields(kind, cut, "narrowed", "whole-seconds", _SECONDS, uid=record.uid)


def _assumed(record: Record) -> tuple[str, ...]:
    body = record.body
    found = []
    if isinstance(body, bodies.Memory | bodies.Relation) and body.confidence is None:
        found.append("body.confidence")
    if isinstance(body, bodies.Memory) and body.salience is None:
        found.append("body.salience")
    return tuple(found)
