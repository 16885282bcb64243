"""What came in this format goes out as it came: the very bytes, unless something that they name stays behind or has another
name here (DESIGN, "four ways out").

Ids are kept. Where two owners' ids meet, one of the two gets an id of ours, and whatever names it names that. A reference to
what does not leave, for it was erased or may not be exported, is left out (dossier 5.4), and the ledger says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from satchel.codec.archives import unsafe_name
from satchel.codec.excise import GAP
from satchel.errors import CanonicalError
from satchel.formats.base import Selection
from satchel.formats.portable_ai_memory import models, terms
from satchel.formats.portable_ai_memory.hashing import canonical_memory, content_hash, sdk_form
from satchel.formats.portable_ai_memory.space import FORMAT_NAME, member, string, uid_in
from satchel.formats.portable_ai_memory.spelling import dump, exact
from satchel.model.ids import make_uid, uuid_of
from satchel.model.ledger import Ledger
from satchel.model.normal_forms import nfc
from satchel.model.record import Record

#: Names that some systems take for devices.
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(10))})
_NAME_BYTES = 200
#: The members of a store that this version has.
_ROOT = frozenset(field.encode_name for field in msgspec.structs.fields(models.Store))
#: What stands in a kept conversation where a message was erased.
_GAP = msgspec.json.decode(GAP)
_BEHIND = "it names what is not in this export"


class Patched(NamedTuple):
    """An element on its way out: its bytes, and whether they are still those that came."""

    data: bytes
    as_it_came: bool


def is_home(record: Record) -> bool:
    """Whether a record came in this format and was not edited since."""
    return record.origin.format == FORMAT_NAME and not record.touched


class _Vector(NamedTuple):
    """What is kept of an embedding: its uid, its id and owner, its time."""

    uid: str
    id: str
    owner: str
    created: datetime | None


class Homes:
    """The names of what goes home, and what of it belongs together; made by one pass over the selection."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        #: Ids of memories and conversations by uid, where they are not made from it.
        self._ids: dict[str, str] = {}
        self._relation_ids: set[str] = set()
        #: The index entry of a conversation, by the conversation's uid.
        self.entries: dict[str, str] = {}
        #: The embedding of a memory and its id, by the memory's uid.
        self.embeddings: dict[str, tuple[str, str]] = {}
        #: What has another id than its own since that one is taken, and its own.
        self.renamed: dict[str, str] = {}
        #: The uids of what was asked for by id, where somebody wants to know.
        self.named: set[str] | None = None
        #: Each path, folded, and whose it is; what would have had it.
        self._paths: dict[str, str] = {}
        self._crowded: dict[str, str] = {}
        #: Where the files beside messages are written, by uid.
        self.files: dict[str, str] = {}
        self.version = terms.SCHEMA_VERSION
        self.head: dict[str, Any] = {}

    def name_memories(self, home: dict[str, str], built: set[str]) -> None:
        """Settle the ids of memories: ``home`` is id by uid, ``built`` the ids that others have."""
        self._name(home, built)

    def name_conversations(self) -> None:
        """Settle the ids of conversations."""
        home: dict[str, str] = {}
        built: set[str] = set()
        for record in self._selection.records("conversation"):
            if is_home(record):
                home[record.uid] = record.origin.id
            else:
                own = uuid_of(record.uid)
                built.add(own)
                self._paths[f"{terms.CONVERSATIONS_FOLDER}/{own}.json"] = record.uid
        self._name(home, built)

    def _name(self, home: dict[str, str], taken: set[str]) -> None:
        for uid, id in home.items():
            own = id
            while own in taken:
                own = uuid_of(uid) if own == id else uuid_of(uid_in("", "again", own))
            taken.add(own)
            self._ids[uid] = own
            if own != id:
                self.renamed[uid] = id

    def id_of(self, uid: str) -> str:
        """The id under which a memory or a conversation is written."""
        if self.named is not None:
            self.named.add(uid)
        return self._ids.get(uid) or uuid_of(uid)

    def relation_id(self, uid: str, said: str) -> str:
        """The id under which a relation is written; each is given once."""
        own = said if said not in self._relation_ids else uuid_of(uid)
        self._relation_ids.add(own)
        return own

    def companions(self, is_memory: Callable[[str], bool], tells: Callable[[str], bool], ledger: Ledger) -> None:
        """Find the index entries, the embeddings and the exports as a whole; ``tells`` of which the ledger is to tell."""
        newest: Record | None = None
        vectors: dict[str, _Vector] = {}
        for record in self._selection.records("foreign"):
            if not is_home(record):
                continue
            kind, of = record.origin.kind, record.linked("derived_from")
            if kind == "index":
                self.entries[of] = record.uid
            elif kind == "embedding" and is_memory(of):
                vector = _Vector(record.uid, record.origin.id, record.origin.space, record.times.created)
                other = vectors.get(of)
                vectors[of] = vector if other is None else self._preferred(of, other, vector)
                if other is not None:
                    if tells(record.uid):
                        ledger.record(
                            "foreign",
                            "omitted",
                            "one-embedding",
                            "a memory has one embedding: the one that it names",
                            uid=record.uid,
                        )
                    continue
            elif kind == "embedding":
                if tells(record.uid):
                    ledger.record("foreign", "omitted", "link-end", "its memory is not in this export", uid=record.uid)
                continue
            elif kind == "export":
                # What a newer minor version brought may be in the elements.
                self.version = max(self.version, record.origin.version, key=_newness)
                newest = record if newest is None or _age(record) > _age(newest) else newest
            if tells(record.uid):
                ledger.record("foreign", "accepted", uid=record.uid)
        taken: set[str] = set()
        for of, vector in sorted(vectors.items(), key=lambda found: found[1].uid):
            own = vector.id if vector.id not in taken else uuid_of(vector.uid)
            taken.add(own)
            self.embeddings[of] = (vector.uid, own)
        native = self._selection.native(newest) if newest is not None else None
        if newest is not None and native is not None:
            root = msgspec.json.decode(native)
            self._continue(newest, root)
            if root.get("signature") is not None and tells(newest.uid):
                text = "it is of the package that came, and of no other"
                ledger.field("foreign", "signature", "lost", "signature", text)

    def _preferred(self, memory: str, one: _Vector, other: _Vector) -> _Vector:
        """Of two embeddings of a memory the one that it names, or else the newer (dossier 6.2, PAM-078)."""
        record = self._selection.get(memory)
        native = self._selection.native(record) if record is not None else None
        named = string(msgspec.json.decode(native), "embedding_ref") if native else ""
        owner = record.origin.space if record is not None else ""

        def rank(vector: _Vector) -> tuple[bool, bool, Any]:
            is_named = bool(named) and (vector.id, vector.owner) == (named, owner)
            return is_named, vector.created is not None, vector.created or 0

        return other if rank(other) > rank(one) else one

    def _continue(self, newest: Record, root: dict[str, Any]) -> None:
        """Take over what the newest export says of itself and this one can say too."""
        if self.version == newest.origin.version != terms.SCHEMA_VERSION:
            self.head = {name: value for name, value in root.items() if name not in _ROOT}
        if root.get("type_registry") is not None:
            self.head["type_registry"] = root["type_registry"]

    def ref(self, owner: str, ref: str) -> str:
        """What a message's ``ref`` says here: the place where its owner's file is written; "" where another's is."""
        known = self.files.get(uid_in(owner, "attachment", _path(ref)))
        if known is not None:
            return ref if known == _path(ref) else known
        return "" if self.has_path(_path(ref)) else ref

    def path(self, wanted: str, folder: str, uid: str, suffix: str = "") -> str:
        """Where a file is written, the same whenever it is asked: as it was called, if that is a plain name in ``folder`` and
        nobody else's."""
        if uid in self.files:
            return self.files[uid]
        above, _, name = wanted.rpartition("/")
        fits = above == folder and _is_plain(name) and name.endswith(suffix)
        if fits and _folded(wanted) in self._paths:
            fits = False
            self._crowded[uid] = _folded(wanted)
        path = wanted if fits else f"{folder}/{uuid_of(uid)}{suffix}"
        if not fits and self.has_path(path):
            path = f"{folder}/{uuid_of(make_uid(uid, 'again'))}{suffix}"
        self._paths[_folded(path)] = uid
        self.files[uid] = path
        return path

    def has_path(self, path: str) -> bool:
        """Whether a path is anybody's so far."""
        return _folded(path) in self._paths

    def moved_paths(self, fresh: Set[str]) -> set[str]:
        """What has another path than its own since something in ``fresh`` has that."""
        return {uid for uid, path in self._crowded.items() if self._paths.get(path) in fresh}


