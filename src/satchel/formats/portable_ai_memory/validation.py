"""Validating a package folder or one of its files: findings, never an exception for what is in them.

Nothing outside the package is opened and nothing is fetched: a ``storage.ref`` is looked at only when it is of type file
and names a regular file inside the folder (dossier 6.3). A store given alone is checked alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from satchel.codec.collector import paused
from satchel.errors import InputError, Place
from satchel.formats.portable_ai_memory import terms
from satchel.formats.portable_ai_memory.check_conversation import ConversationCheck
from satchel.formats.portable_ai_memory.check_embeddings import EmbeddingsCheck
from satchel.formats.portable_ai_memory.check_store import Entry, StoreCheck
from satchel.formats.portable_ai_memory.documents import Document, document_of, inside, is_regular
from satchel.formats.portable_ai_memory.rules import broken
from satchel.limits import Limits
from satchel.model.findings import Finding, from_error

_KNOWN = {terms.STORE_FILE, terms.SIDECAR_FILE, terms.EMBEDDINGS_FILE, terms.CONVERSATIONS_FOLDER, terms.ATTACHMENTS_FOLDER}


def validate(path: Path, limits: Limits) -> Iterator[Finding]:
    """Everything wrong or doubtful with the package or file at ``path``."""
    try:
        with paused():
            if path.is_dir():
                yield from _package(path, limits)
            elif path.is_file() or not path.exists():
                yield from _single(path, limits)
            else:
                yield Finding(code="unreadable", severity="error", text="is neither a file nor a folder")
    except OSError as error:
        text = f"cannot be read: {error.strerror or 'the system refuses'}"
        yield Finding(code="unreadable", severity="error", text=text, place=Place(file=path.name))
    except ValueError:
        # A path with a NUL in it is no path to the system.
        yield Finding(code="unreadable", severity="error", text="cannot be read: not a path")


def _version(said: str, file: str) -> tuple[bool, list[Finding]]:
    """Whether unknown members are let pass, and what is to be said of the version (dossier 8)."""
    if not terms.VERSION.fullmatch(said) or said == terms.SCHEMA_VERSION:
        return False, []
    place = Place(file=file, pointer="/schema_version")
    major, _, minor = said.partition("-")[0].partition(".")
    if int(major) != 1:
        return False, [broken("version-major", place)]
    return int(minor) > 0, [broken("version-newer", place)]


def _identify(path: Path, limits: Limits) -> tuple[Document | None, str, list[Finding]]:
    try:
        document, version = document_of(path, limits)
    except InputError as error:
        return None, "", [from_error(error, place=Place(file=path.name))]
    if document is None:
        text = "is no memory store, conversation or embeddings file of Portable AI Memory"
        return None, "", [Finding(code="not-recognised", severity="error", text=text, place=Place(file=path.name))]
    return document, version, []


def _single(path: Path, limits: Limits) -> Iterator[Finding]:
    document, version, findings = _identify(path, limits)
    yield from findings
    if document is None:
        return
    tolerant, findings = _version(version, path.name)
    yield from findings
    if document == "store":
        store = StoreCheck(path, limits, version=version, tolerant=tolerant)
        yield from store.findings()
        yield from _unembedded(store)
    elif document == "conversation":
        yield from ConversationCheck(path, limits, tolerant=tolerant).findings()
    else:
        yield from EmbeddingsCheck(path, limits, tolerant=tolerant).findings()


def _unembedded(store: StoreCheck) -> Iterator[Finding]:
    """X-22 where there is no embeddings file: doubtful, not wrong."""
    places = [refs.place for refs in store.refs.values() if refs.embedding]
    if places:
        finding = broken("embedding-ref", places[0], severity="warning", note="there is no embeddings file")
        yield msgspec.structs.replace(finding, count=len(places))


def _package(folder: Path, limits: Limits) -> Iterator[Finding]:
    path = folder / terms.STORE_FILE
    if not is_regular(path):
        yield broken("store-missing", Place(file=folder.name))
        return
    with os.scandir(folder) as entries:
        unknown = sum(1 for entry in entries if entry.name not in _KNOWN)
    if unknown:
        finding = broken("unknown-entry", Place(file=folder.name))
        yield msgspec.structs.replace(finding, count=unknown)
    document, version, findings = _identify(path, limits)
    yield from findings
    if document is None:
        return
    tolerant, findings = _version(version, path.name)
    yield from findings
    store = StoreCheck(path, limits, version=version, tolerant=tolerant)
    yield from store.findings()
    yield from _conversations(folder, store, limits)
    embeddings = folder / terms.EMBEDDINGS_FILE
    if is_regular(embeddings):
        check = EmbeddingsCheck(embeddings, limits, tolerant=tolerant)
        yield from check.findings()
        yield from check.against(store)
    else:
        yield from _unembedded(store)


def _conversations(folder: Path, store: StoreCheck, limits: Limits) -> Iterator[Finding]:
    """X-27 to X-36 and X-41 over the files that the index names, then over those that it does not."""
    wanted: dict[str, list[tuple[str, Place]]] = {}
    for refs in store.refs.values():
        if refs.conversation and refs.message:
            wanted.setdefault(refs.conversation, []).append((refs.message, refs.place))
    listed: set[Path] = set()
    for entry in store.entries.values():
        value = _entry_value(entry)
        storage = value.get("storage")
        if type(storage) is not dict or storage.get("type") != "file" or type(storage.get("ref")) is not str:
            continue
        path = inside(folder, storage["ref"])
        if path is None:
            yield broken("storage-missing", entry.place)
            continue
        listed.add(path)
        check = ConversationCheck(path, limits, tolerant=store.tolerant, name=str(path.relative_to(folder)), package=folder)
        yield from check.findings()
        if check.root:
            yield from check.against(value, store.version)
        if check.whole:
            for message, place in wanted.get(entry.id, ()):
                if message not in check.messages:
                    yield broken("message-ref", place)
    conversations = folder / terms.CONVERSATIONS_FOLDER
    if conversations.is_symlink() or not conversations.is_dir():
        return
    for path in sorted(conversations.iterdir()):
        if path.suffix == ".json" and path not in listed and is_regular(path):
            name = str(path.relative_to(folder))
            yield broken("conversation-unlisted", Place(file=name))
            yield from ConversationCheck(path, limits, tolerant=store.tolerant, name=name, package=folder).findings()


def _entry_value(entry: Entry) -> dict[str, Any]:
    value = msgspec.json.decode(entry.data or b"{}")
    return value if type(value) is dict else {}
