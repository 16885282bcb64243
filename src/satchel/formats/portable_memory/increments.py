"""Increments: what came since a cursor, and how such a bundle is taken in.

The format filters by the times that rows say of themselves and so misses every change of an old row (dossier 10.3 R4). Ours
goes by the vault's changes: a row leaves when its current state came after the cursor, when it refers to what came or was
erased after it, or when a row that leaves rests on it; vendors' kinds leave whole, tombstones always all.

Tombstones are carried out in the state of whoever takes the increment, which is older: so ``audit/reached.jsonl`` says what
they erased here besides what they name, and a row that the increment itself carries is not reached through what it rested on
before.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import msgspec

from satchel.codec import canonical
from satchel.errors import Place
from satchel.formats.base import Homeward, Known, Selection
from satchel.formats.portable_memory import bundle as paths
from satchel.formats.portable_memory import manifest as manifests
from satchel.formats.portable_memory.bundle import Bundle
from satchel.formats.portable_memory.graves import Graves
from satchel.formats.portable_memory.kinds import KINDS
from satchel.formats.portable_memory.lens import FORMAT_NAME
from satchel.formats.portable_memory.records import foundations, uid_of, without_erased
from satchel.formats.portable_memory.validation import Check
from satchel.limits import Limits
from satchel.model.bodies import Relation
from satchel.model.ids import make_uid
from satchel.model.packages import Reached
from satchel.model.record import Record

_HELD = 4096
#: Kinds whose rows may come to rest on other rows than before.
_MOVING = ("entity", "edge", "fact", "chunk")
_HOW = ("derived", "unfounded", "orphan")


class Increment:
    """Chooses what leaves after a cursor."""

    def __init__(self, selection: Selection, after: int) -> None:
        self._selection = selection
        self._after = after
        self._brought_by = functools.lru_cache(_HELD)(selection.brought_by)
        #: Whether anything was erased since: then what is left may have to say so.
        self._erased = any(entry.operation in ("delete", "redact") for entry in selection.log(after))
        self._vendors: set[str] = set()
        self._needed: set[str] = set()

    def homeward(self) -> Iterator[Homeward]:
        """The rows of this format that leave."""
        for found in self._selection.homeward(FORMAT_NAME, self._after):
            kind = _kind(found)
            if kind not in KINDS:
                self._vendors.add(kind)
                continue
            if kind in ("edge", "community") and self._erased:
                self.needs(kind, msgspec.json.decode(found.native))
            yield found
        if not self._vendors and not self._erased:
            return
        for found in self._selection.homeward(FORMAT_NAME):
            kind = _kind(found)
            if kind in self._vendors:
                yield found
            elif kind in KINDS and self._erased:
                row = msgspec.json.decode(found.native)
                needed = kind == "entity" and row["id"] in self._needed
                if (needed or without_erased(kind, row, self._selection.buried)) and not self.is_new(uid_of(kind, row)):
                    yield found

    def needs(self, kind: str, row: dict[str, Any]) -> None:
        """Remember the entities that a row which leaves names: elsewhere they may be about to go for want of it."""
        if kind == "edge":
            self._needed |= {row["srcEntityID"], row["dstEntityID"]}
        elif kind == "community":
            self._needed.update(row["memberEntityIDs"])

    @property
    def needs_entities(self) -> bool:
        """Whether any row that leaves names entities."""
        return bool(self._needed)

    def needed(self, row: dict[str, Any]) -> bool:
        """Whether an entity's row is one of those."""
        return row["id"] in self._needed

    def has_changed(self, record: Record) -> bool:
        """Whether a record of another source leaves: it is new since, or something that its row names is."""
        if self.is_new(record.uid):
            return True
        names = {record.scope, record.provenance.conversation, *(link.to for link in record.links)}
        if isinstance(record.body, Relation):
            names |= {record.body.source, record.body.target}
        return any(self.is_new(uid) for uid in names if uid)

    def is_new(self, uid: str) -> bool:
        """Whether the record's current state came after the cursor."""
        return self._brought_by(uid) > self._after

    def reached(self) -> Iterator[bytes]:
        """The lines of ``audit/reached.jsonl``: edges before the entities that they leave behind."""
        for kind, id, how in self._selection.reached(FORMAT_NAME, self._after):
            yield canonical.encode({"how": how, "id": id, "kind": kind}, "mem")


def _kind(found: Homeward) -> str:
    return found.source_kind.removeprefix(f"{FORMAT_NAME}.")


def reached_of(line: bytes, place: Place) -> Reached | None:
    """What a line of ``audit/reached.jsonl`` says; None where it says nothing that could be. It names a row of this format by
    kind and id: no line can name a record of another source."""
    try:
        row: Any = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if type(row) is not dict or row.get("how") not in _HOW:
        return None
    kind, id = row.get("kind"), row.get("id")
    if type(kind) is not str or type(id) is not str or not kind or not id:
        return None
    return Reached(uid=make_uid(FORMAT_NAME, kind, id), how=row["how"], place=place)


def spared(bundle: Bundle, files: list[manifests.File], known: Known, limits: Limits) -> frozenset[str]:
    """The uids of rows that an increment carries and the vault holds: its tombstones reach them by name alone.

    A row that still rests on what is deleted is none of them. This looks ahead, at what is checked when its turn comes.
    """
    by_path = {file.path: file for file in files}
    if paths.TOMBSTONES not in by_path:
        return frozenset()
    ahead = Check(bundle, limits)
    graves = Graves()
    for line in ahead.read(by_path[paths.TOMBSTONES]):
        graves.add(line.row)
    found: set[str] = set()
    for kind in _MOVING:
        file = by_path.get(f"items/{kind}.jsonl")
        for line in ahead.read(file) if file else ():
            row = line.row
            uid = uid_of(kind, row)
            parents, evidence = foundations(kind, row)
            if graves.forbids(kind, row) or any(map(known.buried, parents)) or known.said(uid) is None:
                continue
            named = row.get("evidenceEpisodeIDs") or () if kind == "edge" else ()
            gone = [graves.forbids("episode", {"id": id}) for id in named]
            if not named or not all(
                here or known.buried(there) == "delete" for here, there in zip(gone, evidence, strict=True)
            ):
                found.add(uid)
    return frozenset(found)
