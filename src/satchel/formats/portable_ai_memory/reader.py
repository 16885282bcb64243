"""A package as source objects: each memory, relation, index entry, embedding and conversation file an original of its own.

All of it is checked first, over the raw values; where anything is wrong, nothing is taken. Then it is read again and must be
what was checked. One memory, one conversation at a time is held; of the rest, ids.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec

from satchel.codec.archives import printable
from satchel.codec.arrays import Element, iter_members
from satchel.errors import InputError, LimitExceeded, MalformedInput, Place
from satchel.formats.base import Known
from satchel.formats.portable_ai_memory import sidecar, signature, terms
from satchel.formats.portable_ai_memory.check_store import StoreCheck
from satchel.formats.portable_ai_memory.dialogue import conversation_reading
from satchel.formats.portable_ai_memory.documents import File
from satchel.formats.portable_ai_memory.files import Hashing, Package, changed, opened, read_whole
from satchel.formats.portable_ai_memory.records import (
    embedding_record,
    entry_records,
    export_record,
    memory_record,
    relation_record,
)
from satchel.formats.portable_ai_memory.space import FORMAT_NAME, READER, Space, member, moment, own_members, string, uid_in
from satchel.formats.portable_ai_memory.spelling import dump
from satchel.formats.portable_ai_memory.verify import PackageCheck, Talk
from satchel.limits import Limits
from satchel.model.bodies import Document
from satchel.model.findings import Finding, from_error
from satchel.model.packages import Signed
from satchel.model.record import Asset, Item, Original, Provenance, Reading, Record, Trust
from satchel.model.text import leaves, searchable
from satchel.trust.age import NOBODY, Identities

_ARRAYS = frozenset({"memories", "relations", "conversations_index"})
_BOM = b"\xef\xbb\xbf"
#: What an increment names of its base is looked up there.
_OUTSIDE = frozenset({"relation-end", "superseded-by", "derived-memory"})
#: The title of the record of an increment: one on top of it is an extension of the format's.
_INCREMENT = "incremental"
#: What a note of the sidecar takes in memory beside the name.
_NOTE_BYTES = 256


def read(
    path: Path,
    *,
    limits: Limits,
    known: Known,
    trusted: frozenset[str] = frozenset(),
    accept_invalid_signature: bool = False,
    identities: Identities = NOBODY,
) -> Iterator[Item]:
    """Everything that the package at ``path`` holds, and what is to be told of it.

    Args:
        known: what the vault holds (``formats.base.Known``).
        trusted: public keys (``PublicKey.text``): the memories that one of them signed are verified.
        accept_invalid_signature: take a store whose signature does not hold as one that is not signed (dossier 4.6).
        identities: what opens it where it is encrypted.

    Raises:
        Locked: they do not.
        MalformedInput: something in it is wrong; nothing of it may be kept.
        InputError: it cannot be read, or is an increment on what the vault does not hold.
    """
    with opened(path, limits, identities) as package:
        check = PackageCheck(package, limits)
        first, faults = None, 0
        for finding in check.findings():
            if finding.severity == "error":
                first, faults = first or finding, faults + 1
            elif finding.code not in _OUTSIDE:
                yield finding
        if first is not None or check.store is None:
            more = f" and {faults - 1} more" if faults > 1 else ""
            what = first.text if first is not None else "is no memory store"
            place = first.place if first is not None else None
            hint = f"satchel validate {path} tells all of it"
            raise MalformedInput(f"the package cannot be taken: {what}{more}", place=place, hint=hint)
        yield from _base(check.store.root, known)
        trust = _trust(check.store.root, trusted, accept_invalid=accept_invalid_signature)
        signed = signature.check(check.store.root) if check.store.root.get("signature") is not None else None
        voucher = ""
        if signed is not None and signed.holds and signed.key is not None:
            yield Signed(signed.key.text)
            voucher = signed.key.text if trust == "verified" else ""
        yield from _Reading(package, check, check.store, limits, known, trust, voucher).items()


def _trust(root: dict[str, Any], trusted: frozenset[str], *, accept_invalid: bool) -> Trust:
    """What the memories are worth by the store's signature. The checksum that it covers was found right."""
    if root.get("signature") is None:
        return "imported"
    checked = signature.check(root)
    if checked.holds and checked.key is not None:
        return "verified" if checked.key.text in trusted else "imported"
    if accept_invalid:
        return "imported"
    why = next((step.text for step in checked.steps if step.outcome == "failed"), "it does not hold")
    raise MalformedInput(
        f"the store's signature does not hold: {why}",
        place=Place(file=terms.STORE_FILE, pointer="/signature"),
        hint="satchel verify tells more; --accept-invalid-signature takes it as if it were not signed",
    )