def _age(record: Record) -> tuple[bool, Any]:
    return record.times.created is not None, record.times.created or 0


def _newness(version: str) -> tuple[int, str, bool]:
    """By the minor number, which nothing bounds; a release is newer than what came before it."""
    minor = version.partition("-")[0].partition(".")[2].lstrip("0")
    return len(minor), minor, "-" not in version


def _folded(path: str) -> str:
    return nfc(path).casefold()


def _is_plain(name: str) -> bool:
    stem = name.partition(".")[0].lower()
    return (
        not unsafe_name(name)
        and not name.startswith(".")
        and not any(letter in name for letter in '<>:"|?*')
        and stem not in _DEVICES
        and len(name.encode("utf-8", "surrogatepass")) <= _NAME_BYTES
    )


class Around(NamedTuple):
    """What a home element needs of the rest: what is written, and under which id."""

    homes: Homes
    is_memory: Callable[[str], bool]
    is_conversation: Callable[[str], bool]
    has_conversations: bool
    #: Whether memories are written in the form that the reference SDK hashes (dossier 3.4).
    sdk: bool
    ledger: Ledger

    def memory_id(self, owner: str, id: str) -> str:
        """What an owner's memory is called here; "" where it is not written."""
        uid = uid_in(owner, "memory", id)
        return self.homes.id_of(uid) if self.is_memory(uid) else ""


