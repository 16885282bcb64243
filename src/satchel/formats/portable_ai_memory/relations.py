"""The relations of a package: those that are records, and the ids of all (dossier 1.10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from satchel.formats.base import Selection
from satchel.formats.portable_ai_memory import homeward, terms
from satchel.formats.portable_ai_memory.homeward import Around, is_home
from satchel.formats.portable_ai_memory.increments import Increment
from satchel.formats.portable_ai_memory.losses import tell_relation
from satchel.formats.portable_ai_memory.memories import first_time, told_substitute
from satchel.formats.portable_ai_memory.sidecar import Notes
from satchel.formats.portable_ai_memory.spelling import dump
from satchel.model.bodies import Relation
from satchel.model.ids import uuid_of
from satchel.model.record import Record
from satchel.model.times import to_rfc3339


def relation_records(
    selection: Selection, around: Around, notes: Notes, increment: Increment | None, step: Callable[[], None]
) -> Iterator[bytes]:
    """The relation records whose ends are written and whose type the closed list has, as relations of the format."""
    ledger = around.ledger
    for record in selection.records("relation"):
        step()
        body = record.body
        assert isinstance(body, Relation)
        said = record.origin.id if is_home(record) else uuid_of(record.uid)
        fault = _fault(record, body, around)
        leaves = increment is None or increment.relation_leaves(record, body)
        if fault:
            if leaves:
                ledger.record("relation", "omitted", *fault, of=record)
            continue
        native = selection.native(record) if is_home(record) else None
        id = around.homes.relation_id(record.uid, uuid_of(record.uid) if native is None else said)
        # One that had to give up its id may have had it in the base.
        if not leaves and id == said:
            continue
        if native is None:
            data, as_it_came = dump(_relation(record, body, id, selection, around)), False
        else:
            data, as_it_came = homeward.relation(record.uid, native, id, body.source, body.target, around)
        if as_it_came:
            notes.came("relation", id, record.origin.space)
        else:
            notes.made("relation", id, record.uid, home=native is not None)
        ledger.record("relation", "accepted", of=record, kept=native)
        yield data


def _fault(record: Record, body: Relation, around: Around) -> tuple[str, str] | None:
    """Why a relation cannot be written: a code and a text."""
    if not record.access.exportable:
        return "not-exportable", "marked as not to be exported"
    if body.type not in terms.RELATION_TYPES and not is_home(record):
        return "relation-type", "the format's list of relations is closed"
    if not around.is_memory(body.source) or not around.is_memory(body.target):
        return "relation-end", "an end of it is no memory of this export"
    return None if is_home(record) else _unsaid(record)


def _unsaid(record: Record) -> tuple[str, str] | None:
    """Why a relation would be taken for more than it is: its object is closed, and says nothing of this."""
    if record.status not in ("active", "deprecated"):
        return "no-longer-holds", "a relation of the format could not say that it is over"
    if record.trust == "untrusted":
        return "trust-unsaid", "a relation of the format could not say that it is not to be trusted"
    if record.access.sensitivity == "high":
        return "sensitivity-unsaid", "a relation of the format could not say that it is highly sensitive"
    return None


def _relation(record: Record, body: Relation, id: str, selection: Selection, around: Around) -> dict[str, Any]:
    times = record.times
    source, created = first_time(
        ("created", times.created),
        ("updated", times.updated),
        ("observed", times.observed),
        ("recorded", times.recorded),
    ) or ("the export", selection.changed_at)
    if source != "created":
        told_substitute("relation", source, around.ledger, record.uid)
    relation: dict[str, Any] = {
        "id": id,
        "from": around.homes.id_of(body.source),
        "to": around.homes.id_of(body.target),
        "type": body.type,
    }
    if body.confidence is not None and 0 <= body.confidence <= 1:
        relation["confidence"] = body.confidence
    elif body.confidence is not None:
        text = "not in 0 to 1, and a relation carries nothing"
        around.ledger.field("relation", "body.confidence", "lost", "out-of-range", text, uid=record.uid)
    tell_relation(record, around.ledger)
    relation["created_at"] = to_rfc3339(created)
    return relation
