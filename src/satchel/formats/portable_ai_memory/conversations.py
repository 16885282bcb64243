"""A conversation record and its messages as one file and one index entry that agree (dossier 1.11, 6.1, X-27 to X-36).

The messages pass by once. Of each, its encoded bytes and its place in the talk are kept until the conversation ends: who
its children are is known only then. So the memory that is needed is that of the largest conversation's JSON.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import msgspec
import orjson

from satchel.formats.base import Selection, SourceNote
from satchel.formats.portable_ai_memory import terms
from satchel.formats.portable_ai_memory.attachments import Attachments
from satchel.formats.portable_ai_memory.identifiers import strip_conversation, strip_message, told
from satchel.formats.portable_ai_memory.losses import tell_message, tell_talk
from satchel.formats.portable_ai_memory.memories import first_time, told_substitute
from satchel.formats.portable_ai_memory.messages import segments
from satchel.formats.portable_ai_memory.spelling import (
    dump,
    dumped_at_once,
    dumped_without_nulls,
    platform_name,
    raw_key,
    tag_list,
    without_nulls,
)
from satchel.formats.portable_ai_memory.talk import Draft, connect, fill_times, tell_roots
from satchel.model.bodies import Conversation, Message, Part
from satchel.model.fields import fields_of
from satchel.model.ids import uuid_of
from satchel.model.ledger import About, Ledger
from satchel.model.record import Access, Link, Provenance, Record
from satchel.model.times import to_rfc3339

_CARRIED = "carried in raw_metadata.satchel"
_PARTS = f"what the format's parts, calls and attachments do not say is {_CARRIED}; where in a text a source is cited is not"
_UNMAPPED = "what the source said besides; carried in raw_metadata"
_PLAIN = frozenset({"text", "code"})
_NOTHING: Mapping[str, Any] = {}


class Written(NamedTuple):
    """A conversation ready to be written: the file in pieces, its index entry, and the uids of its messages."""

    file: Iterator[bytes]
    entry: dict[str, Any]
    messages: tuple[str, ...]


def conversation_file(
    record: Record,
    body: Conversation,
    selection: Selection,
    attachments: Attachments,
    derived: list[str],
    is_memory: Callable[[str], bool],
    ledger: Ledger,
    alike: Alike,
    *,
    strip_identifiers: bool = False,
) -> Written:
    """Read a conversation's messages and lay out its file. ``alike`` is of this export, and empty at its start."""
    platform = platform_name(record.provenance.platform or record.origin.format)
    reading = _Reading(record, selection, attachments, raw_key(platform), ledger, strip_identifiers)
    for message in selection.messages(record.uid):
        reading.take(message)
    drafts = reading.drafts
    ours: dict[str, Any] = {}
    temporal, created = _temporal(record, drafts, selection, ours, ledger)
    reading.connect()
    if reading.lacks_times:
        fill_times(drafts, created)
    reading.tell(alike)
    own = uuid_of(record.uid)
    tags = tag_list(record.tags)
    _own_members(record, body, drafts, tags, ours, ledger)
    if record.scope and is_memory(record.scope):
        ours["scope"] = uuid_of(record.scope)
        ledger.field("conversation", "scope", "carried", "no-member", _CARRIED, uid=record.uid)
    elif record.scope:
        ledger.field("conversation", "scope", "lost", "link-end", "the scope is not in this export", uid=record.uid)
    head: dict[str, Any] = {
        "schema": terms.CONVERSATION_SCHEMA,
        "schema_version": terms.SCHEMA_VERSION,
        "id": own,
        "provider": _provider(record, platform),
    }
    if body.title:
        head["title"] = body.title
    head["temporal"] = temporal
    head["participants"] = [{"role": role} for role in terms.ROLES if role in reading.roles]
    if body.model:
        head["model"] = body.model
    if reading.system_instruction:
        head["system_instruction"] = reading.system_instruction
    head["is_archived"] = body.is_archived
    head["tags"] = tags
    unmapped = without_nulls(dict(selection.unmapped(record)))
    if unmapped:
        ledger.field("conversation", "unmapped", "carried", "no-member", _UNMAPPED, uid=record.uid)
    raw = _raw(raw_key(platform), unmapped, ours)
    if raw:
        head["raw_metadata"] = raw
    note = _import_note(selection, record)
    if note:
        head["import_metadata"] = note
    if strip_identifiers and strip_conversation(head):
        told("conversation", ledger, record.uid)
    count = sum(len(draft.ids) for draft in drafts.values()) if reading.has_chains else len(drafts)
    entry: dict[str, Any] = {"id": own, "platform": platform}
    if body.title:
        entry["title"] = body.title
    entry |= {
        "message_count": count,
        "temporal": temporal,
        "tags": tags,
        "derived_memories": derived,
        "storage": {"type": "file", "ref": f"{terms.CONVERSATIONS_FOLDER}/{own}.json", "format": "json"},
    }
    return Written(_pieces(head, drafts, reading.name), entry, tuple(drafts))