def _base(root: dict[str, Any], known: Known) -> Iterator[Finding]:
    """An increment goes on top of the export that it names, or of one that went on top of that (dossier 5.1)."""
    if root.get("export_type") != "incremental":
        return
    base, owner = string(root, "base_export_id"), root["owner"]["id"]
    if not base:
        raise InputError("the package is an increment and does not say on which export", hint="import a full export")
    said = known.said(uid_in(owner, "export", base))
    if said is None:
        of = f"{printable(base)} of owner {printable(owner)}"
        raise InputError(
            f"the package is an increment on export {of}, which the vault does not hold",
            hint="import that export first, then its increments in their order",
        )
    if said[0] == _INCREMENT:
        text = "it goes on top of another increment; the format itself knows increments on full exports alone"
        yield Finding("increment-chain", "info", text, Place(file=terms.STORE_FILE, pointer="/base_export_id"))


class _Reading:
    """One package that was found right."""

    def __init__(
        self,
        package: Package,
        check: PackageCheck,
        store: StoreCheck,
        limits: Limits,
        known: Known,
        trust: Trust,
        voucher: str,
    ) -> None:
        self._package = package
        self._check = check
        self._store = store
        self._limits = limits
        self._known = known
        self._trust = trust
        #: The key that the memories are verified by, or "".
        self._voucher = voucher
        self._attachments = frozenset(check.attachments)
        self._replaces: dict[str, list[str]] = {}
        for own, refs in store.refs.items():
            if refs.superseded_by and refs.superseded_by != own:
                self._replaces.setdefault(refs.superseded_by, []).append(own)
        #: The conversations that are not taken, by id.
        self._passed: set[str] = set()
        #: What files beside messages are called there, by path.
        self._named: dict[str, tuple[str, str]] = {}
        #: Uids of what the vault holds and the package was written from.
        self._held: dict[tuple[str, str], str] = {}
        #: What the package was written from and was erased since.
        self._gone: set[tuple[str, str]] = set()
        #: In another vault's increment: what it altered of a package that this vault holds too. That is no copy of ours.
        self._altered: set[tuple[str, str]] = set()
        self._named_bytes = 0
        self._space = Space("", "")

    def items(self) -> Iterator[Item]:
        root = self._store.root
        owner, version = root["owner"]["id"], self._store.version
        self._space = Space(owner, version, self._trust)
        try:
            origins = sidecar.read(self._package, self._limits, self._is_there)
            if self._store.is_increment:
                self._keep_names(origins, owner)
            for key, uid in origins.uids.items():
                if self._known.said(uid) is not None:
                    self._held[key] = uid
                elif self._is_buried(uid):
                    self._gone.add(key)
            if self._store.is_increment and owner != self._known.owner_id:
                self._altered = origins.home & self._held.keys()
            self._space = Space(
                owner,
                version,
                self._trust,
                memories=origins.owners_of("memory"),
                relations=origins.owners_of("relation"),
                conversations=origins.owners_of("conversation"),
                attachments=origins.owners_of("attachment"),
                held=self._held,
            )
        except InputError as error:
            if self._named_bytes > self._limits.document_bytes:
                # Without it the increment would be put beside its base, not on top.
                raise
            yield msgspec.structs.replace(from_error(error, place=self._place(terms.SIDECAR_FILE)), severity="warning")
        if self._store.is_increment:
            named = self._store.outside()
            yield from (finding for id, finding in named if self._known.said(self._space.memory(id)) is None)
        yield from self._streamed(self._package.store, terms.STORE_FILE, _ARRAYS)
        for talk in self._check.talks:
            yield from self._conversation(talk)
        embeddings = self._package.file(terms.EMBEDDINGS_FILE) if self._check.has_embeddings else None
        if embeddings is not None:
            yield from self._streamed(embeddings, terms.EMBEDDINGS_FILE, frozenset({"embeddings"}))
        for path in self._check.attachments:
            yield from self._attachment(path)

    def _keep_names(self, origins: sidecar.Origins, owner: str) -> None:
        """What the base brought under an id stays what this id means, whoever the increment says that it is of."""
        for key, whose in list(origins.owners.items()):
            if self._known.said(uid_in(whose, *key)) is None and self._known.said(uid_in(owner, *key)) is not None:
                del origins.owners[key]
        for key in list(origins.uids):
            if self._known.said(uid_in(owner, *key)) is not None:
                del origins.uids[key]

    def _is_own(self, key: tuple[str, str]) -> bool:
        """Whether a thing is to be compared with the record that it was written from, and passed over if that says the same."""
        return key in self._held and key not in self._altered

    def _is_there(self, kind: str, name: str) -> bool:
        if kind == "attachment":
            return name in self._attachments
        known = {"memory": self._store.ids, "relation": self._store.relation_ids, "conversation": self._store.entries}
        if name in known[kind] or not self._store.is_increment:
            return name in known[kind]
        # It may be in the base. What is held of it has a bound, for the increment itself sets none.
        self._named_bytes += len(name) + _NOTE_BYTES
        if self._named_bytes > self._limits.document_bytes:
            raise LimitExceeded(
                f"names more of the increment's base than fits into {self._limits.document_bytes:,} bytes",
                place=self._place(terms.SIDECAR_FILE),
                hint="--limit document_bytes=N raises it",
            )
        return True

    def _place(self, path: str, element: Element | None = None) -> Place:
        name = self._package.name if self._package.is_alone else f"{self._package.name}/{path}"
        return Place(name) if element is None else Place(name, element.index, element.offset)

    def _streamed(self, file: File, path: str, arrays: frozenset[str]) -> Iterator[Item]:
        """The elements of a file's arrays; of the store also what it says of itself."""
        takes: dict[str, Callable[[dict[str, Any], Element, Place], Iterator[Item]]] = {
            "memories": self._memory,
            "relations": self._relation,
            "conversations_index": self._entry,
            "embeddings": self._embedding,
        }
        head: list[bytes] = []
        with file.open("rb") as inner:
            stream = Hashing(inner)
            for name, element in iter_members(cast(BinaryIO, stream), arrays=arrays, file=path, limits=self._limits):
                if element is not None and name in arrays:
                    value = msgspec.json.decode(element.whole())
                    yield from takes[name](value, element, self._place(path, element))
                elif element is not None:
                    head.append(b"%s:%s" % (dump(name), element.whole()))
            if stream.digest() != self._check.digests[path]:
                raise changed(file)
        if "memories" in arrays:
            yield self._export(b"{" + b",".join(head) + b"}")

    def _export(self, head: bytes) -> Original:
        """The export as a whole: an increment on it is taken only where this record is."""
        root = self._store.root
        space = self._space
        named = string(root, "export_id")
        # Without an id nobody can name it: it is known by what it says.
        own = (named,) if named else ("", hashlib.sha256(head).hexdigest())
        uid = uid_in(space.owner, "export", *own)
        return Original(
            uid=uid,
            kind=f"{FORMAT_NAME}.export",
            native=head,
            place=self._place(terms.STORE_FILE),
            reader=READER,
            updated=moment(root, "export_date"),
            read=lambda: Reading((export_record(root, space, uid, _INCREMENT if self._store.is_increment else ""),)),
        )

    def _memory(self, value: dict[str, Any], element: Element, place: Place) -> Iterator[Item]:
        own = value["id"]
        record = self._memory_record(value)
        if self._is_own(("memory", own)):
            if self._known.said(record.uid) == searchable(record):
                yield _own(place)
                return
            # It says something else by now: a thing of its own.
            del self._held["memory", own]
            record = self._memory_record(value)
        if self._is_erased(record.uid, ("memory", own)):
            yield _erased("a memory", place)
            return
        is_timed = not string(own_members(value, "metadata"), "created_at_from")
        yield self._alone(record, "memory", value, element, place, _changed(value, is_timed=is_timed))

    def _memory_record(self, value: dict[str, Any]) -> Record:
        space = self._space
        replaces = tuple(space.memory(id) for id in self._replaces.get(value["id"], ()))
        return memory_record(value, space, replaces=replaces, resolve=self._resolve)

    def _resolve(self, id: str) -> str:
        """The uid of what has this id in the package; "" where nothing has."""
        if id in self._store.ids:
            return self._space.memory(id)
        if id in self._store.entries:
            return self._space.conversation(id)
        if self._store.is_increment:
            there = (self._space.memory(id), self._space.conversation(id))
            return next((uid for uid in there if id and self._known.said(uid) is not None), "")
        return ""

    def _relation(self, value: dict[str, Any], element: Element, place: Place) -> Iterator[Item]:
        space = self._space
        ends = [("memory", value["from"]), ("memory", value["to"])]
        if self._is_own(("relation", value["id"])) or all(map(self._is_own, ends)):
            yield _own(place)
            return
        record = relation_record(value, space)
        if self._is_erased(record.uid, ("relation", value["id"])) or any(
            self._is_erased(space.memory(end[1]), end) for end in ends
        ):
            yield _erased("a relation, or an end of it,", place)
            return
        yield self._alone(record, "relation", value, element, place, moment(value, "created_at"))

    def _entry(self, value: dict[str, Any], element: Element, place: Place) -> Iterator[Item]:
        own = value["id"]
        uid = self._space.conversation(own)
        if self._is_own(("conversation", own)):
            said = self._known.said(uid)
            if said is not None and said[0] == string(value, "title"):
                self._passed.add(own)
                yield _own(place)
                return
            del self._held["conversation", own]
            uid = self._space.conversation(own)
        if self._is_erased(uid, ("conversation", own)):
            self._passed.add(own)
            yield _erased("a conversation", place)
            return
        # Where a file told more of it, now or before, the entry tells of itself alone.
        with_head = own not in self._check.filed and self._known.said(uid) is None
        space = self._space
        yield Original(
            uid=uid_in(space.conversations.get(own, space.owner), "index", own),
            kind=f"{FORMAT_NAME}.index",
            native=element.data,
            place=place,
            reader=READER,
            updated=_changed(value, is_timed=own not in self._check.untimed),
            read=lambda: Reading(entry_records(value, space, with_head=with_head)),
        )

    def _conversation(self, talk: Talk) -> Iterator[Item]:
        file = self._package.file(talk.ref)
        if file is None:
            raise InputError("the file is gone", place=self._place(talk.ref))
        data = read_whole(file, self._limits.document_bytes)
        if hashlib.sha256(data).digest() != self._check.digests[talk.ref]:
            raise changed(file)
        data = data.removeprefix(_BOM)
        root: dict[str, Any] = msgspec.json.decode(data)
        place = self._place(talk.ref)
        space = self._space
        uid = space.conversation(root["id"])
        for message in root["messages"]:
            for item in message.get("attachments") or ():
                path, said = _path(string(item, "ref")), (string(item, "name"), string(item, "mime_type"))
                # The same whatever comes first: a package of ours lists its talks in another order.
                self._named[path] = max(said, self._named.get(path, said))
        if root["id"] in self._passed:
            return
        if self._is_erased(uid, ("conversation", root["id"])):
            yield _erased("a conversation", place)
            return
        yield Original(
            uid=uid,
            kind=f"{FORMAT_NAME}.conversation",
            native=data,
            place=place,
            reader=READER,
            updated=_changed(root, is_timed=root["id"] not in self._check.untimed),
            read=lambda: conversation_reading(root, space, place.file, self._find_asset),
        )

    def _is_buried(self, uid: str) -> bool:
        return self._known.buried(uid) in ("delete", "redact")

    def _is_erased(self, uid: str, key: tuple[str, str]) -> bool:
        """Whether a thing was erased here, or the record that the package was written from."""
        return key in self._gone or self._is_buried(uid)

    def _find_asset(self, ref: str) -> str:
        path = _path(ref)
        return self._space.attachment(path) if path in self._attachments else ""

    def _embedding(self, value: dict[str, Any], element: Element, place: Place) -> Iterator[Item]:
        space = self._space
        memory = value["memory_id"]
        if self._is_own(("memory", memory)):
            yield _own(place)
            return
        record = embedding_record(value, space)
        if self._is_buried(record.uid) or self._is_erased(space.memory(memory), ("memory", memory)):
            yield _erased("an embedding, or its memory,", place)
            return
        yield self._alone(record, "embedding", value, element, place, moment(value, "created_at"))

    def _alone(
        self, record: Record, kind: str, value: dict[str, Any], element: Element, place: Place, updated: datetime | None
    ) -> Original:
        """An element that is one record."""
        return Original(
            uid=record.uid,
            kind=f"{FORMAT_NAME}.{kind}",
            native=element.data,
            place=place,
            reader=READER,
            updated=updated,
            read=lambda: Reading((record,)),
            small=True,
            strings=lambda: leaves(value),
            vouched=self._voucher if record.trust == "verified" else "",
        )

    def _attachment(self, path: str) -> Iterator[Item]:
        file = self._package.file(path)
        place = self._place(path)
        if file is None:
            raise InputError("the file is gone", place=place)
        space = self._space
        if ("attachment", path) in self._held:
            yield _own(place)
            return
        uid = space.attachment(path)
        if self._is_erased(uid, ("attachment", path)):
            yield _erased("a file", place)
            return
        name, media_type = self._named.get(path, ("", ""))
        name = name or path.rpartition("/")[2]
        yield Asset(
            record=Record(
                uid=uid,
                body=Document(name=name, media_type=media_type or mimetypes.guess_type(name)[0] or ""),
                origin=space.origin(space.attachments.get(path, space.owner), "attachment", path),
                provenance=Provenance(platform=FORMAT_NAME),
            ),
            place=place,
            size_bytes=None,
            open=lambda: file.open("rb"),
        )


def _path(ref: str) -> str:
    return "/".join(name for name in ref.split("/") if name not in ("", "."))


def _changed(value: dict[str, Any], *, is_timed: bool) -> datetime | None:
    """When a thing last changed. ``is_timed``: whether its ``created_at`` is one, not another time for want of it."""
    temporal = member(value, "temporal")
    return moment(temporal, "updated_at") or (moment(temporal, "created_at") if is_timed else None)


def _own(place: Place) -> Finding:
    text = "the vault holds the record that this was written from; it was not taken a second time"
    return Finding("own-record", "info", text, place, "skipped")


def _erased(what: str, place: Place) -> Finding:
    text = f"{what} was erased from this vault and stays erased; it was not taken"
    return Finding("erased", "warning", text, place, "skipped")
