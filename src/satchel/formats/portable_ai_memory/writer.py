"""Writing a package: passes over the selection, none of which keeps what it has seen but ids.

    plan             which records become memories, what they refer to, what came in this format and goes home
    conversations    a file each, their index entries spooled
    store            memories in ascending order of ids with the running checksum, then relations, index and integrity
    companions       embeddings, and the sidecar that tells whence each thing came

An increment is planned as the whole is, so that everything has the name that it has there; then only a part is written.

The same selection gives the same bytes: ids are hashes of uids, the date is the selection's, nothing is random. Only a
signature says when it was made.
"""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from heapq import merge
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple

import msgspec

from satchel.errors import VaultDamaged
from satchel.formats.base import Progress, Selection, Since, Written
from satchel.formats.capsules import Capsule
from satchel.formats.folder import Files, Folder
from satchel.formats.portable_ai_memory import homeward, signature, terms
from satchel.formats.portable_ai_memory.attachments import Attachments
from satchel.formats.portable_ai_memory.capsules import write_capsules
from satchel.formats.portable_ai_memory.conversations import Alike, conversation_file
from satchel.formats.portable_ai_memory.conversations import Written as _File
from satchel.formats.portable_ai_memory.earlier import is_ours
from satchel.formats.portable_ai_memory.embeddings import embeddings_file
from satchel.formats.portable_ai_memory.hashing import Checksum, canonical_memory
from satchel.formats.portable_ai_memory.homeward import Homes, is_home
from satchel.formats.portable_ai_memory.identifiers import strip_conversation, strip_memory, stripped, told
from satchel.formats.portable_ai_memory.identity import Identity
from satchel.formats.portable_ai_memory.increments import Increment, before, earliest
from satchel.formats.portable_ai_memory.memories import (
    Surroundings,
    conversation_uid,
    memory_object,
    relation_ids,
    relation_objects,
)
from satchel.formats.portable_ai_memory.relations import relation_records
from satchel.formats.portable_ai_memory.sidecar import Notes
from satchel.formats.portable_ai_memory.space import attachment_uid, uid_in
from satchel.formats.portable_ai_memory.spelling import dump
from satchel.formats.portable_ai_memory.statements import KINDS, PLACELESS, Refusal, Statement, statement_of
from satchel.formats.portable_ai_memory.zipped import Zip, names_zip
from satchel.formats.sorting import SortedLines
from satchel.model.bodies import Conversation, Document, Message
from satchel.model.fields import fields_of
from satchel.model.ids import uuid_of
from satchel.model.ledger import Ledger, Witness
from satchel.model.record import Record
from satchel.model.times import to_rfc3339
from satchel.trust.age import Recipients
from satchel.trust.signatures import PrivateKey

#: uuid_of keeps the first 48 bits of a uid as they are and masks six of the bits behind them.
_KEPT_DIGITS = 12
_BATCH = 256
#: Messages of a conversation whose file is put together before it is written.
_AT_ONCE = 1024
#: How an index entry says that no memory was drawn from its conversation; only its storage stands behind it.
_NO_MEMORIES = b'"derived_memories":[]'
#: What an attachment says of a file without text.
_ATTACHED = frozenset({"body.name", "body.media_type", "body.size_bytes", "body.blob"})
_ATTACHMENT = "an attachment says a file's name, type and size"


class _Memory(NamedTuple):
    """A memory to be written: its id, its bytes, their canonical form and its times."""

    id: str
    data: bytes
    canonical: bytes
    temporal: dict[str, Any]


def in_order_of_ids(records: Iterator[Record]) -> Iterator[Record]:
    """Records ordered by uid, ordered by ``uuid_of(uid)``: only neighbours that share 48 bits can change places."""
    for _, neighbours in groupby(records, key=lambda record: record.uid[:_KEPT_DIGITS]):
        group = list(neighbours)
        yield from group if len(group) == 1 else sorted(group, key=lambda record: uuid_of(record.uid))