class _Told(NamedTuple):
    """What the ledger tells of a message besides the fields of its record."""

    has_unmapped: bool
    is_chain: bool
    has_odd_parts: bool


class _Sample(msgspec.Struct, gc=False):
    """Messages of which the same is to be told: one of them, and how many."""

    record: Record
    told: _Told
    count: int = 1


class Counted(msgspec.Struct, gc=False):
    """What the ledger tells of each of so many messages."""

    ledger: Ledger
    count: int = 0


#: By what decides what is told of a message, its head's platform and account among it. To be added to the ledger at the end.
Alike = dict[tuple[Any, ...], Counted]


class _Reading:
    """One pass over the messages of a conversation."""

    def __init__(
        self, head: Record, selection: Selection, attachments: Attachments, key: str, ledger: Ledger, strip: bool
    ) -> None:
        self.head = head
        self.unmapped = selection.unmapped
        self.find_file = attachments.find
        self.key = key
        self.name = dump(key)
        self.ledger = ledger
        self.strip = strip
        self.drafts: dict[str, Draft] = {}
        self.dropped: dict[str, str] = {}
        #: How many answer nobody, and whether all others came behind those whom they answer, and hang on them.
        self.roots = 0
        self.is_settled = True
        #: Whether some are a chain, do not say their time, and know it from nobody.
        self.has_chains = self.has_substitutes = self.lacks_times = False
        self.roles: set[str] = set()
        self.system_instruction = ""
        #: Where nobody asks which: messages by what whole talks share of what decides what is told, and by the rest of it.
        self.groups: dict[tuple[Any, ...], dict[tuple[Any, ...], _Sample]] = {}
        self.alike: dict[tuple[Any, ...], _Sample] = {}
        self.whence: Provenance | None = None
        self.links: tuple[Link, ...] = ()
        self.access: Access | None = None

    def take(self, record: Record) -> None:
        body = record.body
        drafts = self.drafts
        if not isinstance(body, Message) or record.uid in drafts:
            return
        if not record.access.exportable:
            self.dropped[record.uid] = body.parent
            self.ledger.record("message", "omitted", "not-exportable", "marked as not to be exported", of=record)
            return
        times = record.times
        source, created = "", times.created
        if created is None:
            source, created = "updated" if times.updated else "", times.updated
        chain = segments(record, body, self.find_file)
        end = chain[-1]
        is_chain = end is not chain[0]
        unmapped = _NOTHING if self.strip else self.unmapped(record)
        raws: list[tuple[bytes, dict[str, Any]]] = []
        if is_chain or self.strip or created is None or source:
            bodies: list[bytes] = []
            has_unmapped = False
            for segment in chain:
                message, ours = segment.message, segment.ours
                if self.strip:
                    strip_message(message)
                    ours.pop("residue", None)
                beside = unmapped if segment is end else _NOTHING
                if created is not None and not source:
                    data, has_unmapped = self._with_raw(message, beside, ours)
                    bodies.append(data)
                else:
                    said = dumped_without_nulls(beside)
                    has_unmapped = said != b""
                    bodies.append(dump(message)[:-1])
                    raws.append((said, ours))
            ids = [segment.id for segment in chain]
        else:
            data, has_unmapped = self._with_raw(end.message, unmapped, end.ours)
            bodies, ids = [data], [end.id]
        parent = body.parent
        draft = Draft(record.uid, len(drafts), parent, created, source, ids, bodies, raws)
        if is_chain:
            self.has_chains = True
        if raws:
            self.has_substitutes = True
            self.lacks_times = self.lacks_times or created is None
        if parent in drafts:
            drafts[parent].children.append(draft)
        elif parent:
            self.is_settled = False
        else:
            self.roots += 1
        drafts[record.uid] = draft
        self.roles.add(body.role)
        parts = body.parts
        if body.is_hidden and not self.system_instruction and all(part.type == "context" for part in parts):
            self.system_instruction = "\n\n".join(part.text for part in parts)
        if end.is_text:
            has_odd_parts = parts[0].text == "" or parts[0].size_bytes is not None
        else:
            has_odd_parts = not all(map(_is_plain, parts))
        if self.ledger.is_witnessed:
            self._tell_fields(record, _Told(has_unmapped, is_chain, has_odd_parts), self.ledger)
            draft.about = About(record.uid, fields_of(record), record.origin.id)
            return
        if record.provenance is not self.whence or record.links is not self.links or record.access is not self.access:
            self._regroup(record)
        if self.strip or times.observed or times.valid_from or times.valid_to:
            fields: tuple[str, ...] = fields_of(record)
        else:
            # The members of ours stand for the fields that they carry.
            fields = tuple(end.ours)
        updated = None if times.updated is None else times.updated == times.created
        kind = (fields, updated, record.trust, record.scope != "", has_unmapped, is_chain, has_odd_parts)
        found = self.alike.get(kind)
        if found is not None:
            found.count += 1
        else:
            self.alike[kind] = _Sample(record, _Told(has_unmapped, is_chain, has_odd_parts))

    def _regroup(self, record: Record) -> None:
        """Begin or go on with those that have the provenance, the links and the access of ``record``, as whole talks do."""
        whence, access = self.whence, self.access = record.provenance, record.access
        self.links = record.links
        said = (
            *(whence.method != "", whence.message != "", whence.actor != "", whence.extractor != ""),
            *(access.visibility != "private", access.grants != (), access.sensitivity != ""),
            _has_links(record),
        )
        self.alike = self.groups.setdefault((whence.platform, whence.account, *said), {})

    def _with_raw(self, message: dict[str, Any], unmapped: Mapping[str, Any], ours: dict[str, Any]) -> tuple[bytes, bool]:
        """A message as JSON without its end, and whether it says something of ``unmapped``."""
        said = dumped_without_nulls(unmapped)
        raw: dict[str, Any] = {self.key: orjson.Fragment(said)} if said else {}
        if ours:
            raw[terms.OURS] = ours
        if raw:
            message["raw_metadata"] = raw
        data = dumped_at_once(message)
        if data:
            return data[:-1], said != b""
        message.pop("raw_metadata", None)
        return dump(message)[:-1] + _raw_member(self.name, said, ours), said != b""

    def _tell_fields(self, record: Record, said: _Told, ledger: Ledger) -> None:
        if _has_links(record):
            text = "a message has no links but those of the talk"
            ledger.field("message", "links", "lost", "no-member", text, uid=record.uid)
        if said.has_unmapped:
            ledger.field("message", "unmapped", "carried", "no-member", _UNMAPPED, uid=record.uid)
        tell_message(record, self.head, fields_of(record), ledger)
        if said.is_chain:
            text = "a message that is a chain answers with its first part; what follows it answers its last"
            ledger.field("message", "body.parent", "widened", "segments", text, uid=record.uid)
        if said.has_odd_parts:
            ledger.field("message", "body.parts", "narrowed", "parts", _PARTS, uid=record.uid)

    def connect(self) -> None:
        """Settle parents and children, where they are not as they came."""
        if self.is_settled:
            tell_roots(self.drafts, self.roots, self.ledger)
        else:
            connect(self.drafts, self.dropped, self.ledger)

    def tell(self, alike: Alike) -> None:
        """What became of the messages, now that their parents and times are settled."""
        of = self.head.provenance
        for whence, group in self.groups.items():
            for said, sample in group.items():
                key = (whence, said, of.platform, of.account)
                counted = alike.get(key)
                if counted is None:
                    counted = alike[key] = Counted(Ledger())
                    self._tell_fields(sample.record, sample.told, counted.ledger)
                counted.count += sample.count
        if not (self.has_chains or self.has_substitutes or self.ledger.is_witnessed):
            if self.drafts:
                self.ledger.record("message", "accepted", count=len(self.drafts))
            return
        accepted = 0
        for draft in self.drafts.values():
            if draft.created_from:
                told_substitute("message", draft.created_from, self.ledger, draft.uid)
            if len(draft.ids) > 1:
                text = "written as a chain: reasoning stands by itself"
                self.ledger.record("message", "transformed", "segments", text, of=draft.about)
            elif draft.about is not None:
                self.ledger.record("message", "accepted", of=draft.about)
            else:
                accepted += 1
        if accepted:
            self.ledger.record("message", "accepted", count=accepted)


