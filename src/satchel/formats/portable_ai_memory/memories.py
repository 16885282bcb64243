"""A record as a memory object, in the dual-stable form that every reader checks alike (dossier 1.4, 3.4).

No null member, status and tags always, all three members of access when there is one, times by rule 4, numbers that RFC 8785
can hold. What the closed objects have no member for is carried in ``metadata.satchel`` (dossier 8) and told to the ledger.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from satchel.formats.base import Selection
from satchel.formats.portable_ai_memory import terms
from satchel.formats.portable_ai_memory.hashing import content_hash
from satchel.formats.portable_ai_memory.losses import tell_statement
from satchel.formats.portable_ai_memory.spelling import exact, platform_name, raw_key, tag_list
from satchel.formats.portable_ai_memory.statements import Statement
from satchel.model.bodies import Memory
from satchel.model.ids import make_uid, uuid_of
from satchel.model.ledger import Ledger
from satchel.model.record import Link, Record
from satchel.model.times import to_rfc3339

_CARRIED = "carried in metadata.satchel"
#: The format's names of our times.
_TEMPORAL = {"updated": "updated_at", "valid_to": "valid_until"}
#: Our link types as relations: the type, and whether the ends change places (dossier 1.10).
_RELATIONS: dict[str, tuple[str, bool]] = {
    "derived_from": ("derived_from", False),
    "evidence": ("supports", True),
    "supports": ("supports", False),
    "contradicts": ("contradicts", False),
    "extends": ("extends", False),
    "supersedes": ("supersedes", False),
    "related_to": ("related_to", False),
}


class Surroundings(NamedTuple):
    """What else is written: asked of uids."""

    is_memory: Callable[[str], bool]
    is_conversation: Callable[[str], bool]
    #: The conversation that a written message is in, or "".
    conversation_of: Callable[[str], str]
    #: The memory that replaces this one, or "".
    replaced_by: Callable[[str], str]
    #: The id under which a memory or a conversation is written.
    id_of: Callable[[str], str] = uuid_of
    #: The id under which a message is written.
    message_id: Callable[[str], str] = uuid_of


def conversation_uid(record: Record, selection: Selection) -> str:
    """The conversation that a record was drawn from, by its provenance, its message or, for a file, what it is part of."""
    if record.provenance.conversation:
        return record.provenance.conversation
    if record.provenance.message:
        message = selection.get(record.provenance.message)
        return message.linked("part_of") if message is not None else ""
    return record.linked("part_of") if record.kind == "document" else ""


def memory_object(
    record: Record, statement: Statement, selection: Selection, around: Surroundings, ledger: Ledger
) -> dict[str, Any]:
    """The memory object of a record that ``statement_of`` accepted."""
    kind = record.kind
    ours = dict(statement.ours)
    if kind != "memory":
        ours = {"kind": kind, **ours}
    memory: dict[str, Any] = {
        "id": around.id_of(record.uid),
        "type": statement.type,
        "status": record.status,
        "content": statement.content,
        "content_hash": content_hash(statement.content),
        "tags": _tags(record, ours, ledger),
        "temporal": _temporal(record, selection, around, ours, ledger),
        "provenance": _provenance(record, selection, around, ours, ledger),
    }
    if statement.custom_type:
        memory["custom_type"] = statement.custom_type
    if isinstance(record.body, Memory) and record.body.type == "custom" and statement.custom_type != record.body.custom_type:
        text = "the format asks for one, without white space round it"
        ledger.field(kind, "body.custom_type", "widened", "type-assumed", text, uid=record.uid)
    confidence = statement.confidence
    if confidence is not None and not math.isfinite(confidence):
        ledger.field(kind, "body.confidence", "lost", "no-number", "NaN and infinities are no JSON", uid=record.uid)
    elif confidence is not None and 0 <= confidence <= 1:
        memory["confidence"] = {"current": confidence}
    elif confidence is not None:
        ours["confidence"] = confidence
        text = f"not in 0 to 1; {_CARRIED}"
        ledger.field(kind, "body.confidence", "carried", "out-of-range", text, uid=record.uid)
    tell_statement(record, is_custom=statement.custom_type == getattr(record.body, "custom_type", None), ledger=ledger)
    access = _access(record, ours, ledger)
    if access:
        memory["access"] = access
    _links(record, around, memory["provenance"], ours, ledger)
    metadata = _metadata(record, selection.unmapped(record), ours, memory["provenance"]["platform"], ledger)
    if metadata:
        memory["metadata"] = metadata
    return memory


def relation_objects(record: Record, memory: dict[str, Any], around: Surroundings) -> list[dict[str, Any]]:
    """The relations that the links of a written memory stand for; ``part_of`` is none of the format's relations."""
    relations: dict[str, dict[str, Any]] = {}
    for link in record.links:
        if link.type not in _RELATIONS or not around.is_memory(link.to) or link.to == record.uid:
            continue
        named, swapped = _RELATIONS[link.type]
        ends = (memory["id"], around.id_of(link.to))
        source, target = ends[::-1] if swapped else ends
        own = _relation_id(record, link)
        created = memory["temporal"]["created_at"]
        relations[own] = {"id": own, "from": source, "to": target, "type": named, "created_at": created}
    return list(relations.values())


