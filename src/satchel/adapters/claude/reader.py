"""The adapter: side files first, then conversations as a stream (providers.md 3.2).

Every source object becomes one original whose bytes are exactly the file's; what it says is mapped only when those bytes are
new. A part that is broken becomes a finding and the next is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from satchel.adapters.base import AdapterInfo, Claim, ReadContext
from satchel.adapters.claude.account import account_data, manifest_findings
from satchel.adapters.claude.conversations import read_conversation
from satchel.adapters.claude.design import read_design_chat
from satchel.adapters.claude.detect import role_of
from satchel.adapters.claude.frames import Artifacts
from satchel.adapters.claude.inline import inline_assets
from satchel.adapters.claude.leftover import leftover
from satchel.adapters.claude.loose import LooseFiles
from satchel.adapters.claude.memories import read_memories
from satchel.adapters.claude.projects import read_project
from satchel.adapters.claude.tools import text_leaves
from satchel.adapters.claude.wire import (
    INFO,
    Head,
    account_of,
    decode,
    dicts,
    document,
    head_of,
    ident,
    moment_of,
    notes_of,
    origin,
    original,
    provenance,
    text_of,
    uid_of,
)
from satchel.adapters.notes import Notes
from satchel.codec.arrays import Element, iter_array, iter_members
from satchel.codec.probe import Probe
from satchel.codec.sources import Member
from satchel.errors import Place, SatchelError
from satchel.limits import Limits
from satchel.model.bodies import Foreign
from satchel.model.findings import Finding, from_error
from satchel.model.ids import is_uuid, make_uid
from satchel.model.record import Item, Native, Original, Reading, Record, Times

#: Roles in the order in which they are read: what others refer to first, the long streams last.
_ORDER = (
    "manifest", "users", "logins", "projects", "project", "memories", "memory", "artifact", "artifact-comments",
    "reflections", "design-chats", "design-chat", "conversation", "conversations-wrapped", "conversations",
)  # fmt: skip
_ReadElement = Callable[[bytes, Place], Iterator[Item]]
_ReadObject = Callable[[bytes, str, str, str, Notes, Limits], Reading]


class ClaudeAdapter:
    """Implements ``satchel.adapters.base.Adapter``; stateless."""

    @property
    def info(self) -> AdapterInfo:
        return INFO

    def claim(self, member: Member, probe: Probe) -> str | None:
        """See ``satchel.adapters.claude.detect``."""
        return role_of(member, probe)

    def read(self, claims: Sequence[Claim], context: ReadContext) -> Iterator[Item]:
        """See ``satchel.adapters.base.Adapter.read``."""
        return _Import(claims, context).items()

    def unmapped(self, record: Record, native: Any) -> Mapping[str, Any]:
        """See ``satchel.adapters.claude.leftover``."""
        return leftover(record, native)


class _Import:
    """One call of ``read``: what must be known across files."""

    def __init__(self, claims: Sequence[Claim], context: ReadContext) -> None:
        self.claims = sorted(claims, key=lambda claim: _ORDER.index(claim.role) if claim.role in _ORDER else len(_ORDER))
        self.context = context
        self.limits = context.limits
        self.loose = LooseFiles(context.loose)
        self.artifacts = Artifacts(context.account, context.loose, context.limits)
        #: How often the same coordinates stood for an object without an id.
        self.ties: dict[str, int] = {}

    def items(self) -> Iterator[Item]:
        for claim in self.claims:
            yield from self._file(claim.role, claim.member)

    def _file(self, role: str, member: Member) -> Iterator[Item]:
        match role:
            case "manifest":
                names = [claim.member.name for claim in self.claims if claim.role != "manifest"]
                names.extend(loose.name for loose in self.context.loose)
                roles = {claim.role for claim in self.claims}
                yield from manifest_findings(member, names, roles, self.limits)
            case "users":
                yield account_data(member, "name, e-mail address and telephone number")
            case "logins":
                yield account_data(member, "the history of logins")
            case "artifact":
                yield from self.artifacts.artifact(member)
            case "artifact-comments":
                yield from self.artifacts.comments(member)
            case "projects":
                yield from self._array(member, self._project)
            case "project":
                yield from self._single(member, self._project)
            case "memories":
                yield from self._array(member, self._memory)
            case "memory":
                yield from self._single(member, self._memory)
            case "reflections":
                yield from self._single(member, self._reflections)
            case "design-chats":
                yield from self._array(member, self._design_chat)
            case "design-chat":
                yield from self._single(member, self._design_chat)
            case "conversations":
                yield from self._array(member, self._conversation)
            case "conversations-wrapped":
                yield from self._wrapped(member)
            case "conversation":
                yield from self._single(member, self._conversation)

    def _single(self, member: Member, read: _ReadElement) -> Iterator[Item]:
        place = Place(file=member.name)
        try:
            data = document(member, self.limits)
        except SatchelError as error:
            yield from_error(error, place=place)
            return
        yield from read(data, place)

    def _array(self, member: Member, read: _ReadElement) -> Iterator[Item]:
        try:
            with member.open() as stream:
                for element in iter_array(stream, file=member.name, limits=self.limits):
                    if element.fault:
                        yield from_error(element.fault)
                    else:
                        yield from read(element.data, _place(member, element))
        except SatchelError as error:
            yield from_error(error, place=Place(file=member.name))

    def _wrapped(self, member: Member) -> Iterator[Item]:
        """``{"conversations": […]}``: not Anthropic's own, but tools write it."""
        arrays = frozenset({"conversations"})
        try:
            with member.open() as stream:
                for name, element in iter_members(stream, arrays=arrays, file=member.name, limits=self.limits):
                    if element is None:
                        continue
                    if element.fault:
                        yield from_error(element.fault)
                    elif name == "conversations":
                        yield from self._conversation(element.data, _place(member, element))
                    elif element.data[:1] in (b"{", b"["):
                        yield Finding(
                            code="unread-member",
                            severity="info",
                            text="a member beside the conversations was not read",
                            place=Place(file=member.name, offset=element.offset),
                            outcome="skipped",
                        )
        except SatchelError as error:
            yield from_error(error, place=Place(file=member.name))

    def _head(self, data: bytes, place: Place, what: str) -> Head | Finding:
        try:
            head = head_of(data, place)
        except SatchelError as error:
            return from_error(error, place=place)
        return head or Finding("unknown-shape", "error", f"this is no {what}", place, "skipped")

    def _account(self, head: Head) -> str:
        return account_of(head.account) or ident(head.account_uuid) or account_of(head.creator) or self.context.account

    def _tie(self, *coordinates: str) -> str:
        """The uid of an object without an id; the second with the same coordinates is another object."""
        base = make_uid(INFO.name, *coordinates)
        count = self.ties[base] = self.ties.get(base, 0) + 1
        return make_uid(base, str(count))

    def _conversation(self, data: bytes, place: Place) -> Iterator[Item]:
        head = self._head(data, place, "conversation")
        if isinstance(head, Finding):
            yield head
            return
        native_id = ident(head.uuid) or ident(head.id)
        has_messages = bool(bytes(head.chat_messages) or bytes(head.messages))
        if bytes(head.mapping) or not (has_messages or native_id):
            yield Finding("unknown-shape", "error", "this is no conversation of Claude's", place, "skipped")
            return
        if not has_messages:
            yield Finding("no-messages", "warning", "a conversation has no messages member", place)
        account = self._account(head)
        uid = uid_of(account, "conversation", native_id) if native_id else self._idless(head, data, account, place)
        limits = self.limits
        updated = moment_of(head.updated_at) or moment_of(head.created_at)
        yield original(
            uid,
            "conversation",
            data,
            place,
            updated,
            lambda notes: read_conversation(data, uid, native_id, account, notes, limits),
        )
        yield from self.loose.assets(data, uid, account)
        yield from inline_assets(data, uid, account, place, limits)

    def _idless(self, head: Head, data: bytes, account: str, place: Place) -> str:
        """The uid of a conversation without an id: when it began and its first message, never its name or its file's."""
        first = ""
        try:
            value = decode(data, Any, notes_of(place), self.limits)
        except SatchelError:
            value = {}
        for member in ("chat_messages", "messages"):
            for message in dicts(value.get(member))[:1]:
                said = "\n".join(text_leaves([message.get("text"), message.get("content")]))
                first = first or ident(message.get("uuid")) or hashlib.sha256(said.encode()).hexdigest()
        return self._tie(account, "conversation", text_of(head.created_at), first)

    def _project(self, data: bytes, place: Place) -> Iterator[Item]:
        head = self._head(data, place, "project")
        if isinstance(head, Finding):
            yield head
            return
        if head.is_starter_project is True:
            yield Finding("starter-project", "info", "a project that Claude made as a starter is left out", place, "skipped")
            return
        yield self._named(head, data, place, "project", text_of(head.name), read_project)

    def _named(self, head: Head, data: bytes, place: Place, kind: str, name: str, read: _ReadObject) -> Original:
        """An object by its own uuid; without one, by when it was made and what it is called."""
        account = self._account(head)
        native_id = ident(head.uuid)
        uid = uid_of(account, kind, native_id) if native_id else self._tie(account, kind, text_of(head.created_at), name)
        limits = self.limits
        updated = moment_of(head.updated_at) or moment_of(head.created_at)
        return original(uid, kind, data, place, updated, lambda notes: read(data, uid, native_id, account, notes, limits))

    def _memory(self, data: bytes, place: Place) -> Iterator[Item]:
        head = self._head(data, place, "memory")
        if isinstance(head, Finding):
            yield head
            return
        account = self._account(head) or _account_in_name(place.file)
        try:
            files, updated = _memory_files(data, place, self.limits)
        except SatchelError as error:
            yield from_error(error, place=place)
            return
        # Both generations may come as objects of their own: one must not take the other's place.
        kind = "memory_files" if files else "memories"
        uid = make_uid(INFO.name, account, kind)
        limits = self.limits
        yield original(uid, kind, data, place, updated, lambda notes: read_memories(data, account, notes, limits))

    def _design_chat(self, data: bytes, place: Place) -> Iterator[Item]:
        head = self._head(data, place, "design chat")
        if isinstance(head, Finding):
            yield head
            return
        yield self._named(head, data, place, "design_chat", text_of(head.title), read_design_chat)

    def _reflections(self, data: bytes, place: Place) -> Iterator[Item]:
        """``reflections/<account>.json``: seen, its items not described; each is kept as it is, with its text."""
        head = self._head(data, place, "feedback")
        if isinstance(head, Finding):
            yield head
            return
        account = self._account(head) or _account_in_name(place.file)
        uid = make_uid(INFO.name, account, "reflections")
        limits = self.limits

        def read(notes: Notes) -> Reading:
            value = decode(data, Any, notes, limits)
            items = value.get("reflections") if type(value) is dict else None
            seen: dict[str, int] = {}
            records: list[Record] = []
            for index, item in enumerate(items if type(items) is list else ()):
                text = "\n".join(text_leaves(item))
                members = item if type(item) is dict else {}
                key = ident(members.get("uuid")) or ident(members.get("id")) or text
                count = seen[key] = seen.get(key, 0) + 1
                records.append(
                    Record(
                        uid=make_uid(uid, key, str(count)),
                        body=Foreign(type="claude.reflection", title=text_of(members.get("title")), text=text),
                        origin=origin("reflection", ident(members.get("uuid")) or ident(members.get("id"))),
                        times=Times(
                            created=notes.time(members.get("created_at")), updated=notes.time(members.get("updated_at"))
                        ),
                        provenance=provenance(account),
                        native=Native(pointer=f"/reflections/{index}"),
                    )
                )
            return Reading(records=tuple(records), findings=notes.findings())

        yield original(uid, "reflections", data, place, None, read)


class _MemoryHead(msgspec.Struct, gc=False):
    memory_files: Any = None


def _memory_files(data: bytes, place: Place, limits: Any) -> tuple[bool, Any]:
    """Whether the object holds memory files, and the newest one's time."""
    try:
        value: _MemoryHead = decode(data, _MemoryHead, notes_of(place), limits)
    except msgspec.ValidationError:
        return False, None
    files = value.memory_files
    moments = [moment for file in dicts(files) if (moment := moment_of(file.get("updated_at")))]
    return type(files) is list, max(moments, default=None)


def _account_in_name(name: str) -> str:
    """``memories/<account>.json`` is the only place where some exports name the account."""
    stem = name.rpartition("/")[2].rpartition(".")[0]
    return stem if is_uuid(stem) else ""


def _place(member: Member, element: Element) -> Place:
    return Place(file=member.name, element=element.index, offset=element.offset)


ADAPTER = ClaudeAdapter()