def memory(record: Record, native: bytes, around: Around) -> Patched:
    """A memory with the very bytes that came, or with its references mended."""
    value = msgspec.json.decode(native)
    changes = _Changes(value, record.kind, around.ledger, record.uid)
    changes.put((), "id", around.homes.id_of(record.uid))
    superseded_by = string(member(value, "temporal"), "superseded_by")
    if superseded_by:
        changes.put(("temporal",), "superseded_by", around.memory_id(record.origin.space, superseded_by))
    conversation = record.provenance.conversation
    if conversation and around.is_conversation(conversation):
        changes.put(("provenance",), "conversation_ref", around.homes.id_of(conversation))
    elif conversation and around.has_conversations:
        # Where there is no index at all, a reference into it is only doubtful.
        changes.put(("provenance",), "conversation_ref", "")
        changes.put(("provenance",), "message_ref", "")
    if around.homes.embeddings and string(value, "embedding_ref"):
        changes.put((), "embedding_ref", around.homes.embeddings.get(record.uid, ("", ""))[1])
    form = value
    hashed = sdk_form({**value, "content_hash": content_hash(value["content"])})
    if around.sdk:
        form = hashed
    elif hashed != value:
        text = "as it came; the reference SDK hashes another spelling and will call the checksum wrong (--profile sdk)"
        around.ledger.field(record.kind, "native", "carried", "sdk-form", text, uid=record.uid)
    try:
        canonical_memory(form)
    except CanonicalError:
        form = {**form, "metadata": exact(form["metadata"])[0]}
        text = "past 2^53 a number has no RFC 8785 form; written as text"
        around.ledger.field(record.kind, "metadata", "narrowed", "integer-as-text", text, uid=record.uid)
    if form is not value and form != value:
        if around.sdk:
            text = "respelled as the reference SDK hashes it"
            around.ledger.field(record.kind, "native", "narrowed", "sdk-form", text, uid=record.uid)
        return Patched(dump(form), as_it_came=False)
    return Patched(dump(value), as_it_came=False) if changes.made else Patched(native, as_it_came=True)


def relation(uid: str, native: bytes, id: str, source: str, target: str, around: Around) -> Patched:
    """A relation between two memories that are written."""
    value = msgspec.json.decode(native)
    changes = _Changes(value, "relation", around.ledger, uid)
    changes.put((), "id", id)
    changes.put((), "from", around.homes.id_of(source))
    changes.put((), "to", around.homes.id_of(target))
    return Patched(dump(value), as_it_came=False) if changes.made else Patched(native, as_it_came=True)


def embedding(native: bytes, memory: str, around: Around) -> bytes:
    """The embedding of a memory that is written."""
    value = msgspec.json.decode(native)
    changes = _Changes(value, "foreign", around.ledger, "")
    changes.put((), "id", around.homes.embeddings[memory][1])
    changes.put((), "memory_id", around.homes.id_of(memory))
    return dump(value) if changes.made else native


