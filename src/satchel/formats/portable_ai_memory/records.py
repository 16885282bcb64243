"""Memories, relations, index entries and embeddings as our records: the way back of ``memories`` and ``statements``.

What has no field of ours stays in the kept bytes, which go home as they came. ``metadata.satchel`` restores what an export of
ours wrote there; it is read with the same distrust as all else and can lower trust but not raise it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

from satchel.formats.portable_ai_memory import terms
from satchel.formats.portable_ai_memory.space import FORMAT_NAME, Space, member, moment, own_members, string, strings, uid_in
from satchel.model import bodies
from satchel.model.record import Access, Grant, Link, LinkType, Method, Provenance, Record, Status, Times, Trust

_TYPES = frozenset(get_args(bodies.MemoryType))
_METHODS: frozenset[str] = frozenset(get_args(Method))
_LINKS: frozenset[str] = frozenset(get_args(LinkType))
_SENSITIVITIES = frozenset(("low", "normal", "high"))
#: Names of open formats are no platforms: a vault tells by them what goes home how.
_NO_PLATFORM = frozenset((FORMAT_NAME, "portable-memory", "portable-agent-memory"))


def memory_record(value: dict[str, Any], space: Space, *, replaces: tuple[str, ...], resolve: Callable[[str], str]) -> Record:
    """The record of a memory that was checked.

    Args:
        replaces: uids of the memories whose ``superseded_by`` names this one.
        resolve: gives the uid of what has an id in the same package, or "".
    """
    own = value["id"]
    ours = own_members(value, "metadata")
    owner = space.memories.get(own, space.owner)
    temporal, metadata = member(value, "temporal"), member(value, "metadata")
    substituted = string(ours, "created_at_from")
    links = {Link("supersedes", uid): None for uid in replaces}
    said = ours.get("links")
    for link in said if type(said) is list else ():
        if type(link) is dict and string(link, "type") in _LINKS:
            uid = resolve(string(link, "to"))
            if uid:
                links[Link(link["type"], uid)] = None
    return Record(
        uid=space.memory(own),
        body=_body(value, ours),
        origin=space.origin(owner, "memory", own),
        times=Times(
            created=None if substituted else moment(temporal, "created_at"),
            updated=moment(temporal, "updated_at") or moment(ours, "updated_at"),
            observed=moment(ours, "observed_at"),
            valid_from=moment(temporal, "valid_from"),
            valid_to=moment(temporal, "valid_until") or moment(ours, "valid_until"),
        ),
        status=_status(value),
        trust=lowered(space.trust, ours),
        links=tuple(links),
        provenance=_provenance(member(value, "provenance"), ours, space),
        access=_access(member(value, "access"), ours),
        tags=strings(ours, "tags") or strings(value, "tags"),
        language=string(ours, "language") or string(metadata, "language"),
        scope=resolve(string(ours, "scope")),
    )


def relation_record(value: dict[str, Any], space: Space) -> Record:
    """The record of a relation. Its links name both ends: without one of them it cannot be."""
    owner = space.relations.get(value["id"], space.owner)
    source, target = space.memory(value["from"]), space.memory(value["to"])
    confidence = value.get("confidence")
    return Record(
        uid=uid_in(owner, "relation", value["id"]),
        body=bodies.Relation(
            source=source,
            target=target,
            type=value["type"],
            confidence=float(confidence) if confidence is not None else None,
        ),
        origin=space.origin(owner, "relation", value["id"]),
        times=Times(created=moment(value, "created_at")),
        links=tuple(Link("related_to", uid) for uid in dict.fromkeys((source, target))),
        provenance=Provenance(platform=FORMAT_NAME),
    )


def entry_records(value: dict[str, Any], space: Space, *, with_head: bool) -> tuple[Record, ...]:
    """The records of an index entry: the entry, and with ``with_head`` the conversation that it alone tells of."""
    own = value["id"]
    owner = space.conversations.get(own, space.owner)
    conversation = space.conversation(own)
    entry = Record(
        uid=uid_in(owner, "index", own),
        body=bodies.Foreign(type="conversation_index_entry"),
        origin=space.origin(owner, "index", own),
        links=(Link("derived_from", conversation),),
        provenance=Provenance(platform=FORMAT_NAME),
    )
    if not with_head:
        return (entry,)
    temporal = member(value, "temporal")
    head = Record(
        uid=conversation,
        body=bodies.Conversation(title=string(value, "title")),
        origin=space.origin(owner, "conversation_entry", own),
        times=Times(created=moment(temporal, "created_at"), updated=moment(temporal, "updated_at")),
        provenance=Provenance(platform=platform_of(value.get("platform"))),
        tags=strings(value, "tags"),
    )
    return entry, head


def embedding_record(value: dict[str, Any], space: Space) -> Record:
    """The record of an embedding: its memory's, with which it goes. The numbers are in the kept bytes alone."""
    owner = space.memories.get(value["memory_id"], space.owner)
    return Record(
        uid=uid_in(owner, "embedding", value["id"]),
        body=bodies.Foreign(type="embedding"),
        origin=space.origin(owner, "embedding", value["id"]),
        times=Times(created=moment(value, "created_at")),
        links=(Link("derived_from", space.memory(value["memory_id"])),),
        provenance=Provenance(platform=FORMAT_NAME),
    )


