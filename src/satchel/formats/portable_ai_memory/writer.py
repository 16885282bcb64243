"""Writing a package: three passes over the selection, none of which keeps what it has seen but ids.

    plan             which records become memories, what they refer to
    conversations    a file each, their index entries spooled
    store            memories in ascending order of ids with the running checksum, then relations, index and integrity

The same selection gives the same bytes: ids are hashes of uids, the date is the selection's, nothing is random. Only a
signature says when it was made.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import IO, Any, BinaryIO

from satchel.formats.base import Progress, Selection, Written
from satchel.formats.folder import Folder
from satchel.formats.portable_ai_memory import signature, terms
from satchel.formats.portable_ai_memory.attachments import Attachments
from satchel.formats.portable_ai_memory.conversations import conversation_file
from satchel.formats.portable_ai_memory.earlier import is_ours
from satchel.formats.portable_ai_memory.hashing import Checksum, canonical_memory
from satchel.formats.portable_ai_memory.memories import (
    Surroundings,
    conversation_uid,
    first_time,
    memory_object,
    relation_objects,
    told_substitute,
)
from satchel.formats.portable_ai_memory.spelling import dump
from satchel.formats.portable_ai_memory.statements import KINDS, PLACELESS, Refusal, Statement, statement_of
from satchel.model.bodies import Conversation, Relation
from satchel.model.ids import make_uid, uuid_of
from satchel.model.ledger import Ledger
from satchel.model.record import Record
from satchel.model.times import to_rfc3339
from satchel.trust.signatures import PrivateKey

#: uuid_of keeps the first 48 bits of a uid as they are and masks six of the bits behind them.
_KEPT_DIGITS = 12
_BATCH = 256


def in_order_of_ids(records: Iterator[Record]) -> Iterator[Record]:
    """Records ordered by uid, ordered by ``uuid_of(uid)``: only neighbours that share 48 bits can change places."""
    for _, group in groupby(records, key=lambda record: record.uid[:_KEPT_DIGITS]):
        yield from sorted(group, key=lambda record: uuid_of(record.uid))


class Writer:
    """One export of one selection."""

    def __init__(
        self, selection: Selection, folder: Folder, progress: Progress | None, signing_key: PrivateKey | None = None
    ) -> None:
        self._selection = selection
        self._signing_key = signing_key
        self._folder = folder
        self._progress = progress
        self._pending = 0
        self.ledger = Ledger()
        self.memories = 0
        self.conversations = 0
        self.messages = 0
        self._written: set[bytes] = set()
        self._replaced: dict[str, str] = {}
        self._derived: dict[str, list[str]] = {}
        self._wanted: set[str] = set()
        self._found: dict[str, str] = {}
        self._talks: set[str] = set()

    def run(self) -> None:
        """Write everything into the folder, which is not committed."""
        attachments = Attachments(self._selection, self._folder, self.ledger)
        self._plan()
        with self._folder.spool() as index, self._folder.spool() as relations:
            self._conversations(index, attachments)
            with self._folder.create(terms.STORE_FILE) as sink:
                self._store(sink, relations, index, attachments)
        for kind, text in PLACELESS.items():
            for _ in self._selection.records(kind):
                self.ledger.record(kind, "omitted", "no-place", text)
                self._step()
        self._step(0, flush=True)

    def _step(self, count: int = 1, *, flush: bool = False) -> None:
        self._pending += count
        if self._progress is not None and self._pending and (flush or self._pending >= _BATCH):
            self._progress(self._pending)
            self._pending = 0

    def _statements(self) -> Iterator[tuple[Record, Statement | Refusal]]:
        """All records of the kinds of memory, in order of ids; two with one id are one too many."""
        last = ""
        for record in in_order_of_ids(self._selection.records(*KINDS)):
            statement = statement_of(record)
            if isinstance(statement, Statement):
                own = uuid_of(record.uid)
                if own == last:
                    statement = Refusal("id-taken", "its id is that of another memory")
                last = own
            yield record, statement

    def _plan(self) -> None:
        for record, statement in self._statements():
            if isinstance(statement, Refusal):
                continue
            self._written.add(bytes.fromhex(record.uid))
            uid = conversation_uid(record, self._selection)
            if uid:
                self._derived.setdefault(uid, []).append(uuid_of(record.uid))
            if record.provenance.message:
                self._wanted.add(record.provenance.message)
            for link in record.links:
                self._wanted.add(link.to)
                if link.type == "supersedes" and link.to != record.uid:
                    self._replaced.setdefault(link.to, record.uid)

    def _is_memory(self, uid: str) -> bool:
        try:
            return bytes.fromhex(uid) in self._written
        except ValueError:
            return False

    def _conversations(self, index: IO[bytes], attachments: Attachments) -> None:
        for record in self._selection.records("conversation"):
            if not record.access.exportable:
                self.ledger.record("conversation", "omitted", "not-exportable", "marked as not to be exported")
                for _ in self._selection.messages(record.uid):
                    self.ledger.record("message", "omitted", "not-exportable", "its conversation is not to be exported")
                continue
            assert isinstance(record.body, Conversation)
            derived = self._derived.get(record.uid, [])
            written = conversation_file(
                record, record.body, self._selection, attachments, derived, self._is_memory, self.ledger
            )
            with self._folder.create(written.entry["storage"]["ref"]) as sink:
                for piece in written.file:
                    sink.write(piece)
            self._talks.add(record.uid)
            for uid in written.messages:
                if uid in self._wanted:
                    self._found[uid] = record.uid
            index.write(b",\n" if self.conversations else b"\n")
            index.write(dump(written.entry))
            self.ledger.record("conversation", "accepted")
            self.conversations += 1
            self.messages += len(written.messages)
            self._step(1 + len(written.messages))

    def _store(self, sink: BinaryIO, relations: IO[bytes], index: IO[bytes], attachments: Attachments) -> None:
        selection = self._selection
        owner = {"id": selection.owner_id}
        key_id = ""
        if self._signing_key is not None:
            # The one DID that needs no network: it is the signing key (dossier 4.8, PAM-121 to PAM-123).
            owner["did"], key_id = signature.own_did(self._signing_key.public)
        head: dict[str, Any] = {
            "schema": terms.STORE_SCHEMA,
            "schema_version": terms.SCHEMA_VERSION,
            "spec_uri": terms.SPEC_URI,
            "exported_by": terms.system_name(),
            "export_date": to_rfc3339(selection.changed_at),
            "export_type": "full",
            "owner": owner,
        }
        sink.write(b"{")
        sink.writelines(b"%s:%s,\n" % (dump(name), dump(value)) for name, value in head.items())
        sink.write(b'"memories":[')
        checksum = self._memories(sink, relations, attachments)
        self._relations(relations)
        for name, spool in (("relations", relations), ("conversations_index", index)):
            sink.write(b'\n],\n"%s":[' % name.encode())
            spool.seek(0)
            shutil.copyfileobj(spool, sink, 1 << 20)
        integrity = {"canonicalization": "RFC8785", "checksum": checksum, "total_memories": self.memories}
        export_id = uuid_of(make_uid(terms.STORE_SCHEMA, "export", selection.owner_id, checksum))
        sink.write(b'\n],\n"integrity":%s,\n"export_id":%s' % (dump(integrity), dump(export_id)))
        if self._signing_key is not None:
            data = signature.payload(checksum, export_id, head["export_date"], selection.owner_id)
            # Signed now, and never before what is signed, should the clock have gone back.
            signed_at = max(datetime.now(UTC), selection.changed_at)
            sink.write(b',\n"signature":%s' % dump(signature.make_block(self._signing_key, data, signed_at, key_id)))
        sink.write(b"}\n")

    def _memories(self, sink: BinaryIO, relations: IO[bytes], attachments: Attachments) -> str:
        """Write the memories, each in its canonical form, and spool their relations; their checksum."""
        around = Surroundings(
            self._is_memory,
            self._talks.__contains__,
            lambda uid: self._found.get(uid, ""),
            lambda uid: self._replaced.get(uid, ""),
        )
        checksum = Checksum()
        ledger = self.ledger
        for record, statement in self._statements():
            self._step()
            if isinstance(statement, Refusal):
                if statement.code == "blob-only" and record.uid in attachments.copied:
                    ledger.record(record.kind, "transformed", "attachment", "written as a message's attachment")
                else:
                    ledger.record(record.kind, "omitted", statement.code, statement.text)
                continue
            memory = memory_object(record, statement, self._selection, around, ledger)
            data = canonical_memory(memory)
            checksum.add(data)
            sink.write(b",\n" if self.memories else b"\n")
            sink.write(data)
            self.memories += 1
            for relation in relation_objects(record, memory, around):
                _append(relations, relation)
            if record.kind == "memory" and not statement.custom_type:
                ledger.record(record.kind, "accepted")
            elif statement.custom_type:
                ledger.record(record.kind, "transformed", "as-custom", "written as a memory of a custom type")
            else:
                ledger.record(record.kind, "transformed", "as-memory", f"written as a memory of type {statement.type}")
        return checksum.text()

    def _relations(self, relations: IO[bytes]) -> None:
        """The relation records whose ends are written and whose type the closed list has (dossier 1.10)."""
        for record in self._selection.records("relation"):
            self._step()
            body = record.body
            assert isinstance(body, Relation)
            if not record.access.exportable:
                self.ledger.record("relation", "omitted", "not-exportable", "marked as not to be exported")
            elif body.type not in terms.RELATION_TYPES:
                self.ledger.record("relation", "omitted", "relation-type", "the format's list of relations is closed")
            elif not self._is_memory(body.source) or not self._is_memory(body.target):
                self.ledger.record("relation", "omitted", "relation-end", "an end of it is no memory of this export")
            else:
                _append(relations, self._relation(record, body))
                self.ledger.record("relation", "accepted")

    def _relation(self, record: Record, body: Relation) -> dict[str, Any]:
        times = record.times
        source, created = first_time(
            ("created", times.created),
            ("updated", times.updated),
            ("observed", times.observed),
            ("recorded", times.recorded),
        ) or ("the export", self._selection.changed_at)
        if source != "created":
            told_substitute("relation", source, self.ledger)
        relation: dict[str, Any] = {
            "id": uuid_of(record.uid),
            "from": uuid_of(body.source),
            "to": uuid_of(body.target),
            "type": body.type,
        }
        if body.confidence is not None and 0 <= body.confidence <= 1:
            relation["confidence"] = body.confidence
        for name, value in (("text", body.text), ("valid_from", times.valid_from), ("valid_to", times.valid_to)):
            if value:
                self.ledger.field("relation", name, "lost", "no-member", "a relation of the format cannot say it")
        relation["created_at"] = to_rfc3339(created)
        return relation


def _append(spool: IO[bytes], value: dict[str, Any]) -> None:
    spool.write(b",\n" if spool.tell() else b"\n")
    spool.write(dump(value))


def write(selection: Selection, target: Path, progress: Progress | None, signing_key: PrivateKey | None = None) -> Written:
    """Write ``selection`` as the package folder ``target``, signed where there is a key. Raises OutputError."""
    with Folder(target, is_ours) as folder:
        writer = Writer(selection, folder, progress, signing_key)
        writer.run()
        folder.commit()
        return Written(
            counts={"memories": writer.memories, "conversations": writer.conversations, "messages": writer.messages},
            files=folder.files,
            size_bytes=folder.size_bytes,
            ledger=writer.ledger,
        )
