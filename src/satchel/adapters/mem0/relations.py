"""The graph beside the memories: ``relations`` of ``{source, relationship, target}`` (providers.md 4.1).

An end has nothing but its name, so that its name within the account is its identity.
"""

from __future__ import annotations

from typing import Any

from satchel.adapters.mem0.wire import INFO, origin, provenance
from satchel.adapters.notes import Notes
from satchel.model.bodies import Entity, Relation
from satchel.model.ids import make_uid
from satchel.model.record import Reading, Record


def relation_of(value: Any) -> tuple[str, str, str] | None:
    """(source, relationship, target), or None when it is no such object; ``destination`` is the target's older name."""
    if type(value) is not dict:
        return None
    target = value.get("target") if "target" in value else value.get("destination")
    parts = (value.get("source"), value.get("relationship"), target)
    return parts if all(type(part) is str and part.strip() for part in parts) else None  # type: ignore[return-value]


def relation_uid(relation: tuple[str, str, str], account: str) -> str:
    """The uid of an edge: its three words within the account."""
    return make_uid(INFO.name, account, "relation", *relation)


def read_relation(relation: tuple[str, str, str], account: str, notes: Notes) -> Reading:
    """The edge and its two ends."""
    by = provenance(account)
    source, name, target = relation
    ends = {end: make_uid(INFO.name, account, "entity", end) for end in (source, target)}
    records = [Record(uid=uid, body=Entity(name=end), origin=origin("entity", end), provenance=by) for end, uid in ends.items()]
    records.append(
        Record(
            uid=relation_uid(relation, account),
            body=Relation(source=ends[source], target=ends[target], type=name, text=" ".join(relation)),
            origin=origin("relation"),
            provenance=by,
        )
    )
    return Reading(tuple(records), notes.findings())