def export_record(root: dict[str, Any], space: Space, uid: str, title: str = "") -> Record:
    """The record of the export as a whole: what it says of itself, and that the vault has taken it."""
    return Record(
        uid=uid,
        body=bodies.Foreign(type="memory_store", title=title),
        origin=space.origin(space.owner, "export", string(root, "export_id")),
        times=Times(created=moment(root, "export_date")),
        provenance=Provenance(platform=FORMAT_NAME),
    )


def platform_of(said: Any) -> str:
    """The platform that a file says, unless it is the name of an open format."""
    return FORMAT_NAME if type(said) is not str or said in _NO_PLATFORM else said


def lowered(trust: Trust, ours: dict[str, Any]) -> Trust:
    """``trust``, or less where the file says that it deserves less."""
    return "untrusted" if ours.get("trust") == "untrusted" else trust


def sensitive(ours: dict[str, Any]) -> Access:
    """The access of what the format gives none, as an export of ours carried it: private, and as sensitive as it was."""
    said = ours.get("sensitivity")
    return Access(sensitivity=said if said in _SENSITIVITIES else "")


def _status(value: dict[str, Any]) -> Status:
    said = value.get("status")
    return said if said in terms.STATUSES else "active"


def _provenance(said: dict[str, Any], ours: dict[str, Any], space: Space) -> Provenance:
    conversation, message, method = string(said, "conversation_ref"), string(said, "message_ref"), said.get("extraction_method")
    return Provenance(
        platform=platform_of(said.get("platform")),
        account=string(said, "platform_user_id"),
        conversation=space.conversation(conversation) if conversation else "",
        message=space.message(conversation, message) if conversation and message else "",
        method=method if method in _METHODS else "",
        extractor=string(ours, "extractor") or string(said, "extractor"),
        actor=string(ours, "actor"),
    )


def _access(said: dict[str, Any], ours: dict[str, Any]) -> Access:
    """Never wider than what is said: words that nobody knows grant nothing."""
    grants = []
    for grant in said.get("shared_with") or ():
        permissions = tuple(name for name in strings(grant, "permissions") if name in terms.PERMISSIONS)
        if permissions:
            grants.append(Grant(entity=grant["entity"], permissions=permissions))  # type: ignore[arg-type]
    visibility = said.get("visibility")
    sensitivity = ours.get("sensitivity")
    return Access(
        visibility=visibility if visibility in terms.VISIBILITIES else "private",
        exportable=said.get("exportable", True) is True,
        grants=tuple(grants),
        sensitivity=sensitivity if sensitivity in _SENSITIVITIES else "",
    )