class Writer:
    """One export of one selection."""

    def __init__(
        self,
        selection: Selection,
        folder: Files,
        progress: Progress | None,
        signing_key: PrivateKey | None = None,
        *,
        sdk: bool = False,
        strip_identifiers: bool = False,
        since: Since | None = None,
        capsules: tuple[Capsule, ...] = (),
        witness: Witness | None = None,
    ) -> None:
        self._selection = selection
        self._capsules = capsules
        self._since = since
        self._increment = Increment(selection, since.change) if since is not None else None
        #: The oldest of the written memories' own times, in microseconds since 1970.
        self._oldest: int | None = None
        self._signing_key = signing_key
        self._sdk = sdk
        self._strip = strip_identifiers
        self._folder = folder
        self._progress = progress
        self._pending = 0
        self.ledger = Ledger(witness)
        self._alike: Alike = {}
        self.memories = 0
        self.conversations = 0
        self.messages = 0
        self._written: set[bytes] = set()
        #: Whether there are memories that came in this format, and records that might become some.
        self._some_go_home = self._some_are_built = False
        self._replaced: dict[str, str] = {}
        self._derived: dict[str, list[str]] = {}
        self._wanted: set[str] = set()
        #: Of the messages that memories name: their conversation, and the id that they are written under.
        self._found: dict[str, tuple[str, str]] = {}
        self._talks: set[str] = set()
        self._homes = Homes(selection)
        self._notes = Notes(folder.spool)
        self._attachments = Attachments(selection, folder, self._homes.has_path, self.ledger)
        #: Index entries of conversations that passed before all else was known, by uid.
        self._passed = SortedLines(folder.spool)

    @functools.cached_property
    def _identity(self) -> Identity:
        return Identity(self._selection, self._since, sdk=self._sdk, stripped=self._strip)

    def run(self) -> None:
        """Write everything into the folder, which is not committed."""
        self._homes.name_conversations()
        self._plan()
        self._write(self._conversations)

    def conversation(self, record: Record) -> None:
        """Write a conversation before all else is known: see ``formats.base.Passage``."""
        self._attachments.asks(record.uid)
        written = self._conversation(record, [], self._will_be_memory)
        if written is not None:
            self._talks.add(record.uid)
            self._passed.add(record.uid.encode(), dump([record.uid, dump(written.entry).decode(), len(written.messages)]))

    def finish(self) -> None:
        """Write what did not pass by before, as ``run`` does."""
        self._plan()
        for uid in self._wanted:
            found = self._selection.get(uid)
            talk = found.linked("part_of") if found is not None and isinstance(found.body, Message) else ""
            if found is not None and talk in self._talks and found.access.exportable:
                self._found[uid] = talk, uuid_of(uid)
        self._write(self._list_passed)

    def _write(self, write_conversations: Callable[[IO[bytes]], None]) -> None:
        increment, homes, attachments = self._increment, self._homes, self._attachments
        homes.companions(self._is_memory, self._is_told, self.ledger)
        if increment is not None:
            increment.choose(homes, self._is_memory, lambda uid: self._replaced.get(uid, ""))
            increment.tell_erased(self.ledger)
            homes.named = set()
            self._talks |= {talk.uid for talk in self._selection.records("conversation") if talk.access.exportable}
        self._home_files(attachments)
        with self._folder.spool() as index, self._folder.spool() as relations:
            write_conversations(index)
            for messages in self._alike.values():
                self.ledger.add(messages.ledger, messages.count)
            for uid, path in attachments.in_order():
                if uid not in self._homes.files:
                    self._notes.made("attachment", path, uid)
            with self._folder.create(terms.STORE_FILE) as sink:
                self._store(sink, relations, index, attachments)
        self._embeddings()
        if not self._strip:
            if increment is not None:
                increment.note_named(homes, self._notes)
            riding = write_capsules(self._folder, self._capsules)
            with self._folder.create(terms.SIDECAR_FILE) as sink:
                sink.writelines(self._notes.pieces(self._identity.state(), riding))
        for kind, text in PLACELESS.items():
            for record in self._selection.records(kind):
                if not is_home(record) and self._is_told(record.uid):
                    self.ledger.record(kind, "omitted", "no-place", text, of=record)
                self._step()
        self._step(0, flush=True)

    def _step(self, count: int = 1, *, flush: bool = False) -> None:
        self._pending += count
        if self._progress is not None and self._pending and (flush or self._pending >= _BATCH):
            self._progress(self._pending)
            self._pending = 0

    def _is_told(self, uid: str) -> bool:
        """Whether the ledger tells of a record: of one that an increment leaves out since it has not changed, it does not."""
        return self._increment is None or uid in self._increment.fresh

    def _leaves(self, uid: str) -> bool:
        """Whether a memory that has its place in the whole is written."""
        return self._increment is None or uid in self._increment.memories

    def _statements(
        self, goes_home: Callable[[Record], object] = lambda _: None
    ) -> Iterator[tuple[Record, Statement | Refusal]]:
        """All records that become memories, or might, in order of ids; two with one id are one too many. ``goes_home`` is
        called with each that came as a memory."""
        last = ""
        for record in in_order_of_ids(self._selection.records(*KINDS)):
            if _goes_home(record):
                goes_home(record)
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
        replaced: dict[str, str] = {}

        def goes_home(record: Record) -> None:
            self._some_go_home = True
            if record.access.exportable:
                self._written.add(bytes.fromhex(record.uid))
                home[record.uid] = record.origin.id
                for link in record.links if self._increment is not None else ():
                    if link.type == "supersedes":
                        self._replaced.setdefault(link.to, record.uid)

        for record, statement in self._statements(goes_home):
            self._some_are_built = True
            if isinstance(statement, Refusal):
                continue
            built.add(uuid_of(record.uid))
            self._written.add(bytes.fromhex(record.uid))
            uid = conversation_uid(record, self._selection)
            if uid:
                self._derived.setdefault(uid, []).append(record.uid)
            if record.provenance.message:
                self._wanted.add(record.provenance.message)
            for link in record.links:
                self._wanted.add(link.to)
                if link.type == "supersedes" and link.to != record.uid:
                    replaced.setdefault(link.to, record.uid)
        self._replaced = replaced | self._replaced
        self._homes.name_memories(home, built)

    def _is_memory(self, uid: str) -> bool:
        try:
            return bytes.fromhex(uid) in self._written
        except ValueError:
            return False

    def _will_be_memory(self, uid: str) -> bool:
        """As ``_is_memory``, before the plan is made."""
        record = self._selection.get(uid)
        return record is not None and record.kind in KINDS and isinstance(statement_of(record), Statement)

    def _conversations(self, index: IO[bytes]) -> None:
        for record in self._selection.records("conversation"):
            if self._increment is not None and record.uid not in self._increment.talks:
                continue
            derived = [self._homes.id_of(uid) for uid in self._derived.get(record.uid, ())]
            if record.access.exportable and is_home(record) and self._home_conversation(record, derived, index):
                continue
            written = self._conversation(record, derived, self._is_memory)
            if written is None:
                continue
            for uid in written.messages:
                if uid in self._wanted:
                    self._found[uid] = record.uid, uuid_of(uid)
            self._notes.made("conversation", written.entry["id"], record.uid)
            self._listed(record, dump(written.entry), len(written.messages), index)

    def _conversation(self, record: Record, derived: list[str], is_memory: Callable[[str], bool]) -> _File | None:
        """Write the file of a conversation that did not come in this format; None for one that stays behind."""
        if not record.access.exportable:
            self.ledger.record("conversation", "omitted", "not-exportable", "marked as not to be exported", of=record)
            for message in self._selection.messages(record.uid):
                text = "its conversation is not to be exported"
                self.ledger.record("message", "omitted", "not-exportable", text, of=message)
            return None
        assert isinstance(record.body, Conversation)
        written = conversation_file(
            record,
            record.body,
            self._selection,
            self._attachments,
            derived,
            is_memory,
            self.ledger,
            self._alike,
            strip_identifiers=self._strip,
        )
        ref = written.entry["storage"]["ref"]
        if len(written.messages) <= _AT_ONCE:
            self._folder.put(ref, b"".join(written.file))
        else:
            with self._folder.create(ref) as sink:
                sink.writelines(written.file)
        return written

    def _list_passed(self, index: IO[bytes]) -> None:
        """Put the entries of the conversations that passed into the index, with the memories that were drawn from them."""
        for line in self._passed:
            uid, text, messages = msgspec.json.decode(line, type=tuple[str, str, int])
            entry: bytes = text.encode()
            self._notes.made("conversation", uuid_of(uid), uid)
            derived = self._derived.get(uid)
            if derived:
                before, _, after = entry.rpartition(_NO_MEMORIES)
                ids = dump([self._homes.id_of(memory) for memory in derived])
                entry = b'%s"derived_memories":%s%s' % (before, ids, after)
            head = self._selection.get(uid)
            assert head is not None
            self._listed(head, entry, messages, index)

    def _listed(self, record: Record, entry: bytes, messages: int, index: IO[bytes], kept: bytes | None = None) -> None:
        """Count a conversation that is written, and put its entry into the index."""
        self._talks.add(record.uid)
        index.write(b",\n" if self.conversations else b"\n")
        index.write(entry)
        self.ledger.record("conversation", "accepted", of=record, kept=kept)
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
                self._homes.path(record.origin.id, terms.ATTACHMENTS_FOLDER, record.uid)
                if self._increment is None or self._increment.file_leaves(record.uid):
                    self._put_file(record, attachments)

    def _put_file(self, record: Record, attachments: Attachments) -> None:
        path = self._homes.files[record.uid]
        if attachments.put(record, path):
            self._note_file(record, path)

    def _note_file(self, record: Record, path: str) -> None:
        self._notes.file(path)
        if path == record.origin.id:
            self._notes.came("attachment", path, record.origin.space)
        else:
            self._notes.made("attachment", path, record.uid, home=True)

    def _ref(self, owner: str, attachments: Attachments, ref: str) -> str:
        """What a ``ref`` of a message says here. In an increment the file comes along, whenever it came to the vault."""
        uid = attachment_uid(owner, ref)
        if self._increment is not None and uid in self._homes.files and uid not in attachments.copied:
            record = self._selection.get(uid)
            if record is not None:
                self._put_file(record, attachments)
        return self._homes.ref(owner, ref)

    def _home_conversation(self, record: Record, derived: list[str], index: IO[bytes]) -> bool:
        """Write a conversation that came in this format; False when its bytes are gone and it must be made anew."""
        homes, around, attachments = self._homes, self._around(), self._attachments
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
                native = stripped(strip_conversation, "conversation", native, self.ledger, record.uid)
            root, (data, as_it_came) = homeward.conversation(
                record, native, partial(self._ref, record.origin.space, attachments), around
            )
            with self._folder.create(path) as sink:
                sink.write(data)
            self._notes.file(path)
            messages = len(root["messages"])
            for message in root["messages"]:
                uid = uid_in(record.origin.space, "message", record.origin.id, message["id"])
                self.ledger.record("message", "accepted", uid=uid, kept=len(message))
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
            self._notes.made("conversation", id, record.uid, home=True)
        self._listed(record, entry, messages, index, kept=native)
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
            "export_type": "full" if self._since is None else "incremental",
            "owner": owner,
            **self._homes.head,
        }
        sink.write(b"{")
        sink.writelines(b"%s:%s,\n" % (dump(name), dump(value)) for name, value in head.items())
        sink.write(b'"memories":[')
        checksum = self._memories(sink, relations, attachments)
        for data in relation_records(selection, self._around(), self._notes, self._increment, self._step):
            _append(relations, data)
        for name, spool in (("relations", relations), ("conversations_index", index)):
            sink.write(b'\n],\n"%s":[' % name.encode())
            spool.seek(0)
            shutil.copyfileobj(spool, sink, 1 << 20)
        integrity = {"canonicalization": "RFC8785", "checksum": checksum, "total_memories": self.memories}
        export_id = self._identity.export_id(checksum)
        sink.write(b'\n],\n"integrity":%s,\n"export_id":%s' % (dump(integrity), dump(export_id)))
        if self._since is not None:
            said = to_rfc3339(before(self._since.at, self._oldest))
            sink.write(b',\n"base_export_id":%s,\n"since":%s' % (dump(self._identity.base_id), dump(said)))
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
        for record in self._selection.records(*KINDS) if self._some_go_home else ():
            if _goes_home(record):
                self._home_memory(record, home)
        came = (
            _Memory(value["id"], data, canonical_memory(value), value["temporal"])
            for data in home
            for value in (msgspec.json.decode(data),)
        )
        built = self._built(relations, around, attachments) if self._some_are_built else ()
        for memory in merge(built, came, key=itemgetter(0)):
            data = memory.data
            checksum.add(memory.canonical)
            if self._since is not None:
                self._oldest = earliest(self._oldest, memory.temporal)
            sink.write(b",\n" if self.memories else b"\n")
            sink.write(data)
            self.memories += 1
        return checksum.text()

    def _home_memory(self, record: Record, home: SortedLines) -> None:
        self._step()
        if not record.access.exportable:
            if self._is_told(record.uid):
                text = "marked as not to be exported"
                self.ledger.record(record.kind, "omitted", "not-exportable", text, of=record)
            return
        if not self._leaves(record.uid):
            return
        native = self._selection.native(record)
        if native is None:
            raise VaultDamaged("the bytes of a memory are missing", hint="restore the vault from a backup")
        if self._strip:
            native = stripped(strip_memory, record.kind, native, self.ledger, record.uid)
        data, as_it_came = homeward.memory(record, native, self._around())
        id = self._homes.id_of(record.uid)
        home.add(id.encode(), data)
        if as_it_came:
            self._notes.came("memory", id, record.origin.space)
        else:
            self._notes.made("memory", id, record.uid, home=True)
        self.ledger.record(record.kind, "accepted", of=record, kept=native)

    def _built(self, relations: IO[bytes], around: Surroundings, attachments: Attachments) -> Iterator[_Memory]:
        """The memories that are made of records: their bytes are canonical."""
        ledger = self.ledger
        for record, statement in self._statements():
            self._step()
            if isinstance(statement, Statement) and not self._leaves(record.uid):
                for id in relation_ids(record, self._is_memory):
                    self._homes.relation_id("", id)
                continue
            if isinstance(statement, Refusal):
                if not self._is_told(record.uid):
                    continue
                if statement.code == "blob-only" and record.uid in self._homes.files and record.uid in attachments.copied:
                    ledger.record(record.kind, "accepted", of=record, kept=1)
                elif statement.code == "blob-only" and record.uid in attachments.copied:
                    names = tuple(name for name in fields_of(record) if name not in _ATTACHED)
                    ledger.fields(record.kind, names, "lost", "no-member", _ATTACHMENT, uid=record.uid)
                    text = "written as a message's attachment"
                    ledger.record(record.kind, "transformed", "attachment", text, of=record)
                else:
                    ledger.record(record.kind, "omitted", statement.code, statement.text, of=record)
                continue
            memory = memory_object(record, statement, self._selection, around, ledger)
            if self._strip and strip_memory(memory):
                told(record.kind, ledger, record.uid)
            data = canonical_memory(memory)
            self._notes.made("memory", memory["id"], record.uid)
            for relation in relation_objects(record, memory, around):
                self._homes.relation_id("", relation["id"])
                _append(relations, dump(relation))
            if isinstance(record.body, Document) and record.body.blob and record.uid not in attachments.copied:
                text = "a file's bytes are written only where a message refers to it; its text is"
                ledger.field(record.kind, "body.blob", "lost", "no-bytes", text, uid=record.uid)
            if record.kind == "memory" and not statement.custom_type:
                ledger.record(record.kind, "accepted", of=record)
            elif statement.custom_type:
                ledger.record(record.kind, "transformed", "as-custom", "written as a memory of a custom type", of=record)
            else:
                text = f"written as a memory of type {statement.type}"
                ledger.record(record.kind, "transformed", "as-memory", text, of=record)
            yield _Memory(memory["id"], data, data, memory["temporal"])

    def _embeddings(self) -> None:
        """The embeddings that came with memories which are written."""
        leaving = [memory for memory in self._homes.embeddings if self._leaves(memory)]
        if not leaving:
            return
        with self._folder.create(terms.EMBEDDINGS_FILE) as sink:
            sink.writelines(embeddings_file(self._selection, leaving, self._around()))