def _raw_member(name: bytes, unmapped: bytes, ours: dict[str, Any]) -> bytes:
    """The member raw_metadata behind others, b"" where there is nothing to say; ``name`` is the platform's in it, as JSON."""
    if unmapped:
        if ours:
            return b',"raw_metadata":{%s:%s,"satchel":%s}' % (name, unmapped, dump(ours))
        return b',"raw_metadata":{%s:%s}' % (name, unmapped)
    return b',"raw_metadata":{"satchel":%s}' % dump(ours) if ours else b""


def _has_links(record: Record) -> bool:
    return any(link.type != "part_of" for link in record.links)


def _is_plain(part: Part) -> bool:
    """Whether a part of the format says all of one of ours, in its place."""
    return (
        part.type in _PLAIN
        and part.text != ""
        and part.size_bytes is None
        and part.data is None
        and not (part.name or part.citations or part.asset or part.ref or part.url or part.call or part.is_error)
    )


def _raw(key: str, unmapped: Any, ours: dict[str, Any]) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    if unmapped:
        raw[key] = unmapped
    if ours:
        raw[terms.OURS] = ours
    return raw


def _temporal(
    record: Record, drafts: dict[str, Draft], selection: Selection, ours: dict[str, Any], ledger: Ledger
) -> tuple[dict[str, str], datetime]:
    times = record.times
    said = [draft.created for draft in drafts.values() if draft.created is not None]
    source, created = first_time(
        ("created", times.created),
        ("messages", min(said, default=None)),
        ("updated", times.updated),
        ("observed", times.observed),
        ("recorded", times.recorded),
    ) or ("the export", selection.changed_at)
    if source != "created":
        ours["created_at_from"] = source
        told_substitute("conversation", source, ledger, record.uid)
    temporal = {"created_at": to_rfc3339(created)}
    if times.updated is not None and times.updated >= created:
        temporal["updated_at"] = to_rfc3339(times.updated)
    elif times.updated is not None:
        ours["updated_at"] = to_rfc3339(times.updated)
        text = f"it is before created_at; {_CARRIED}"
        ledger.field("conversation", "times.updated", "carried", "time-order", text, uid=record.uid)
    return temporal, created