def entry(
    record: Record, native: bytes, path: str, derived: list[str], around: Around, *, messages: int | None = None
) -> Patched:
    """The index entry of a conversation record. ``path``: where its file is written, "" without one; ``derived``: ids of more
    memories that name the conversation; ``messages``: how many are left of it, where some were erased."""
    value = msgspec.json.decode(native)
    changes = _Changes(value, "conversation", around.ledger, record.uid)
    changes.put((), "id", around.homes.id_of(record.uid))
    if messages is not None and "message_count" in value:
        value["message_count"] = messages
        changes.made = True
    listed = value.get("derived_memories") or []
    known = [around.memory_id(record.origin.space, id) for id in listed]
    kept = list(dict.fromkeys([id for id in known if id] + derived))
    if kept != listed:
        if "" in known:
            changes.told("derived_memories", "lost", "link-end", _BEHIND)
        value["derived_memories"] = kept
        changes.made = True
    storage = member(value, "storage")
    if storage.get("type") == "file":
        if not path:
            del value["storage"]
            changes.told("storage", "lost", "storage-missing", "the file that it names never came")
            changes.made = True
        elif _path(storage["ref"]) != path:
            changes.put(("storage",), "ref", path)
    elif path:
        value["storage"] = {"type": "file", "ref": path, "format": "json"}
        changes.made = True
    return Patched(dump(value), as_it_came=False) if changes.made else Patched(native, as_it_came=True)


def storage_ref(native: bytes) -> str:
    """The path that an index entry names for its conversation's file, or ""."""
    storage = member(msgspec.json.decode(native), "storage")
    return _path(string(storage, "ref")) if storage.get("type") == "file" else ""


def _path(ref: str) -> str:
    return "/".join(name for name in ref.split("/") if name not in ("", "."))


def entry_of(record: Record, root: dict[str, Any], path: str, derived: list[str], around: Around) -> Patched:
    """An index entry for a conversation file that came without one."""
    value = {
        "id": around.homes.id_of(record.uid),
        "platform": root["provider"]["name"],
        "title": root.get("title"),
        "message_count": len(root["messages"]),
        "temporal": root["temporal"],
        "tags": root.get("tags") or [],
        "derived_memories": derived,
        "storage": {"type": "file", "ref": path, "format": "json"},
    }
    text = "it had no index entry; one was made"
    around.ledger.field("conversation", "index", "widened", "entry-made", text, uid=record.uid)
    return Patched(dump({name: item for name, item in value.items() if item is not None}), as_it_came=True)


def has_gaps(native: bytes) -> bool:
    """Whether messages were erased from a kept conversation."""
    return GAP in native


def conversation(record: Record, native: bytes, paths: Callable[[str], str], around: Around) -> tuple[dict[str, Any], Patched]:
    """A conversation file, decoded and to be written.

    Args:
        paths: gives what a message's ``ref`` says in this export, "" where it would name what is another's.
    """
    value = msgspec.json.decode(native)
    changes = _Changes(value, "conversation", around.ledger, record.uid)
    left = [message for message in value["messages"] if message != _GAP]
    if len(left) < len(value["messages"]):
        changes.made = True
        changes.told("messages", "narrowed", "erased", "a message that was erased was left out")
        value["messages"] = left
    changes.put((), "id", around.homes.id_of(record.uid))
    changes.put((), "schema_version", around.homes.version)
    for item in _with_refs(value):
        ref = string(item, "ref")
        moved = paths(ref) if ref else ""
        if moved == ref:
            continue
        changes.made = True
        if moved:
            item["ref"] = moved
            changes.told("attachments", "narrowed", "renamed", "a file of it has another name here")
        else:
            del item["ref"]
            changes.told("attachments", "lost", "link-end", "the file never came, and its name is another's here")
    return value, Patched(dump(value), as_it_came=False) if changes.made else Patched(native, as_it_came=True)


def _with_refs(root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Whatever in a conversation can name an attachment."""
    for message in root["messages"]:
        yield from message.get("attachments") or ()
        yield from member(message, "content").get("parts") or ()


class _Changes:
    """Changes of one element's members, each told."""

    def __init__(self, value: dict[str, Any], kind: str, ledger: Ledger, uid: str) -> None:
        self.made = False
        self._value = value
        self._kind = kind
        self._ledger = ledger
        self._uid = uid

    def put(self, above: tuple[str, ...], name: str, wanted: str) -> None:
        """Give a member the value ``wanted``, or take it out when that is ""."""
        place = self._value
        for step in above:
            place = place[step]
        if place.get(name) == wanted or (not wanted and place.get(name) is None):
            return
        if wanted:
            place[name] = wanted
            text = "it has another name here, for that one is taken" if name != "schema_version" else "that of this export"
            self.told(name, "narrowed", "renamed", text)
        else:
            del place[name]
            self.told(name, "lost", "link-end", _BEHIND)
        self.made = True

    def told(self, field: str, fate: Any, code: str, text: str) -> None:
        self._ledger.field(self._kind, field, fate, code, text, uid=self._uid)
