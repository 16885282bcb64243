"""Checking a whole package before any of it is taken: what ``validation`` finds of a folder, of a store alone or a zip too.

Every file is hashed first. Whoever reads it afterwards can tell whether it is still what was checked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from satchel.errors import InputError, Locked, Place
from satchel.formats.portable_ai_memory import terms
from satchel.formats.portable_ai_memory.check_conversation import ConversationCheck
from satchel.formats.portable_ai_memory.check_embeddings import EmbeddingsCheck
from satchel.formats.portable_ai_memory.check_store import Entry, StoreCheck
from satchel.formats.portable_ai_memory.documents import File, document_of
from satchel.formats.portable_ai_memory.files import Package, opened
from satchel.formats.portable_ai_memory.rules import broken
from satchel.formats.portable_ai_memory.space import own_members, string
from satchel.limits import Limits
from satchel.model.findings import Finding, from_error
from satchel.trust.age import NOBODY, Identities

_CHUNK_BYTES = 1 << 20


class Talk(NamedTuple):
    """A conversation file, by its path in the package; ``entry`` is the id of its index entry, "" without one."""

    ref: str
    entry: str


class PackageCheck:
    """One run over a package. After ``findings`` the attributes tell what is in it; ``store`` is None when it is no store."""

    def __init__(self, package: Package, limits: Limits) -> None:
        self.package = package
        self.limits = limits
        self.store: StoreCheck | None = None
        self.talks: list[Talk] = []
        #: The index entries that have a file of their own.
        self.filed: set[str] = set()
        #: The conversations whose created_at is another time, put there for want of it.
        self.untimed: set[str] = set()
        self.has_embeddings = False
        self.attachments: list[str] = []
        #: SHA-256 of each file before it was checked, by path.
        self.digests: dict[str, bytes] = {}
        self._paths: list[str] = []

    def findings(self) -> Iterator[Finding]:
        """Everything wrong or doubtful.

        Raises:
            InputError: a file cannot be read at all.
        """
        package = self.package
        self._paths = package.paths()
        yield from package.findings
        self._hash(package.store, terms.STORE_FILE)
        try:
            document, version = document_of(package.store, self.limits)
        except InputError as error:
            yield from_error(error, place=Place(file=package.store.name))
            return
        if document != "store":
            text = "is no memory store of Portable AI Memory"
            yield Finding("not-recognised", "error", text, Place(file=package.store.name))
            return
        tolerant, said = version_of(version, package.store.name)
        yield from said
        store = self.store = StoreCheck(package.store, self.limits, version=version, tolerant=tolerant)
        yield from store.findings()
        if package.is_alone:
            yield from _unembedded(store)
            return
        yield from self._conversations(store)
        yield from self._embeddings(store)
        yield from self._rest()

    def _hash(self, file: File, path: str) -> None:
        digest = hashlib.sha256()
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                digest.update(chunk)
        self.digests[path] = digest.digest()

    def _conversations(self, store: StoreCheck) -> Iterator[Finding]:
        """X-27 to X-36 and X-41 over the files that the index names, then over those that it does not."""
        wanted: dict[str, list[tuple[str, Place]]] = {}
        for refs in store.refs.values():
            if refs.conversation and refs.message:
                wanted.setdefault(refs.conversation, []).append((refs.message, refs.place))
        listed: set[str] = set()
        for entry in store.entries.values():
            ref = storage_ref(entry)
            if ref is None:
                continue
            file = self.package.file(ref)
            if file is None:
                yield broken("storage-missing", entry.place)
                continue
            path = clean(ref)
            if path in listed:
                yield broken("storage-missing", entry.place, note="another entry names the same file")
                continue
            listed.add(path)
            self.talks.append(Talk(path, entry.id))
            self.filed.add(entry.id)
            check = self._check(file, path, store.tolerant)
            yield from check.findings()
            self._note_time(check.root)
            if check.root:
                yield from check.against(msgspec.json.decode(entry.data), store.version)
            if check.whole:
                for message, place in wanted.get(entry.id, ()):
                    if message not in check.messages:
                        yield broken("message-ref", place)
        ids = set(store.entries)
        for path in self._paths:
            folder, _, name = path.rpartition("/")
            file = self.package.file(path) if folder == terms.CONVERSATIONS_FOLDER and name.endswith(".json") else None
            if file is not None and path not in listed:
                yield broken("conversation-unlisted", Place(file=path))
                check = self._check(file, path, store.tolerant)
                yield from check.findings()
                self._note_time(check.root)
                own = check.root.get("id")
                if type(own) is str and own in ids:
                    yield broken("conversation-id-unique", Place(file=path), note="another file or entry has it")
                ids.add(str(own))
                self.talks.append(Talk(path, ""))

    def _check(self, file: File, path: str, tolerant: bool) -> ConversationCheck:
        self._hash(file, path)
        return ConversationCheck(file, self.limits, tolerant=tolerant, name=path)

    def _note_time(self, root: dict[str, Any]) -> None:
        own = root.get("id")
        if type(own) is str and string(own_members(root, "raw_metadata"), "created_at_from"):
            self.untimed.add(own)

    def _embeddings(self, store: StoreCheck) -> Iterator[Finding]:
        file = self.package.file(terms.EMBEDDINGS_FILE)
        if file is None:
            yield from _unembedded(store)
            return
        self.has_embeddings = True
        self._hash(file, terms.EMBEDDINGS_FILE)
        check = EmbeddingsCheck(file, self.limits, tolerant=store.tolerant)
        yield from check.findings()
        yield from check.against(store)

    def _rest(self) -> Iterator[Finding]:
        """The attachments, each read once to its end, and the files that nobody knows."""
        known = {terms.STORE_FILE, terms.EMBEDDINGS_FILE, terms.SIDECAR_FILE, *(talk.ref for talk in self.talks)}
        for path in self._paths:
            file = self.package.file(path)
            if path in known or file is None or is_capsule(path):
                continue
            if path.startswith(f"{terms.ATTACHMENTS_FOLDER}/"):
                self._hash(file, path)
                self.attachments.append(path)
            else:
                yield msgspec.structs.replace(broken("unknown-entry", Place(file=path)), outcome="skipped")


def validate_zip(path: Path, limits: Limits, identities: Identities = NOBODY) -> Iterator[Finding]:
    """Everything wrong or doubtful with a zipped or encrypted package.

    Raises:
        Locked: it is encrypted, and ``identities`` do not open it.
    """
    try:
        with opened(path, limits, identities) as package:
            yield from PackageCheck(package, limits).findings()
    except Locked:
        raise
    except InputError as error:
        yield from_error(error, place=Place(file=path.name))


def version_of(said: str, file: str) -> tuple[bool, list[Finding]]:
    """Whether unknown members are let pass, and what is to be said of the version (dossier 8)."""
    if not terms.VERSION.fullmatch(said) or said == terms.SCHEMA_VERSION:
        return False, []
    place = Place(file=file, pointer="/schema_version")
    major, _, minor = said.partition("-")[0].partition(".")
    # Text, for nothing bounds the digits.
    if major.lstrip("0") != "1":
        return False, [broken("version-major", place)]
    return bool(minor.strip("0")), [broken("version-newer", place)]


def is_capsule(path: str) -> bool:
    """Whether a path is one where packages of other standards ride along (``capsules``)."""
    return path.startswith(f"{terms.CAPSULES_FOLDER}/") and path.endswith(terms.CAPSULE_SUFFIX)


def storage_ref(entry: Entry) -> str | None:
    """The path that an index entry names; None when it names no file."""
    value: Any = msgspec.json.decode(entry.data or b"{}")
    storage = value.get("storage") if type(value) is dict else None
    ref = storage.get("ref") if type(storage) is dict and storage.get("type") == "file" else None
    return ref if type(ref) is str else None


def clean(ref: str) -> str:
    """A path without parts that say nothing."""
    return "/".join(name for name in ref.split("/") if name not in ("", "."))


def _unembedded(store: StoreCheck) -> Iterator[Finding]:
    """X-22 where there is no embeddings file: doubtful, not wrong."""
    places = [refs.place for refs in store.refs.values() if refs.embedding]
    if places:
        finding = broken("embedding-ref", places[0], severity="warning", note="there is no embeddings file")
        yield msgspec.structs.replace(finding, count=len(places))
