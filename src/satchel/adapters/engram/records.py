"""Engrams and PLUR episodes as Records (dossier 9.5).

A field of ours is filled where the source speaks; its silence stays silence, while Portable Memory's own defaults for it are
that format's. What of the format's episode no field of ours holds rides in ``residue["portable-memory"]``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from satchel.adapters.engram.collect import Found
from satchel.adapters.engram.episode import categories, confidence, details_of, importance, member, members_of, text_of
from satchel.adapters.engram.values import moment
from satchel.adapters.engram.wire import PLATFORM, uid_of
from satchel.adapters.notes import Notes
from satchel.model.bodies import Memory
from satchel.model.record import Access, Link, LinkType, Native, Origin, Provenance, Record, Status, Times

RESIDUE = "portable-memory"
#: A dormant engram is one that is seldom wanted, not one that is no longer true.
_STATUS: dict[str, Status] = {
    "retired": "archived",
    "superseded": "superseded",
    "deprecated": "deprecated",
    "retracted": "retracted",
}
_VISIBILITY: dict[str, Literal["private", "shared", "public"]] = {"shared": "shared", "public": "public", "template": "public"}
#: What the members of ``relations`` say of the engrams that they name; any other name only that they are related.
_RELATIONS: dict[str, LinkType] = {
    "supersedes": "supersedes",
    "derived_from": "derived_from",
    "contradicts": "contradicts",
    "conflicts": "contradicts",
    "supports": "supports",
    "extends": "extends",
}
#: The other end says it: the engram that replaces this one.
_REPLACED = "superseded_by"


def record_of(found: Found, native_id: str, account: str, pointer: str, notes: Notes) -> Record:
    """The record of an engram or PLUR episode whose id is ``native_id``.

    Args:
        pointer: where its bytes are in the file, or "".

    Raises:
        CanonicalError: a value that canonical JSON does not have.
    """
    is_engram = found.kind == "engram"
    value = found.value
    if "record" in value:
        # Its name in metadata is the one that tells an engram from an episode.
        notes.add("reserved-member", "a member called record has no place in Portable Memory; the original keeps it")
    tags = categories(value)
    return Record(
        uid=uid_of(account, native_id),
        body=Memory(
            text=details_of(found),
            type="fact" if is_engram else "episode",
            confidence=confidence(value) if is_engram else None,
            salience=importance(value) if is_engram else None,
        ),
        origin=Origin(format=PLATFORM, id=native_id, kind=f"{PLATFORM}.{found.kind}"),
        times=_times(value, notes) if is_engram else Times(observed=notes.time(value.get("timestamp"))),
        status=_status(value) if is_engram else "active",
        links=_links(value, native_id, account) if is_engram else (),
        provenance=Provenance(platform=PLATFORM, account=account, actor="" if is_engram else text_of(value.get("agent"))),
        access=Access(visibility=_VISIBILITY.get(text_of(value.get("visibility")), "private")) if is_engram else Access(),
        tags=tuple(dict.fromkeys(tags)) if is_engram else (),
        native=Native(pointer=pointer),
        residue={RESIDUE: members_of(found)},
    )


def _times(value: dict[str, Any], notes: Notes) -> Times:
    return Times(
        created=notes.time(value.get("created_at")),
        updated=notes.time(value.get("updated_at")),
        observed=notes.time(member(value, "temporal", "learned_at")),
        valid_to=notes.time(member(value, "temporal", "valid_until")),
    )


def latest(found: Found) -> datetime | None:
    """The last time that an object speaks of as past: made, learned, changed, used or happened."""
    value = found.value
    moments = (
        moment(value.get("created_at")),
        moment(value.get("updated_at")),
        moment(value.get("timestamp")),
        moment(member(value, "temporal", "learned_at")),
        moment(member(value, "activation", "last_accessed")),
    )
    return max((at for at in moments if at), default=None)


def _status(value: dict[str, Any]) -> Status:
    if _ids(member(value, "relations", _REPLACED)) or _ids(value.get(_REPLACED)):
        return "superseded"
    return _STATUS.get(text_of(value.get("status")), "active")


def _links(value: dict[str, Any], native_id: str, account: str) -> tuple[Link, ...]:
    links: dict[Link, None] = {}

    def add(type: LinkType, targets: Any) -> None:
        for target in _ids(targets):
            if target != native_id:
                links[Link(type, uid_of(account, target))] = None

    relations = value.get("relations")
    for name, targets in relations.items() if type(relations) is dict else ():
        if name != _REPLACED:
            add(_RELATIONS.get(name, "related_to"), targets)
    for name, type_ in (("supersedes", "supersedes"), ("derived_from", "derived_from")):
        add(type_, value.get(name))  # type: ignore[arg-type]
    associations = value.get("associations")
    add("related_to", associations if type(associations) is list else None)
    return tuple(links)


def _ids(value: Any) -> list[str]:
    """The ids in a text, a list of texts, or a list of objects that name a ``target`` or ``id``."""
    items = value if type(value) is list else [value]
    found = [(item.get("target") or item.get("id")) if type(item) is dict else item for item in items]
    return [item for item in found if type(item) is str and item]
