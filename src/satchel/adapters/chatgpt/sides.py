"""The export's side files, each to its originals: memories, canvas documents, tasks, settings, and what stays foreign.

Account data (``user.json``) is not kept: it says who someone is and nothing that another assistant needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from satchel.adapters.chatgpt import codex, derived
from satchel.adapters.chatgpt.detect import FOREIGN, memories_name
from satchel.adapters.chatgpt.documents import read_json
from satchel.adapters.chatgpt.episode import FORMAT, saved, text_name
from satchel.adapters.chatgpt.files import base_name
from satchel.adapters.chatgpt.shapes import decode_repaired, id_of, text_of
from satchel.codec.arrays import Element, iter_array
from satchel.codec.sources import Member
from satchel.errors import Place, SatchelError
from satchel.limits import Limits
from satchel.model import bodies
from satchel.model.findings import Finding, from_error
from satchel.model.ids import make_uid, provider_uid
from satchel.model.record import Item, Link, Native, Origin, Original, Provenance, Reading, Record, Status, Times
from satchel.model.text import leaves
from satchel.model.times import from_any


class Sides:
    """Reads side files for one import: ``account`` is the one that ids live in, ``reader`` who reads."""

    def __init__(self, account: str, reader: str, limits: Limits) -> None:
        self.account = account
        self.reader = reader
        self.limits = limits
        self.provenance = Provenance(platform="chatgpt", account=account, method="api_export")

    def account_data(self, member: Member) -> Finding:
        return Finding(
            code="account-data",
            severity="info",
            text="account data (name, address, plan) is not kept",
            place=Place(file=member.name),
            outcome="skipped",
        )

    def settings(self, member: Member) -> Iterator[Item]:
        """``user_settings.json`` as one setting."""
        findings: list[Finding] = []
        value, data = read_json(member, self.limits, findings)
        uid = provider_uid("chatgpt", self.account, "setting", "user_settings")
        record = self._record(uid, bodies.Setting(name="user_settings", value=value), "setting", "user_settings")
        yield self._original(record, data, Place(file=member.name), findings)

    def memory(self, member: Member) -> Iterator[Item]:
        """``memory.json`` (content, enabled, dates), the backend's ``{"memories": […]}``, or a list: a record for each."""
        findings: list[Finding] = []
        value, data = read_json(member, self.limits, findings)
        records: dict[str, Record] = {}
        name = memories_name(value) if type(value) is dict else ""
        root = value[name] if name else [value] if type(value) is dict else value
        base = f"/{name}" if name else ""
        enabled = value.get("enabled") if type(value) is dict else None
        for index, item in enumerate(root if type(root) is list else [root]):
            pointer = f"{base}/{index}" if base or root is value else ""
            found = list(self._memories(item, enabled, pointer))
            place = Place(file=member.name, element=index)
            if not found:
                text = "a memory has no text and was not read"
                findings.append(Finding("unexpected-shape", "warning", text, place, "skipped"))
            for record in found:
                if not _keep(record, records):
                    text = "a memory stands in the file again"
                    findings.append(Finding("repeated-memory", "info", text, place, "skipped"))
        uid = provider_uid("chatgpt", self.account, "memories", "memories")
        head = self._record(uid, bodies.Foreign(type="chatgpt.memories", title="Saved memories"), "memories", "")
        yield self._original(head, data, Place(file=member.name), findings, list(records.values()))

    def _memories(self, item: Any, enabled: Any, pointer: str) -> Iterator[Record]:
        if type(item) is str:
            item = {"content": item}
        if type(item) is not dict:
            return
        known = id_of(item.get("id"))
        switch = item.get("enabled", enabled)
        status: Status = "archived" if switch is False or item.get("status") == "archived" else "active"
        name = text_name(item)
        for text in leaves(item.get(name or "content")):
            if not text.strip():
                continue
            if known and name:
                uid = provider_uid("chatgpt", self.account, "memory", known)
            else:
                uid = make_uid("chatgpt", self.account, "memory", "", derived.text_digest(text))
            yield Record(
                uid=uid,
                body=bodies.Memory(text=text, title=text_of(item.get("title"))),
                origin=Origin(format="chatgpt", id=known, kind="chatgpt.memory"),
                times=Times(
                    created=_first_time(item, "created_at", "created_timestamp", "created"),
                    updated=_first_time(item, "updated_at", "last_updated", "updated"),
                ),
                status=status,
                provenance=self.provenance,
                native=Native(pointer=pointer),
                residue={FORMAT: saved(item)} if name else {},
            )

    def textdocs(self, member: Member) -> Iterator[Item]:
        """Canvas documents: one in a file of its own, or a list of them."""
        findings: list[Finding] = []
        value, data = read_json(member, self.limits, findings)
        if type(value) is list:
            for element in self._elements(member):
                if type(element) is Finding:
                    yield element
                elif type(element) is Element:
                    yield from self._decoded(member, element, self._textdoc)
        else:
            yield from self._textdoc(value, data, Place(file=member.name), findings, base_name(member.path))

    def _textdoc(self, value: Any, data: bytes, place: Place, findings: list[Finding], fallback: str = "") -> Iterator[Item]:
        if type(value) is not dict:
            yield _wrong_type(place)
            return
        known = id_of(value.get("id")) or id_of(value.get("textdoc_id")) or fallback.removesuffix(".json")
        kind = text_of(value.get("textdoc_type"))
        uid = provider_uid("chatgpt", self.account, "textdoc", known or derived.text_digest(data.decode("utf-8", "replace")))
        conversation = id_of(value.get("conversation_id"))
        comments = _comments(value.get("comments"))
        text = "\n".join([*(words for words in leaves(value.get("content")) if words), *comments])
        record = Record(
            uid=uid,
            body=bodies.Document(
                name=text_of(value.get("title")) or text_of(value.get("name")) or known,
                text=text,
                media_type="text/markdown" if kind in ("", "document") else f"text/x-{kind.removeprefix('code/')}",
            ),
            origin=Origin(format="chatgpt", version=id_of(value.get("version")), id=known, kind="chatgpt.textdoc"),
            times=Times(
                created=_first_time(value, "created_at", "create_time"),
                updated=_first_time(value, "updated_at", "update_time"),
            ),
            links=(Link("part_of", provider_uid("chatgpt", self.account, "conversation", conversation)),)
            if conversation
            else (),
            provenance=self.provenance,
        )
        yield self._original(record, data, place, findings)

    def codex(self, member: Member) -> Iterator[Item]:
        for element in self._elements(member):
            if type(element) is Finding:
                yield element
            elif type(element) is Element:
                yield from self._decoded(member, element, self._task)

    def _task(self, value: Any, data: bytes, place: Place, findings: list[Finding]) -> Iterator[Item]:
        if type(value) is not dict:
            yield _wrong_type(place)
            return
        known = id_of(value.get("id")) or derived.text_digest(data.decode("utf-8", "replace"))
        uid = provider_uid("chatgpt", self.account, "codex", known)

        def read() -> Reading:
            reading = codex.task_records(value, uid, self.account, place)
            return Reading(reading.records, (*findings, *reading.findings))

        yield Original(uid=uid, kind=codex.KIND, native=data, place=place, reader=self.reader, updated=None, read=read)

    def foreign(self, member: Member, role: str, array: bool) -> Iterator[Item]:
        """A side file without a kind of ours: each element of its array kept whole, or the file."""
        stem = FOREIGN[role]
        if array or role == "group-chats":
            empty = True
            for element in self._elements(member, at="" if array else "chats"):
                empty = False
                if type(element) is Finding:
                    yield element
                elif type(element) is Element:
                    yield from self._decoded(member, element, self._foreign, stem)
            if empty:
                yield empty_file(member)
            return
        findings: list[Finding] = []
        value, data = read_json(member, self.limits, findings)
        if not value:
            yield empty_file(member)
        else:
            yield from self._foreign(value, data, Place(file=member.name), findings, stem, whole=True)

    def _foreign(
        self, value: Any, data: bytes, place: Place, findings: list[Finding], stem: str = "", *, whole: bool = False
    ) -> Iterator[Item]:
        if value is None:
            yield _wrong_type(place)
            return
        members: dict[str, Any] = value if type(value) is dict else {}
        known = id_of(members.get("id")) or id_of(members.get("message_id"))
        # A file that is one object is the same object at the next export, whatever it says by then.
        native = known or ("" if whole else derived.text_digest(data.decode("utf-8", "replace")))
        words = [text for text in leaves(value) if text and "://" not in text]
        conversation, message = id_of(members.get("conversation_id")), id_of(members.get("message_id"))
        links: list[Link] = []
        if conversation:
            uid = provider_uid("chatgpt", self.account, "conversation", conversation)
            links.append(Link("related_to", uid))
            if message:
                links.append(Link("related_to", make_uid(uid, "message", message)))
        record = Record(
            uid=provider_uid("chatgpt", self.account, stem, native),
            body=bodies.Foreign(
                type=f"chatgpt.{stem}",
                title=text_of(members.get("title")) or text_of(members.get("name")),
                text="\n".join(words),
            ),
            origin=Origin(format="chatgpt", id=known, kind=f"chatgpt.{stem}"),
            times=Times(
                created=_first_time(members, "create_time", "created_at"),
                updated=_first_time(members, "update_time", "updated_at"),
            ),
            links=tuple(links),
            provenance=self.provenance,
        )
        yield self._original(record, data, place, findings)

    def _elements(self, member: Member, at: str = "") -> Iterator[Element | Finding]:
        try:
            with member.open() as stream:
                for element in iter_array(stream, at=at, file=member.name, limits=self.limits):
                    yield from_error(element.fault) if element.fault else element
        except SatchelError as error:
            yield from_error(error, place=Place(file=member.name))

    def _decoded(self, member: Member, element: Element, make: Any, *arguments: str) -> Iterator[Item]:
        place = Place(file=member.name, element=element.index, offset=element.offset)
        findings: list[Finding] = []
        try:
            value, _ = decode_repaired(element.data, place, self.limits, findings)
        except SatchelError as error:
            yield from_error(error, place=place)
            return
        yield from make(value, element.data, place, findings, *arguments)

    def _record(self, uid: str, body: bodies.AnyBody, kind: str, id: str) -> Record:
        origin = Origin(format="chatgpt", id=id, kind=f"chatgpt.{kind}")
        return Record(uid=uid, body=body, origin=origin, provenance=self.provenance)

    def _original(
        self, head: Record, data: bytes, place: Place, findings: list[Finding], records: list[Record] | None = None
    ) -> Original:
        return Original(
            uid=head.uid,
            kind=head.origin.kind,
            native=data,
            place=place,
            reader=self.reader,
            updated=head.times.updated or head.times.created,
            read=lambda: Reading((head, *(records or ())), tuple(findings)),
        )