_Made = Callable[[str, dict[str, Any]], bodies.AnyBody]


def _body(value: dict[str, Any], ours: dict[str, Any]) -> bodies.AnyBody:
    content = value["content"]
    made = _BODIES.get(string(ours, "kind"))
    if made is not None:
        return made(content, ours)
    type = value["type"]
    custom = string(value, "custom_type")
    if type == "custom" and custom == "episode":
        type, custom = "episode", ""
    elif type not in _TYPES:
        # A newer minor version may have more of them.
        type, custom = "custom", type
    confidence = member(value, "confidence")
    return bodies.Memory(
        text=content,
        type=type,
        custom_type=custom or string(ours, "custom_type"),
        title=string(ours, "title"),
        subject=string(ours, "subject"),
        predicate=string(ours, "predicate"),
        object=string(ours, "object"),
        confidence=_number(confidence.get("current", confidence.get("initial", ours.get("confidence")))),
        salience=_number(ours.get("salience")),
    )


def _number(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and abs(value) < 1e300 else None


def _behind(content: str, *heads: str) -> str:
    """What stands in ``content`` behind ``heads``, which an export of ours put in front of it."""
    for head in heads:
        if head:
            content = "" if content == head else content.removeprefix(head + "\n\n")
    return content


def _scope(content: str, ours: dict[str, Any]) -> bodies.Scope:
    name, said = string(ours, "name"), string(ours, "scope_type")
    type: Literal["project", "assistant", "workspace", "other"] = "project"
    if said in ("assistant", "workspace", "other"):
        type = said  # type: ignore[assignment]
    return bodies.Scope(name=name, type=type, text=_behind(content, name), is_archived=ours.get("is_archived") is True)


def _skill(content: str, ours: dict[str, Any]) -> bodies.Skill:
    name, description = string(ours, "name"), string(ours, "description")
    return bodies.Skill(name=name, description=description, text=_behind(content, name, description))


def _procedure(content: str, ours: dict[str, Any]) -> bodies.Procedure:
    name, trigger = string(ours, "name"), string(ours, "trigger")
    said = ours.get("steps")
    steps = tuple(step for step in said if type(step) is str) if type(said) is list else ()
    text = _behind(content, name, trigger, "\n".join(steps))
    return bodies.Procedure(name=name, trigger=trigger, steps=steps, text=text, enabled=ours.get("enabled") is not False)


def _instruction(content: str, ours: dict[str, Any]) -> bodies.Instruction:
    about: Literal["user", "assistant", "project"] = "assistant"
    if ours.get("about") in ("user", "project"):
        about = ours["about"]
    return bodies.Instruction(text=content, about=about, title=string(ours, "title"))


def _document(content: str, ours: dict[str, Any]) -> bodies.Document:
    size = ours.get("size_bytes")
    return bodies.Document(
        name=string(ours, "name"),
        text=content,
        media_type=string(ours, "media_type"),
        size_bytes=size if type(size) is int and 0 <= size < 1 << 62 else None,
        url=string(ours, "url"),
    )


def _task(content: str, ours: dict[str, Any]) -> bodies.Task:
    title = string(ours, "title")
    return bodies.Task(title=title, text=_behind(content, title), state=string(ours, "state"))


def _entity(content: str, ours: dict[str, Any]) -> bodies.Entity:
    name = string(ours, "name")
    text = _behind(content, name)
    return bodies.Entity(name=name, type=string(ours, "entity_type"), aliases=strings(ours, "aliases"), text=text)


_BODIES: dict[str, _Made] = {
    "instruction": _instruction,
    "profile": lambda content, ours: bodies.Profile(text=content, title=string(ours, "title")),
    "scope": _scope,
    "document": _document,
    "skill": _skill,
    "procedure": _procedure,
    "task": _task,
    "entity": _entity,
}
