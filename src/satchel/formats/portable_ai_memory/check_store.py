"""Checking a memory-store.json: each element as it streams by, then what only the whole tells (dossier 1.16, 3.5).

What is kept of a store is ids and references; the memories themselves are read again when the checksum needs another
order or the other form.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Any

import msgspec

from satchel.codec.arrays import Element, iter_members
from satchel.codec.json_values import decode_unique
from satchel.errors import CanonicalError, InputError, Place
from satchel.formats.portable_ai_memory import moments, shapes, terms
from satchel.formats.portable_ai_memory.documents import File
from satchel.formats.portable_ai_memory.hashing import (
    Checksum,
    canonical_memory,
    content_hash,
    other_reading,
    sdk_form,
)
from satchel.formats.portable_ai_memory.rules import broken
from satchel.formats.portable_ai_memory.signature import check as check_signature
from satchel.formats.portable_ai_memory.structure import Report
from satchel.limits import Limits
from satchel.model.findings import Finding, Severity, from_error

_STREAMED = frozenset({"memories", "relations", "conversations_index"})
_BASE64URL = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


class Entry(msgspec.Struct, frozen=True):
    """What is kept of an index entry: its bytes, to compare with its file, and where it stands."""

    id: str
    derived: frozenset[str]
    place: Place
    data: bytes


class _Refs(msgspec.Struct, frozen=True):
    """What one memory names."""

    place: Place
    conversation: str
    message: str
    superseded_by: str
    embedding: str


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
        self._order: list[str] = []
        self._offsets = array("Q")
        self._lengths = array("Q")
        self._checksum: Checksum | None = Checksum()
        self.relation_ids: set[str] = set()
        self._ends: list[tuple[str, Place]] = []

    def findings(self) -> Iterator[Finding]:
        file = self.path.name
        try:
            with self.path.open("rb") as stream:
                for name, element in iter_members(stream, arrays=_STREAMED, file=file, limits=self.limits):
                    if element is None:
                        self.root[name] = []
                    elif name in _STREAMED and name in self.root:
                        yield from self._element(name, element)
                    else:
                        self.root[name] = self._decode(element, Place(file=file, offset=element.offset))
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
            self._relation(value, report)
        else:
            shapes.INDEX_ENTRY(value, "", report)
            self._entry(value, element, report)
        yield from report.findings

    def _memory(self, value: Any, element: Element, report: Report) -> None:
        if type(value) is not dict:
            self.whole = self.hashable = False
            return
        _memory_rules(value, report)
        own = value.get("id")
        if type(own) is not str:
            self.whole = self.hashable = False
            return
        if own in self.ids:
            report.rule("id-unique")
        self.ids.add(own)
        if self._order and own < self._order[-1]:
            self._checksum = None
        self._order.append(own)
        self._offsets.append(element.offset)
        self._lengths.append(len(element.data))
        try:
            canonical = canonical_memory(value)
            if self._checksum is not None:
                self._checksum.add(canonical)
        except CanonicalError:
            self.hashable = False
            report.rule("not-canonical")
        provenance, temporal = _object(value, "provenance"), _object(value, "temporal")
        refs = _Refs(
            report.place,
            _string(provenance, "conversation_ref"),
            _string(provenance, "message_ref"),
            _string(temporal, "superseded_by"),
            _string(value, "embedding_ref"),
        )
        if refs.conversation or refs.message or refs.superseded_by or refs.embedding:
            self.refs[own] = refs
        if refs.message and not refs.conversation:
            report.rule("message-ref", "/provenance/message_ref")

    def _relation(self, value: Any, report: Report) -> None:
        if type(value) is not dict:
            return
        own, source, target = _string(value, "id"), _string(value, "from"), _string(value, "to")
        if own in self.relation_ids:
            report.rule("relation-id-unique")
        self.relation_ids.add(own)
        if source and source == target:
            report.rule("relation-self")
        # Memories may stand behind the relations in the file: those ends are looked up at the end.
        for name, end in (("from", source), ("to", target)):
            if end and end not in self.ids:
                self._ends.append((end, report.at(f"/{name}")))

    def _entry(self, value: Any, element: Element, report: Report) -> None:
        if type(value) is not dict:
            return
        own = _string(value, "id")
        if own in self.entries:
            report.rule("conversation-id-unique")
            return
        if _string(value, "platform") in terms.PRODUCTS:
            report.rule("company-name", "/platform")
        time_order(_object(value, "temporal"), report, "/temporal")
        derived = value.get("derived_memories")
        ids = frozenset(each for each in derived if type(each) is str) if type(derived) is list else frozenset()
        self.entries[own] = Entry(own, ids, report.place, element.data)

    def _root_rules(self) -> Iterator[Finding]:
        root, report = self.root, Report(Place(file=self.path.name))
        if root.get("export_type") == "incremental" and not (root.get("base_export_id") and root.get("since")):
            report.rule("incremental-base")
        signature = root.get("signature")
        if type(signature) is dict:
            if not _string(_object(root, "integrity"), "checksum"):
                report.rule("signature-integrity")
            signed, exported = _instant(signature, "signed_at"), _instant(root, "export_date")
            if signed is not None and exported is not None and signed < exported:
                report.rule("signed-early", "/signature/signed_at")
            if not _BASE64URL.issuperset(_string(signature, "value").rstrip("=")):
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
        # The other end of what a delta names may be in its base.
        absent: Severity | None = "warning" if self.root.get("export_type") == "incremental" else None
        for end, place in self._ends:
            if end not in self.ids:
                yield broken("relation-end", place, severity=absent)
        for own, refs in self.refs.items():
            if refs.superseded_by and refs.superseded_by not in self.ids:
                yield broken("superseded-by", refs.place, severity=absent)
            if refs.conversation:
                entry = self.entries.get(refs.conversation)
                if entry is None:
                    yield broken("conversation-ref", refs.place, severity=None if self.entries else "warning")
                elif own not in entry.derived:
                    yield broken("derived-missing", refs.place)
        for entry in self.entries.values():
            for listed in sorted(entry.derived):
                if listed not in self.ids:
                    yield broken("derived-memory", entry.place, severity=absent)
                elif listed not in self.refs or self.refs[listed].conversation != entry.id:
                    yield broken("derived-extra", entry.place)
        yield from self._circles()

    def _circles(self) -> Iterator[Finding]:
        settled: set[str] = set()
        for start in self.refs:
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
        if type(total) in (int, float) and self.whole and total != len(self._order):
            yield broken("integrity-total", place)
        if type(declared) is not str:
            return
        if not self.whole or not self.hashable:
            yield broken("integrity-checksum", place, note="it cannot be computed: a memory has no canonical bytes")
            return
        raw = self._checksum.text() if self._checksum is not None else ""
        if raw == declared:
            return
        sorted_raw, normalised = self._both_forms()
        if sorted_raw == declared:
            return
        if normalised == declared:
            note = "it is that of the form the reference SDK gives them"
            yield broken("integrity-checksum", place, severity="warning", note=note)
        else:
            yield broken("integrity-checksum", place)

    def _both_forms(self) -> tuple[str, str]:
        """The checksums of the raw memories and of their SDK form, ids ascending, duplicates in file order."""
        raw, normalised = Checksum(), Checksum()
        with self.path.open("rb") as stream:
            for index in sorted(range(len(self._order)), key=self._order.__getitem__):
                stream.seek(self._offsets[index])
                value = decode_unique(stream.read(self._lengths[index]), limits=self.limits)
                raw.add(canonical_memory(value))
                try:
                    normalised.add(canonical_memory(sdk_form(value)))
                except CanonicalError:
                    normalised.add(b"?")
        return raw.text(), normalised.text()


def _memory_rules(memory: dict[str, Any], report: Report) -> None:
    """The rules that one memory tells by itself: X-11, X-14 to X-18, X-38 to X-40."""
    content, declared = memory.get("content"), memory.get("content_hash")
    if type(content) is str and type(declared) is str and content_hash(content) != declared:
        reading = other_reading(content, declared)
        if reading:
            note = f"it is by another reading: {reading}"
            report.rule("content-hash", "/content_hash", severity="warning", note=note)
        else:
            report.rule("content-hash", "/content_hash")
    if type(content) is str and content and not content.strip():
        report.rule("content-blank", "/content")
    temporal = _object(memory, "temporal")
    time_order(temporal, report, "/temporal")
    start, end = _instant(temporal, "valid_from"), _instant(temporal, "valid_until")
    if start is not None and end is not None and end < start:
        report.rule("validity-order", "/temporal/valid_until")
    created, reinforced = _instant(temporal, "created_at"), _instant(_object(memory, "confidence"), "last_reinforced")
    if created is not None and reinforced is not None and reinforced < created:
        report.rule("reinforced-order", "/confidence/last_reinforced")
    superseded_by = _string(temporal, "superseded_by")
    if bool(superseded_by) != (memory.get("status") == "superseded"):
        report.rule("status-superseded", "/status")
    if _string(_object(memory, "provenance"), "platform") in terms.PRODUCTS:
        report.rule("company-name", "/provenance/platform")
    access = _object(memory, "access")
    if access.get("exportable") is False:
        report.rule("not-exportable", "/access/exportable")
    visibility, grants = access.get("visibility", "private"), access.get("shared_with")
    if (visibility == "private" and bool(grants)) or (visibility == "shared" and not grants):
        report.rule("access-grants", "/access")


def time_order(temporal: dict[str, Any], report: Report, pointer: str) -> None:
    """X-14."""
    created, updated = _instant(temporal, "created_at"), _instant(temporal, "updated_at")
    if created is not None and updated is not None and updated < created:
        report.rule("time-order", f"{pointer}/updated_at")


def _object(value: dict[str, Any], name: str) -> dict[str, Any]:
    member = value.get(name)
    return member if type(member) is dict else {}


def _string(value: dict[str, Any], name: str) -> str:
    member = value.get(name)
    return member if type(member) is str else ""


def _instant(value: dict[str, Any], name: str) -> int | None:
    member = value.get(name)
    moment = moments.read(member) if type(member) is str else None
    return moment.instant if moment is not None else None