def _own_members(
    record: Record, body: Conversation, drafts: dict[str, Draft], tags: list[str], ours: dict[str, Any], ledger: Ledger
) -> None:
    said: dict[str, Any] = {
        "summary": body.summary,
        "current": uuid_of(body.current) if body.current in drafts else "",
        "is_starred": body.is_starred,
        "status": "" if record.status == "active" else record.status,
        "language": record.language,
        "trust": record.trust if record.trust == "untrusted" else "",
        "sensitivity": record.access.sensitivity,
        "residue": dict(record.residue),
    }
    ours.update((name, value) for name, value in said.items() if value)
    tell_talk(record, ledger)
    if said["current"]:
        ledger.field("conversation", "body.current", "carried", "no-member", _CARRIED, uid=record.uid)
    elif body.current:
        text = "the message is not in this conversation"
        ledger.field("conversation", "body.current", "lost", "message-absent", text, uid=record.uid)
    platform = record.provenance.platform
    if platform and platform_name(platform) != platform:
        ledger.field("conversation", "provenance.platform", "narrowed", "platform-pattern", "respelled", uid=record.uid)
    elif not platform:
        text = "the format asks for one; what it was read from is written"
        ledger.field("conversation", "provenance.platform", "widened", "platform-assumed", text, uid=record.uid)
    if tags != list(record.tags):
        ours["tags"] = list(record.tags)
        text = f"spelled as the tag pattern asks; {_CARRIED}"
        ledger.field("conversation", "tags", "narrowed", "tag-pattern", text, uid=record.uid)


