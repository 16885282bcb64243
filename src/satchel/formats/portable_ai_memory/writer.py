"""Writing a package: passes over the selection, none of which keeps what it has seen but ids.

    plan             which records become memories, what they refer to, what came in this format and goes home
    conversations    a file each, their index entries spooled
    store            memories in ascending order of ids with the running checksum, then relations, index and integrity
    companions       embeddings, and the sidecar that tells whence each thing came

The same selection gives the same bytes: ids are hashes of uids, the date is the selection's, nothing is random. Only a
signature says when it was made.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from heapq import merge
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import IO, Any, BinaryIO

import msgspec

from satchel.errors import VaultDamaged
from satchel.formats.base import Progress, Selection, Written
from satchel.formats.folder import Folder
from satchel.formats.portable_ai_memory import homeward, signature, terms
from satchel.formats.portable_ai_memory.attachments import Attachments
from satchel.formats.portable_ai_memory.conversations import conversation_file
from satchel.formats.portable_ai_memory.earlier import is_ours
from satchel.formats.portable_ai_memory.hashing import Checksum, canonical_memory
from satchel.formats.portable_ai_memory.homeward import Homes, is_home
from satchel.formats.portable_ai_memory.identifiers import strip_conversation, strip_memory, stripped, told
from satchel.formats.portable_ai_memory.memories import (
    Surroundings,
    conversation_uid,
    first_time,
    memory_object,
    relation_objects,
    told_substitute,
)
from satchel.formats.portable_ai_memory.sidecar import Notes
from satchel.formats.portable_ai_memory.space import uid_in
from satchel.formats.portable_ai_memory.spelling import dump
from satchel.formats.portable_ai_memory.statements import KINDS, PLACELESS, Refusal, Statement, statement_of
from satchel.formats.portable_ai_memory.zipped import names_zip, write_zip
from satchel.formats.sorting import SortedLines
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
        self,
        selection: Selection,
        folder: Folder,
        progress: Progress | None,
        signing_key: PrivateKey | None = None,
        *,
        sdk: bool = False,
        strip_identifiers: bool = False,
    ) -> None:
        self._selection = selection
        self._signing_key = signing_key
        self._sdk = sdk
        self._strip = strip_identifiers
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
        #: Of the messages that memories name: their conversation, and the id that they are written under.
        self._found: dict[str, tuple[str, str]] = {}
        self._talks: set[str] = set()
        self._homes = Homes(selection)
        self._notes = Notes(folder.spool)

    def run(self) -> None:
        """Write everything into the folder, which is not committed."""
        attachments = Attachments(self._selection, self._folder, self.ledger)
        self._homes.name_conversations()
        self._plan()
        self._homes.companions(self._is_memory, self.ledger)
        self._home_files(attachments)
        with self._folder.spool() as index, self._folder.spool() as relations:
            self._conversations(index, attachments)
            for uid, path in attachments.copied.items():
                if uid not in self._homes.files:
                    self._notes.made("attachment", path, uid)
            with self._folder.create(terms.STORE_FILE) as sink:
                self._store(sink, relations, index, attachments)
        self._embeddings()
        if not self._strip:
            with self._folder.create(terms.SIDECAR_FILE) as sink:
                sink.writelines(self._notes.pieces())
        for kind, text in PLACELESS.items():
            for record in self._selection.records(kind):
                if not is_home(record):
                    self.ledger.record(kind, "omitted", "no-place", text)
                self._step()
        self._step(0, flush=True)

    def _step(self, count: int = 1, *, flush: bool = False) -> None:
        self._pending += count
        if self._progress is not None and self._pending and (flush or self._pending >= _BATCH):
            self._progress(self._pending)
            self._pending = 0

    def _statements(self) -> Iterator[tuple[Record, Statement | Refusal]]:
        """All records that become memories, or might, in order of ids; two with one id are one too many."""
        last = ""
        for record in in_order_of_ids(self._selection.records(*KINDS)):
            if _goes_home(record):
                continue
            statement = statement_of(record)
            if isinstance(statement, Statement):
                own = uuid_of(record.uid)
                if own == last:
                    statement = Refusal("id-taken", "its id is that of another memory")
                last = own
            yield record, statement

    def _plan(self) -> None:
        home: dict[str, str] = {}
        built: set[str] = set()
        for record in self._selection.records(*KINDS):
            if _goes_home(record) and record.access.exportable:
                self._written.add(bytes.fromhex(record.uid))
                home[record.uid] = record.origin.id
        for record, statement in self._statements():
            if isinstance(statement, Refusal):
                continue
            built.add(uuid_of(record.uid))
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
        self._homes.name_memories(home, built)

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
            if is_home(record) and self._home_conversation(record, derived, index):
                continue
            written = conversation_file(
                record,
                record.body,
                self._selection,
                attachments,
                derived,
                self._is_memory,
                self.ledger,
                strip_identifiers=self._strip,
            )
            with self._folder.create(written.entry["storage"]["ref"]) as sink:
                for piece in written.file:
                    sink.write(piece)
            for uid in written.messages:
                if uid in self._wanted:
                    self._found[uid] = record.uid, uuid_of(uid)
            self._notes.made("conversation", written.entry["id"], record.uid)
            self._listed(record.uid, dump(written.entry), len(written.messages), index)

    def _listed(self, uid: str, entry: bytes, messages: int, index: IO[bytes]) -> None:
        """Count a conversation that is written, and put its entry into the index."""
        self._talks.add(uid)
        index.write(b",\n" if self.conversations else b"\n")
        index.write(entry)
        self.ledger.record("conversation", "accepted")
        self.conversations += 1
        self.messages += messages
        self._step(1 + messages)

    def _around(self) -> homeward.Around:
        return homeward.Around(
            self._homes, self._is_memory, self._talks.__contains__, bool(self._talks), self._sdk, self.ledger
        )

    def _home_files(self, attachments: Attachments) -> None:
        """The files that came in ``attachments/``, by the names that they had."""
        for record in self._selection.records("document"):
            if is_home(record) and record.origin.kind == "attachment" and record.access.exportable:
                path = self._homes.path(record.origin.id, terms.ATTACHMENTS_FOLDER, record.uid)
                if attachments.put(record, path):
                    self._note_file(record, path)

    def _note_file(self, record: Record, path: str) -> None:
        self._notes.file(path)
        if path == record.origin.id:
            self._notes.came("attachment", path, record.origin.space)
        else:
            self._notes.made("attachment", path, record.uid)

    def _home_conversation(self, record: Record, derived: list[str], index: IO[bytes]) -> bool:
        """Write a conversation that came in this format; False when its bytes are gone and it must be made anew."""
        homes, around = self._homes, self._around()
        kept = self._selection.get(homes.entries.get(record.uid, record.uid))
        native = self._selection.native(record)
        listed = self._selection.native(kept) if kept is not None and kept.uid != record.uid else None
        if native is None or (listed is None and record.origin.kind != "conversation"):
            return False
        path, messages = "", 0
        as_it_came = True
        root: dict[str, Any] = {}
        if record.origin.kind == "conversation":
            wanted = homeward.storage_ref(listed) if listed is not None else ""
            path = homes.path(wanted, terms.CONVERSATIONS_FOLDER, record.uid, ".json")
            if self._strip:
                native = stripped(strip_conversation, "conversation", native, self.ledger)
            root, (data, as_it_came) = homeward.conversation(record, native, partial(homes.ref, record.origin.space), around)
            with self._folder.create(path) as sink:
                sink.write(data)
            self._notes.file(path)
            messages = len(root["messages"])
            for message in root["messages"]:
                uid = uid_in(record.origin.space, "message", record.origin.id, message["id"])
                if uid in self._wanted:
                    self._found[uid] = record.uid, message["id"]
        if listed is not None:
            left = messages if homeward.has_gaps(native) else None
            entry, as_listed = homeward.entry(record, listed, path, derived, around, messages=left)
        else:
            entry, as_listed = homeward.entry_of(record, root, path, derived, around)
        id = homes.id_of(record.uid)
        if as_it_came and as_listed:
            self._notes.came("conversation", id, record.origin.space)
        else:
            self._notes.made("conversation", id, record.uid)
        self._listed(record.uid, entry, messages, index)
        return True

    def _store(self, sink: BinaryIO, relations: IO[bytes], index: IO[bytes], attachments: Attachments) -> None:
        selection = self._selection
        owner = {"id": selection.owner_id}
        key_id = ""
        if self._signing_key is not None:
            # The one DID that needs no network: it is the signing key (dossier 4.8, PAM-121 to PAM-123).
            owner["did"], key_id = signature.own_did(self._signing_key.public)
        head: dict[str, Any] = {
            "schema": terms.STORE_SCHEMA,
            "schema_version": self._homes.version,
            "spec_uri": terms.SPEC_URI,
            "exported_by": terms.system_name(),
            "export_date": to_rfc3339(selection.changed_at),
            "export_type": "full",
            "owner": owner,
            **self._homes.head,
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
            lambda uid: self._found.get(uid, ("", ""))[0],
            lambda uid: self._replaced.get(uid, ""),
            self._homes.id_of,
            lambda uid: self._found[uid][1],
        )
        checksum = Checksum()
        home = SortedLines(self._folder.spool)
        for record in self._selection.records(*KINDS):
            if _goes_home(record):
                self._home_memory(record, home)
        came = ((value["id"], data, canonical_memory(value)) for data in home for value in (msgspec.json.decode(data),))
        for _, data, canonical in merge(self._built(relations, around, attachments), came, key=itemgetter(0)):
            checksum.add(canonical)
            sink.write(b",\n" if self.memories else b"\n")
            sink.write(data)
            self.memories += 1
        return checksum.text()

    def _home_memory(self, record: Record, home: SortedLines) -> None:
        self._step()
        if not record.access.exportable:
            self.ledger.record(record.kind, "omitted", "not-exportable", "marked as not to be exported")
            return
        native = self._selection.native(record)
        if native is None:
            raise VaultDamaged("the bytes of a memory are missing", hint="restore the vault from a backup")
        if self._strip:
            native = stripped(strip_memory, record.kind, native, self.ledger)
        data, as_it_came = homeward.memory(record, native, self._around())
        id = self._homes.id_of(record.uid)
        home.add(id.encode(), data)
        if as_it_came:
            self._notes.came("memory", id, record.origin.space)
        else:
            self._notes.made("memory", id, record.uid)
        self.ledger.record(record.kind, "accepted")

    def _built(
        self, relations: IO[bytes], around: Surroundings, attachments: Attachments
    ) -> Iterator[tuple[str, bytes, bytes]]:
        """The memories that are made of records: id, bytes and canonical bytes, which are the same."""
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
            if self._strip and strip_memory(memory):
                told(record.kind, ledger)
            data = canonical_memory(memory)
            self._notes.made("memory", memory["id"], record.uid)
            for relation in relation_objects(record, memory, around):
                self._homes.relation_id("", relation["id"])
                _append(relations, dump(relation))
            if record.kind == "memory" and not statement.custom_type:
                ledger.record(record.kind, "accepted")
            elif statement.custom_type:
                ledger.record(record.kind, "transformed", "as-custom", "written as a memory of a custom type")
            else:
                ledger.record(record.kind, "transformed", "as-memory", f"written as a memory of type {statement.type}")
            yield memory["id"], data, data

    def _relations(self, relations: IO[bytes]) -> None:
        """The relation records whose ends are written and whose type the closed list has (dossier 1.10)."""
        for record in self._selection.records("relation"):
            self._step()
            body = record.body
            assert isinstance(body, Relation)
            if not record.access.exportable:
                self.ledger.record("relation", "omitted", "not-exportable", "marked as not to be exported")
            elif body.type not in terms.RELATION_TYPES and not is_home(record):
                self.ledger.record("relation", "omitted", "relation-type", "the format's list of relations is closed")
            elif not self._is_memory(body.source) or not self._is_memory(body.target):
                self.ledger.record("relation", "omitted", "relation-end", "an end of it is no memory of this export")
            else:
                native = self._selection.native(record) if is_home(record) else None
                id = self._homes.relation_id(record.uid, uuid_of(record.uid) if native is None else record.origin.id)
                if native is None:
                    data, as_it_came = dump(self._relation(record, body, id)), False
                else:
                    data, as_it_came = homeward.relation(native, id, body.source, body.target, self._around())
                if as_it_came:
                    self._notes.came("relation", id, record.origin.space)
                else:
                    self._notes.made("relation", id, record.uid)
                _append(relations, data)
                self.ledger.record("relation", "accepted")

    def _relation(self, record: Record, body: Relation, id: str) -> dict[str, Any]:
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
            "id": id,
            "from": self._homes.id_of(body.source),
            "to": self._homes.id_of(body.target),
            "type": body.type,
        }
        if body.confidence is not None and 0 <= body.confidence <= 1:
            relation["confidence"] = body.confidence
        for name, value in (("text", body.text), ("valid_from", times.valid_from), ("valid_to", times.valid_to)):
            if value:
                self.ledger.field("relation", name, "lost", "no-member", "a relation of the format cannot say it")
        relation["created_at"] = to_rfc3339(created)
        return relation

    def _embeddings(self) -> None:
        """The embeddings that came with memories which are written."""
        if not self._homes.embeddings:
            return
        around = self._around()
        head = {"schema": terms.EMBEDDINGS_SCHEMA, "schema_version": self._homes.version}
        with self._folder.create(terms.EMBEDDINGS_FILE) as sink:
            sink.write(dump(head)[:-1] + b',\n"embeddings":[')
            for number, (memory, (uid, _)) in enumerate(self._homes.embeddings.items()):
                record = self._selection.get(uid)
                native = self._selection.native(record) if record is not None else None
                if record is None or native is None:
                    raise VaultDamaged("the bytes of an embedding are missing", hint="restore the vault from a backup")
                sink.write(b",\n" if number else b"\n")
                sink.write(homeward.embedding(native, memory, around))
            sink.write(b"\n]}\n")


def _goes_home(record: Record) -> bool:
    return is_home(record) and record.origin.kind == "memory"


def _append(spool: IO[bytes], data: bytes) -> None:
    spool.write(b",\n" if spool.tell() else b"\n")
    spool.write(data)


def write(
    selection: Selection,
    target: Path,
    progress: Progress | None,
    signing_key: PrivateKey | None = None,
    *,
    sdk: bool = False,
    strip_identifiers: bool = False,
) -> Written:
    """Write ``selection`` as the package ``target``, signed where there is a key: a folder, or one zip where it is named so.
    Raises OutputError.

    Args:
        sdk: write the memories that came in this format in the form that the reference SDK hashes, not as they came.
        strip_identifiers: leave out what names a person or an account at a product, and the sidecar with it, which says whence
            each thing came: to this vault such a package is another's.
    """
    if names_zip(target):
        return write_zip(
            target,
            lambda folder: write(selection, folder, progress, signing_key, sdk=sdk, strip_identifiers=strip_identifiers),
        )
    with Folder(target, is_ours) as folder:
        writer = Writer(selection, folder, progress, signing_key, sdk=sdk, strip_identifiers=strip_identifiers)
        writer.run()
        folder.commit()
        return Written(
            counts={"memories": writer.memories, "conversations": writer.conversations, "messages": writer.messages},
            files=folder.files,
            size_bytes=folder.size_bytes,
            ledger=writer.ledger,
        )