def _goes_home(record: Record) -> bool:
    return is_home(record) and record.origin.kind == "memory"


def _append(spool: IO[bytes], data: bytes) -> None:
    spool.write(b",\n" if spool.tell() else b"\n")
    spool.write(data)


class _Passage:
    """See ``formats.base.Passage``."""

    def __init__(self, writer: Writer, folder: Folder | Zip) -> None:
        self._writer = writer
        self._folder = folder
        self.conversation = writer.conversation
        self.spool = folder.spool

    def finish(self) -> Written:
        self._writer.finish()
        return _committed(self._writer, self._folder)


@contextmanager
def passage(
    selection: Selection,
    target: Path,
    progress: Progress | None,
    signing_key: PrivateKey | None = None,
    *,
    sdk: bool = False,
    strip_identifiers: bool = False,
    recipients: Recipients | None = None,
) -> Iterator[_Passage]:
    """As ``write``, of which the conversations pass first."""
    with _opened(target, recipients) as folder:
        yield _Passage(Writer(selection, folder, progress, signing_key, sdk=sdk, strip_identifiers=strip_identifiers), folder)


def _opened(target: Path, recipients: Recipients | None) -> Folder | Zip:
    return Zip(target, recipients) if recipients or names_zip(target) else Folder(target, is_ours)