def _provider(record: Record, platform: str) -> dict[str, str]:
    members = {
        "name": platform,
        "conversation_id": record.origin.id,
        "account_id": record.provenance.account,
        "export_format_version": record.origin.version,
    }
    return {name: value for name, value in members.items() if value}


def _import_note(selection: Selection, record: Record) -> dict[str, str]:
    note = selection.source(record)
    return {} if note is None else _noted(note)


@functools.lru_cache(64)
def _noted(note: SourceNote) -> dict[str, str]:
    """What is said of a file from which something was read: of one file the same, as often as it is asked for."""
    members = {
        "importer": terms.system_name(),
        "importer_version": note.reader,
        "imported_at": to_rfc3339(note.imported_at),
        # The name alone: the folders of this machine are nobody's business.
        "source_file": PurePosixPath(note.file.replace("\\", "/")).name,
        "source_checksum": f"sha256:{note.sha256.lower()}" if note.sha256 else "",
    }
    if members["source_checksum"] and not terms.SHA256.fullmatch(members["source_checksum"]):
        del members["source_checksum"]
    return {name: value for name, value in members.items() if value}


def _pieces(head: dict[str, Any], drafts: dict[str, Draft], name: bytes) -> Iterator[bytes]:
    """The file: the head's members a line each, then a message a line."""
    lines = [b"%s:%s,\n" % (dump(member), dump(value)) for member, value in head.items()]
    yield b'{%s"messages":[' % b"".join(lines)
    start = b"\n"
    for draft in drafts.values():
        assert draft.created is not None
        at = to_rfc3339(draft.created)
        ids, raws, children = draft.ids, draft.raws, draft.children
        above = drafts[draft.parent].ids[-1] if draft.parent else ""
        if len(ids) == 1 and not raws:
            # The usual message.
            below = children[0].ids[0] if len(children) == 1 else '","'.join([child.ids[0] for child in children])
            yield start
            yield draft.bodies[0]
            yield (_place(at, above, below) + "}").encode()
            start = b",\n"
            continue
        last = len(ids) - 1
        # A message's segments, each with its place behind its encoded body: the chain is parent to child, the talk goes on at
        # its last.
        for index, body in enumerate(draft.bodies):
            if index < last:
                below = ids[index + 1]
            elif len(children) == 1:
                below = children[0].ids[0]
            else:
                below = '","'.join([child.ids[0] for child in children])
            yield start
            yield body
            yield _place(at, above, below).encode()
            yield _waiting(*raws[index], draft.created_from, name) if raws else b"}"
            above = ids[index]
            start = b",\n"
    yield b"\n]}\n"


def _place(at: str, above: str, below: str) -> str:
    """Time, parent and children, behind other members: nothing in them needs an escape."""
    if above and below:
        return f',"created_at":"{at}","parent_id":"{above}","children_ids":["{below}"]'
    parent = f',"parent_id":"{above}"' if above else ""
    children = f',"children_ids":["{below}"]' if below else ""
    return f',"created_at":"{at}"{parent}{children}'


def _waiting(unmapped: bytes, ours: dict[str, Any], created_from: str, name: bytes) -> bytes:
    """The end of a segment with its raw_metadata, which says whence the time is."""
    return _raw_member(name, unmapped, {**ours, "created_at_from": created_from}) + b"}"
