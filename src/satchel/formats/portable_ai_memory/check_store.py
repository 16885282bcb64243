"""Checking a memory-store.json: each element as it streams by, then what only the whole tells (dossier 1.16, 3.5).

What is kept of a store is ids and references; the memories themselves are read again when the checksum needs another
order or the other form.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from satchel.codec.arrays import Element, Run, iter_members
from satchel.codec.json_values import decode_unique
from satchel.errors import CanonicalError, InputError, Place
from satchel.formats.portable_ai_memory import shapes, terms
from satchel.formats.portable_ai_memory.checksum import RunningChecksum
from satchel.formats.portable_ai_memory.documents import File
from satchel.formats.portable_ai_memory.hashing import canonical_memory
from satchel.formats.portable_ai_memory.memory_rules import (
    member_instant,
    member_object,
    member_text,
    memory_rules,
    nothing_to_say,
    time_order,
)
from satchel.formats.portable_ai_memory.quick import parser_of, quick_of
from satchel.formats.portable_ai_memory.rules import broken
from satchel.formats.portable_ai_memory.signature import check as check_signature
from satchel.formats.portable_ai_memory.structure import Report
from satchel.limits import Limits
from satchel.model.findings import Finding, Severity, from_error

_BASE64URL = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


class Entry(msgspec.Struct, frozen=True):
    """What is kept of an index entry: what it lists, where it stands, and, where a file may have to agree with it, its JSON."""

    id: str
    derived: frozenset[str]
    place: Place
    data: bytes = b""


class _Refs(msgspec.Struct, frozen=True, gc=False):
    """What one memory names, and where the memory stands."""

    file: str
    element: int
    conversation: str
    message: str
    superseded_by: str
    embedding: str

    @property
    def place(self) -> Place:
        return Place(self.file, self.element, None, f"/memories/{self.element}")


class StoreCheck:
    """One run over a store; after ``findings`` the attributes tell what companion files must agree with."""

    def __init__(self, path: File, limits: Limits, *, version: str, tolerant: bool) -> None:
        self.path = path
        self.limits = limits
        self.version = version
        self.tolerant = tolerant
        self.ids: set[str] = set()
        self.entries: dict[str, Entry] = {}
        self.refs: dict[str, _Refs] = {}
        self.root: dict[str, Any] = {}
        #: All ids were read; all memories have canonical bytes.
        self.whole = True
        self.hashable = True
        self._checksum = RunningChecksum()
        self.relation_ids: set[str] = set()
        #: Ends of relations that no memory so far had the id of, with the relation's index.
        self._ends: list[tuple[str, str, int]] = []

    def findings(self) -> Iterator[Finding]:
        file = self.path.name
        try:
            with self.path.open("rb") as stream:
                arrays = shapes.STORE_ARRAYS
                for name, part in iter_members(stream, arrays=arrays, file=file, limits=self.limits, runs=parser_of):
                    if part is None:
                        self.root[name] = []
                    elif isinstance(part, Run):
                        if not self._run(name, part):
                            for element in part.elements():
                                yield from self._element(name, element)
                    elif name in arrays and name in self.root:
                        yield from self._element(name, part)
                    else:
                        self.root[name] = self._decode(part, Place(file=file, offset=part.offset))
        except InputError as error:
            self.whole = False
            yield from_error(error, place=Place(file=file))
            return
        report = Report(Place(file=file), tolerant=self.tolerant)
        shapes.STORE(self.root, "", report)
        yield from report.findings
        yield from self._root_rules()
        yield from self._references()
        yield from self._integrity()

    def _decode(self, element: Element, place: Place) -> Any:
        return decode_unique(element.whole(), place=place, limits=self.limits)

    def _run(self, name: str, run: Run) -> bool:
        """Take a run in which nothing is to be told; False, and nothing taken, when it is to be looked at closely."""
        lines = quick_of(name).passes(run, self.limits)
        if lines is None or run.values is None:
            return False
        match name:
            case "memories":
                return self._memories(run, run.values, lines)
            case "relations":
                return self._relations(run.index, run.values)
            case _:
                return self._entries(run.index, run.values)

    def _memories(self, run: Run, memories: list[Any], lines: bytes) -> bool:
        if not nothing_to_say(memories):
            return False
        refs: list[tuple[str, _Refs]] = []
        file = self.path.name
        for index, memory in enumerate(memories, run.index):
            provenance = memory.provenance
            conversation, message = provenance.conversation_ref or "", provenance.message_ref or ""
            superseded_by, embedding = memory.temporal.superseded_by or "", memory.embedding_ref or ""
            if message and not conversation:
                return False
            if conversation or superseded_by or embedding:
                refs.append((memory.id, _Refs(file, index, conversation, message, superseded_by, embedding)))
        ids = [memory.id for memory in memories]
        if len(set(ids)) != len(ids) or not self.ids.isdisjoint(ids):
            return False
        self.ids.update(ids)
        self.refs.update(refs)
        self._checksum.add(ids, lines, run.offset, len(run.data))
        return True

    def _relations(self, first: int, relations: list[Any]) -> bool:
        ids = {relation.id for relation in relations}
        if len(ids) != len(relations) or not self.relation_ids.isdisjoint(ids):
            return False
        if any(relation.from_ == relation.to for relation in relations):
            return False
        self.relation_ids |= ids
        for index, relation in enumerate(relations, first):
            self._wanted(relation.from_, "from", index)
            self._wanted(relation.to, "to", index)
        return True

    def _entries(self, first: int, entries: list[Any]) -> bool:
        ids = {entry.id for entry in entries}
        if len(ids) != len(entries) or not ids.isdisjoint(self.entries):
            return False
        for entry in entries:
            created, updated = entry.temporal.created_at, entry.temporal.updated_at
            if entry.platform in terms.PRODUCTS or (updated and updated[:-1] < created[:-1]):
                return False
        file = self.path.name
        for index, entry in enumerate(entries, first):
            own, derived = entry.id, frozenset(entry.derived_memories or ())
            data = msgspec.json.encode(entry) if entry.storage else b""
            self.entries[own] = Entry(own, derived, Place(file, index, None, f"/conversations_index/{index}"), data)
        return True

    def _wanted(self, end: str, name: str, index: int) -> None:
        # Memories may stand behind the relations in the file: those ends are looked up at the end.
        if end and end not in self.ids:
            self._ends.append((end, name, index))

    def _element(self, name: str, element: Element) -> Iterator[Finding]:
        place = Place(self.path.name, element.index, element.offset, f"/{name}/{element.index}")
        try:
            value = self._decode(element, place)
        except InputError as error:
            self.whole = False
            yield from_error(error, place=place)
            return
        report = Report(place, tolerant=self.tolerant)
        if name == "memories":
            shapes.MEMORY(value, "", report)
            self._memory(value, element, report)
        elif name == "relations":
            shapes.RELATION(value, "", report)
            self._relation(value, element.index, report)
        else:
            shapes.INDEX_ENTRY(value, "", report)
            self._entry(value, element, report)
        yield from report.findings

    def _memory(self, value: Any, element: Element, report: Report) -> None:
        if type(value) is not dict:
            self.whole = self.hashable = False
            return
        memory_rules(value, report)
        own = value.get("id")
        if type(own) is not str:
            self.whole = self.hashable = False
            return
        if own in self.ids:
            report.rule("id-unique")
        self.ids.add(own)
        canonical = b"{}"
        try:
            canonical = canonical_memory(value)
        except CanonicalError:
            self.hashable = False
            report.rule("not-canonical")
        self._checksum.add([own], canonical + b"\n", element.offset, len(element.data))
        provenance, temporal = member_object(value, "provenance"), member_object(value, "temporal")
        refs = _Refs(
            self.path.name,
            element.index,
            member_text(provenance, "conversation_ref"),
            member_text(provenance, "message_ref"),
            member_text(temporal, "superseded_by"),
            member_text(value, "embedding_ref"),
        )
        if refs.conversation or refs.message or refs.superseded_by or refs.embedding:
            self.refs[own] = refs
        if refs.message and not refs.conversation:
            report.rule("message-ref", "/provenance/message_ref")

    def _relation(self, value: Any, index: int, report: Report) -> None:
        if type(value) is not dict:
            return
        own, source, target = member_text(value, "id"), member_text(value, "from"), member_text(value, "to")
        if own in self.relation_ids:
            report.rule("relation-id-unique")
        self.relation_ids.add(own)
        if source and source == target:
            report.rule("relation-self")
        self._wanted(source, "from", index)
        self._wanted(target, "to", index)

    def _entry(self, value: Any, element: Element, report: Report) -> None:
        if type(value) is not dict:
            return
        own = member_text(value, "id")
        if own in self.entries:
            report.rule("conversation-id-unique")
            return
        if member_text(value, "platform") in terms.PRODUCTS:
            report.rule("company-name", "/platform")
        time_order(member_object(value, "temporal"), report, "/temporal")
        derived = value.get("derived_memories")
        ids = frozenset(each for each in derived if type(each) is str) if type(derived) is list else frozenset()
        place = msgspec.structs.replace(report.place, offset=None)
        self.entries[own] = Entry(own, ids, place, element.data if "storage" in value else b"")

    def _root_rules(self) -> Iterator[Finding]:
        root, report = self.root, Report(Place(file=self.path.name))
        if self.is_increment and not (root.get("base_export_id") and root.get("since")):
            report.rule("incremental-base")
        signature = root.get("signature")
        if type(signature) is dict:
            if not member_text(member_object(root, "integrity"), "checksum"):
                report.rule("signature-integrity")
            signed, exported = member_instant(signature, "signed_at"), member_instant(root, "export_date")
            if signed is not None and exported is not None and signed < exported:
                report.rule("signed-early", "/signature/signed_at")
            if not _BASE64URL.issuperset(member_text(signature, "value").rstrip("=")):
                report.rule("signature-alphabet", "/signature/value")
            # Whose the key is, only a person can say: satchel verify asks that (dossier 4.6).
            checked = check_signature(root)
            failed = next((step for step in checked.steps if step.outcome == "failed" and step.name != "conditions"), None)
            if failed is not None:
                report.rule("signature-invalid", "/signature", note=failed.text)
            elif checked.holds:
                report.rule("signature-untrusted", "/signature")
            if root.get("export_id") == "":
                report.rule("signature-invalid", "/export_id", note="the signed export_id is empty")
        yield from report.findings

    def _references(self) -> Iterator[Finding]:
        """X-04, X-06 to X-10 and X-18: what the elements name in one another."""
        if not self.whole:
            return
        yield from (finding for _, finding in self.outside())
        for own, refs in self.refs.items():
            if refs.conversation:
                entry = self.entries.get(refs.conversation)
                if entry is None:
                    yield broken("conversation-ref", refs.place, severity=None if self.entries else "warning")
                elif own not in entry.derived:
                    yield broken("derived-missing", refs.place)
        for entry in self.entries.values():
            for listed in sorted(entry.derived):
                if listed in self.ids and (listed not in self.refs or self.refs[listed].conversation != entry.id):
                    yield broken("derived-extra", entry.place)
        yield from self._circles()

    def outside(self) -> Iterator[tuple[str, Finding]]:
        """X-04, X-07 and X-08: ids that are named as memories and are none of this store, each with what is to be said of it:
        only a doubt in an increment, for the other end may be in the base."""
        absent: Severity | None = "warning" if self.is_increment else None
        for end, name, index in self._ends:
            if end not in self.ids:
                place = Place(self.path.name, index, None, f"/relations/{index}/{name}")
                yield end, broken("relation-end", place, severity=absent)
        for refs in self.refs.values():
            if refs.superseded_by and refs.superseded_by not in self.ids:
                yield refs.superseded_by, broken("superseded-by", refs.place, severity=absent)
        for entry in self.entries.values():
            for listed in sorted(entry.derived - self.ids):
                yield listed, broken("derived-memory", entry.place, severity=absent)

    @property
    def is_increment(self) -> bool:
        """Whether the store says that it goes on top of another."""
        return self.root.get("export_type") == "incremental"

    def _circles(self) -> Iterator[Finding]:
        settled: set[str] = set()
        for start in [own for own, refs in self.refs.items() if refs.superseded_by]:
            path: set[str] = set()
            at = start
            while at in self.refs and at not in settled and at not in path:
                path.add(at)
                at = self.refs[at].superseded_by
            if at in path:
                yield broken("superseded-cycle", self.refs[at].place)
            settled.update(path)

    def _integrity(self) -> Iterator[Finding]:
        integrity = self.root.get("integrity")
        if type(integrity) is not dict:
            return
        place = Place(file=self.path.name, pointer="/integrity")
        total, declared = integrity.get("total_memories"), integrity.get("checksum")
        if type(total) in (int, float) and self.whole and total != len(self._checksum.ids):
            yield broken("integrity-total", place)
        if type(declared) is not str:
            return
        if not self.whole or not self.hashable:
            yield broken("integrity-checksum", place, note="it cannot be computed: a memory has no canonical bytes")
        elif self._checksum.text(self.path) != declared:
            if self._checksum.sdk_text(self.path) == declared:
                note = "it is that of the form the reference SDK gives them"
                yield broken("integrity-checksum", place, severity="warning", note=note)
            else:
                yield broken("integrity-checksum", place)