def relation_ids(record: Record, is_memory: Callable[[str], bool]) -> list[str]:
    """The ids of those relations."""
    links = (link for link in record.links if link.type in _RELATIONS and is_memory(link.to) and link.to != record.uid)
    return list(dict.fromkeys(_relation_id(record, link) for link in links))


def _relation_id(record: Record, link: Link) -> str:
    return uuid_of(make_uid(record.uid, "link", link.type, link.to))


def first_time(*candidates: tuple[str, datetime | None]) -> tuple[str, datetime] | None:
    """The first of the named times that is there."""
    return next(((name, moment) for name, moment in candidates if moment is not None), None)


def told_substitute(kind: str, source: str, ledger: Ledger, uid: str) -> None:
    """Tell that a required time was taken from elsewhere."""
    text = f"created_at is required; taken from {source}"
    ledger.field(kind, "times.created", "widened", "time-substituted", text, uid=uid)


def _tags(record: Record, ours: dict[str, Any], ledger: Ledger) -> list[str]:
    tags = tag_list(record.tags)
    if tags != list(record.tags):
        ours["tags"] = list(record.tags)
        text = f"spelled as the tag pattern asks; {_CARRIED}"
        ledger.field(record.kind, "tags", "narrowed", "tag-pattern", text, uid=record.uid)
    return tags


def _temporal(
    record: Record, selection: Selection, around: Surroundings, ours: dict[str, Any], ledger: Ledger
) -> dict[str, Any]:
    times = record.times
    found = first_time(("created", times.created), ("updated", times.updated), ("observed", times.observed))
    if found is None:
        uid = conversation_uid(record, selection)
        head = selection.get(uid) if uid else None
        if head is not None and head.access.exportable:
            found = first_time(("conversation", head.times.created), ("conversation", head.times.updated))
    source, created = found or first_time(("recorded", times.recorded)) or ("the export", selection.changed_at)
    if source != "created":
        ours["created_at_from"] = source
        told_substitute(record.kind, source, ledger, record.uid)
    temporal = {"created_at": to_rfc3339(created)}
    if times.updated is not None:
        _place(temporal, ours, "updated", times.updated, times.updated >= created, record, ledger)
    if times.valid_from is not None:
        temporal["valid_from"] = to_rfc3339(times.valid_from)
    if times.valid_to is not None:
        fits = times.valid_from is None or times.valid_to >= times.valid_from
        _place(temporal, ours, "valid_to", times.valid_to, fits, record, ledger)
    if times.observed is not None:
        ours["observed_at"] = to_rfc3339(times.observed)
        ledger.field(record.kind, "times.observed", "carried", "no-member", _CARRIED, uid=record.uid)
    if record.status == "superseded":
        newer = around.replaced_by(record.uid)
        if newer and newer != record.uid:
            temporal["superseded_by"] = around.id_of(newer)
    return temporal


def _place(
    temporal: dict[str, str], ours: dict[str, Any], name: str, moment: datetime, fits: bool, record: Record, ledger: Ledger
) -> None:
    """Put a time where it belongs, or, when it would stand before what it must follow (X-14, X-15), beside it."""
    (temporal if fits else ours)[_TEMPORAL[name]] = to_rfc3339(moment)
    if not fits:
        text = f"it is before what it must follow; {_CARRIED}"
        ledger.field(record.kind, f"times.{name}", "carried", "time-order", text, uid=record.uid)


def _provenance(
    record: Record, selection: Selection, around: Surroundings, ours: dict[str, Any], ledger: Ledger
) -> dict[str, Any]:
    said = record.provenance
    platform = platform_name(said.platform or ("manual" if record.trust == "own" else record.origin.format))
    provenance: dict[str, Any] = {"platform": platform}
    if said.platform and said.platform != platform:
        ours["platform"] = said.platform
        text = f"respelled; {_CARRIED}"
        ledger.field(record.kind, "provenance.platform", "narrowed", "platform-pattern", text, uid=record.uid)
    elif not said.platform:
        text = "the format asks for one; what it was read from is written"
        ledger.field(record.kind, "provenance.platform", "widened", "platform-assumed", text, uid=record.uid)
    if said.account:
        provenance["platform_user_id"] = said.account
    uid = conversation_uid(record, selection)
    if uid and around.is_conversation(uid):
        provenance["conversation_ref"] = around.id_of(uid)
        if said.message and around.conversation_of(said.message) == uid:
            provenance["message_ref"] = around.message_id(said.message)
        if not said.conversation:
            text = "the conversation of the message, or of the file, that it was drawn from"
            ledger.field(record.kind, "provenance.conversation", "widened", "conversation-found", text, uid=record.uid)
    if said.conversation and "conversation_ref" not in provenance:
        text = "the conversation is not in this export"
        ledger.field(record.kind, "provenance.conversation", "lost", "conversation-absent", text, uid=record.uid)
    if said.message and "message_ref" not in provenance:
        text = "the message is not in this export"
        ledger.field(record.kind, "provenance.message", "lost", "message-absent", text, uid=record.uid)
    if said.method:
        provenance["extraction_method"] = said.method
    if said.extractor and terms.SYSTEM.fullmatch(said.extractor):
        provenance["extractor"] = said.extractor
    elif said.extractor:
        ours["extractor"] = said.extractor
        ledger.field(record.kind, "provenance.extractor", "carried", "extractor-pattern", _CARRIED, uid=record.uid)
    if said.actor:
        ours["actor"] = said.actor
        ledger.field(record.kind, "provenance.actor", "carried", "no-member", _CARRIED, uid=record.uid)
    return provenance