def _committed(writer: Writer, folder: Folder | Zip) -> Written:
    folder.commit()
    return Written(
        counts={"memories": writer.memories, "conversations": writer.conversations, "messages": writer.messages},
        files=folder.files,
        size_bytes=folder.size_bytes,
        ledger=writer.ledger,
    )


def write(
    selection: Selection,
    target: Path,
    progress: Progress | None,
    signing_key: PrivateKey | None = None,
    *,
    sdk: bool = False,
    strip_identifiers: bool = False,
    recipients: Recipients | None = None,
    since: Since | None = None,
    capsules: tuple[Capsule, ...] = (),
    witness: Witness | None = None,
) -> Written:
    """Write ``selection`` as the package ``target``, signed where there is a key: a folder, or one zip where it is named so.

    Args:
        recipients: those for whom it is encrypted; then it is one zip, whatever its name.
        sdk: write the memories that came in this format in the form that the reference SDK hashes, not as they came.
        strip_identifiers: leave out what names a person or an account at a product, and the sidecar with it, which says whence
            each thing came: to this vault such a package is another's.
        since: only what came since, as an increment; see ``increments``.
        capsules: packages of other standards that ride along; not with ``strip_identifiers``.
        witness: see ``formats.base.WriteOptions``.

    Raises:
        UsageError: the target's name says otherwise whether it is encrypted.
        OutputError: it cannot be written, or what is there is no earlier export of ours.
    """
    with _opened(target, recipients) as folder:
        writer = Writer(
            selection,
            folder,
            progress,
            signing_key,
            sdk=sdk,
            strip_identifiers=strip_identifiers,
            since=since,
            capsules=capsules,
            witness=witness,
        )
        writer.run()
        return _committed(writer, folder)
