"""The files that came with an export: which loose members are ChatGPT's, under which id, and what they are called.

Ids are resolved in the order of providers.md 3.1: ``conversation_asset_file_names.json``, ``library_files.json``, the id
at the start of a member's name, ``assetsJson`` of ``chat.html``. A pointer is only ever compared with names.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterator, Sequence
from typing import Any

from satchel.adapters.chatgpt.documents import read_json
from satchel.adapters.chatgpt.files import base_name, display_name, file_id, file_uid, id_by_pattern, id_prefixes
from satchel.adapters.chatgpt.shapes import id_of, text_of
from satchel.codec.sources import Member
from satchel.errors import Place
from satchel.limits import Limits
from satchel.model import bodies
from satchel.model.findings import Finding
from satchel.model.ids import make_uid, provider_uid
from satchel.model.record import Asset, Item, Link, Native, Origin, Original, Provenance, Reading, Record, Times
from satchel.model.times import from_any

_POINTER = re.compile(rb'(?:file-service|sediment)://([^"\\]{1,200})')
_ID = re.compile(rb'"(?:id|file_id)"\s*:\s*"([^"\\]{4,200})"')


class Assets:
    """What is known of the export's files; filled from side files and from the conversations that go by."""

    def __init__(self, account: str, reader: str, limits: Limits, loose: Sequence[Member]) -> None:
        self.account = account
        self.reader = reader
        self.limits = limits
        self.loose = sorted(loose, key=lambda member: member.path)
        #: File id to display path.
        self.names: dict[str, str] = {}
        #: File id to its entry in library_files.json.
        self.library: dict[str, dict[str, Any]] = {}
        self.found: dict[str, str] = {}
        #: Ids that a member not yet resolved could have, to the paths of those members.
        self.wanted: dict[str, list[str]] = {}
        #: Paths of members that were given out, and ids that their records have.
        self._given: set[str] = set()
        self._used: set[str] = set()
        self.provenance = Provenance(platform="chatgpt", account=account, method="api_export")

    def read_names(self, member: Member) -> Iterator[Item]:
        """``conversation_asset_file_names.json``: kept, and its names learnt."""
        findings: list[Finding] = []
        value, data = read_json(member, self.limits, findings)
        if type(value) is dict:
            self.learn_names(value)
        yield self._kept("asset_file_names", data, Place(file=member.name), findings, [])

    def learn_names(self, names: dict[str, Any]) -> None:
        for key, path in names.items():
            if type(path) is str and path:
                self.names.setdefault(file_id(key), path)

    def read_library(self, member: Member) -> Iterator[Item]:
        """``library_files.json``: kept; a document record for each file whose bytes did not come."""
        findings: list[Finding] = []
        value, data = read_json(member, self.limits, findings)
        items = value if type(value) is list else [value]
        entries: list[tuple[int, str, dict[str, Any]]] = []
        for index, item in enumerate(items):
            file = file_id(id_of(item.get("file_id"))) if type(item) is dict else ""
            if file:
                entries.append((index, file, item))
                self.library.setdefault(file, item)
            else:
                place = Place(file=member.name, element=index)
                findings.append(Finding("wrong-type", "warning", "an entry names no file and was not read", place, "skipped"))
        here = {file for path in self.loose for file in id_prefixes(base_name(path.path))}
        records = [
            self._record(file, _library_name(entry) or file, None, Native(pointer=f"/{index}"))
            for index, file, entry in entries
            if file not in here
        ]
        unique = {record.uid: record for record in records}
        yield self._kept("library_files", data, Place(file=member.name), findings, list(unique.values()))

    def _kept(self, stem: str, data: bytes, place: Place, findings: list[Finding], records: list[Record]) -> Original:
        uid = provider_uid("chatgpt", self.account, stem, stem)
        head = Record(
            uid=uid,
            body=bodies.Foreign(type=f"chatgpt.{stem}"),
            origin=Origin(format="chatgpt", kind=f"chatgpt.{stem}"),
            provenance=self.provenance,
        )
        return Original(
            uid=uid,
            kind=f"chatgpt.{stem}",
            native=data,
            place=place,
            reader=self.reader,
            updated=None,
            read=lambda: Reading((head, *records), tuple(findings)),
        )

    def resolve(self) -> None:
        """Give every loose member the id that the side files or its own name tell; call before the conversations."""
        for member in self.loose:
            base = base_name(member.path)
            ids = id_prefixes(base)
            known = next((file for file in ids if file in self.names or file in self.library), "")
            file = known or id_by_pattern(member.path)
            if file:
                self.found[member.path] = file
            else:
                for candidate in ids:
                    self.wanted.setdefault(candidate, []).append(member.path)

    def look(self, data: bytes) -> None:
        """Find in a conversation's bytes the ids of members that are still unresolved."""
        if not self.wanted:
            return
        if b"file-service://" in data or b"sediment://" in data:
            for pointer in _POINTER.finditer(data):
                self._learn(pointer[1])
        if b'"attachments"' in data:
            for file in _ID.finditer(data):
                self._learn(file[1])

    def _learn(self, raw: bytes) -> None:
        file = file_id(raw.decode("utf-8", "replace"))
        for path in self.wanted.pop(file, ()):
            if len(file) > len(self.found.get(path, "")):
                self.found[path] = file

    def items(self) -> Iterator[Asset]:
        """The members resolved so far, each once, as an asset with its document record."""
        for member in self.loose:
            file = self.found.get(member.path)
            if file is None or member.path in self._given:
                continue
            self._given.add(member.path)
            base = base_name(member.path)
            name = base_name(self.names.get(file, "")) or _library_name(self.library.get(file, {}))
            name = name or display_name(base, file)
            # A second file of one id, another size or copy of it, is told apart by its own name.
            own = base if file in self._used else file
            self._used.add(own)
            record = self._record(own, name, member.size_bytes, Native())
            yield Asset(record=record, place=Place(file=member.name), size_bytes=member.size_bytes, open=member.open)

    def _record(self, file: str, name: str, size_bytes: int | None, native: Native) -> Record:
        entry = self.library.get(file, {})
        media_type = text_of(entry.get("mime_type")) or mimetypes.guess_type(name, strict=False)[0] or ""
        declared = entry.get("file_size_bytes")
        if size_bytes is None and type(declared) is int and declared >= 0:
            size_bytes = declared
        links: list[Link] = []
        thread = id_of(entry.get("origination_thread_id"))
        if thread:
            conversation = provider_uid("chatgpt", self.account, "conversation", thread)
            links.append(Link("related_to", conversation))
            message = id_of(entry.get("origination_message_id"))
            if message:
                links.append(Link("related_to", make_uid(conversation, "message", message)))
        return Record(
            uid=file_uid(self.account, file),
            body=bodies.Document(name=name, media_type=media_type, size_bytes=size_bytes),
            origin=Origin(format="chatgpt", id=file, kind="chatgpt.file"),
            times=Times(created=from_any(entry.get("created_at")) or from_any(entry.get("file_upload_time"))),
            links=tuple(links),
            provenance=self.provenance,
            native=native,
        )


def _library_name(entry: dict[str, Any]) -> str:
    name, extension = text_of(entry.get("file_name")), text_of(entry.get("file_extension")).lstrip(".")
    if name and extension and "." not in name:
        return f"{name}.{extension}"
    return name