def _access(record: Record, ours: dict[str, Any], ledger: Ledger) -> dict[str, Any]:
    access = record.access
    if access.sensitivity:
        ours["sensitivity"] = access.sensitivity
        ledger.field(record.kind, "access.sensitivity", "carried", "no-member", _CARRIED, uid=record.uid)
    if access.visibility == "private" and not access.grants:
        return {}
    grants = [
        {"entity": grant.entity, "permissions": list(dict.fromkeys(grant.permissions))}
        for grant in access.grants
        if grant.entity and grant.permissions
    ]
    if len(grants) != len(access.grants):
        text = "a grant to nobody or of nothing"
        ledger.field(record.kind, "access.grants", "lost", "grant-empty", text, uid=record.uid)
    elif any(len(set(grant.permissions)) < len(grant.permissions) for grant in access.grants):
        text = "a permission that stands twice is one"
        ledger.field(record.kind, "access.grants", "narrowed", "grant-repeated", text, uid=record.uid)
    return {"visibility": access.visibility, "exportable": True, "shared_with": grants}


def _links(record: Record, around: Surroundings, provenance: dict[str, Any], ours: dict[str, Any], ledger: Ledger) -> None:
    """What the relations cannot hold of the links: ``part_of``, and ends that are conversations or messages."""
    carried: dict[tuple[str, str], None] = {}
    named = {provenance.get("conversation_ref"), provenance.get("message_ref")}
    for link in record.links:
        known = around.is_memory(link.to)
        end = around.message_id(link.to) if around.conversation_of(link.to) else around.id_of(link.to)
        if link.type == "derived_from" and end in named:
            text = "said as the conversation or the message that it was drawn from"
            ledger.field(record.kind, "links", "narrowed", "link-as-source", text, uid=record.uid)
            continue
        if link.to == record.uid:
            ledger.field(record.kind, "links", "lost", "link-self", "it names the record itself", uid=record.uid)
            continue
        if known and link.type != "part_of":
            continue
        if known or around.is_conversation(link.to) or around.conversation_of(link.to):
            carried[link.type, end] = None
            ledger.field(record.kind, "links", "carried", "no-relation", _CARRIED, uid=record.uid)
        else:
            ledger.field(record.kind, "links", "lost", "link-end", "the other end is not in this export", uid=record.uid)
    if carried:
        ours["links"] = [{"type": named, "to": to} for named, to in carried]
    if record.scope and around.is_memory(record.scope):
        ours["scope"] = around.id_of(record.scope)
        ledger.field(record.kind, "scope", "carried", "no-member", _CARRIED, uid=record.uid)
    elif record.scope:
        ledger.field(record.kind, "scope", "lost", "link-end", "the scope is not in this export", uid=record.uid)


def _metadata(
    record: Record, unmapped: Mapping[str, Any], ours: dict[str, Any], platform: str, ledger: Ledger
) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if record.language and terms.LANGUAGE.fullmatch(record.language):
        metadata["language"] = record.language
    elif record.language:
        ours["language"] = record.language
        ledger.field(record.kind, "language", "carried", "language-pattern", _CARRIED, uid=record.uid)
    if record.trust == "untrusted":
        # A reader cannot raise what it is not told of: only what lowers trust travels.
        ours["trust"] = record.trust
    if record.residue:
        ours["residue"] = dict(record.residue)
    foreign, first = exact(dict(unmapped))
    clean, second = exact(ours)
    if foreign:
        metadata[raw_key(platform)] = foreign
        text = "what the source said besides; carried in metadata"
        ledger.field(record.kind, "unmapped", "carried", "no-member", text, uid=record.uid)
    if clean:
        metadata[terms.OURS] = clean
    if first + second:
        text = "past 2^53 a number has no RFC 8785 form; written as text"
        ledger.field(record.kind, "unmapped", "narrowed", "integer-as-text", text, uid=record.uid)
    return metadata