def _comments(comments: Any) -> list[str]:
    """The words of a canvas document's comments: strings, or objects that hold them beside ids and positions."""
    found: list[str] = []
    for comment in comments if type(comments) is list else ():
        words = comment if type(comment) is not dict else [comment.get(name) for name in ("content", "text", "comment")]
        found.extend(text for text in leaves(words) if text)
    return found


def _keep(record: Record, records: dict[str, Record]) -> bool:
    """Add the record; another memory under an id that is there has a uid of its own. False for the same memory again."""
    met = records.get(record.uid)
    if met is not None and msgspec.structs.replace(met, native=record.native) != record:
        said = msgspec.json.encode(msgspec.structs.replace(record, native=Native())).decode()
        record = msgspec.structs.replace(record, uid=make_uid(record.uid, derived.text_digest(said)))
    return records.setdefault(record.uid, record) is record


def empty_file(member: Member) -> Finding:
    return Finding("empty", "info", "the file holds nothing", Place(file=member.name), "noticed")


def _wrong_type(place: Place) -> Finding:
    return Finding("wrong-type", "warning", "an element is no object and was not read", place, "skipped")


def _first_time(value: dict[str, Any], *members: str) -> Any:
    for member in members:
        moment = from_any(value.get(member))
        if moment is not None:
            return moment
    return None
