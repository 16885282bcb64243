"""Which part of an export leaves as an increment on an earlier one (dossier 5.1).

Whoever has the earlier export and puts each element of the increment in the place of the one with its id has what a full
export would give. So an element leaves when its current state came after the cursor, and when what is written of it may be
another for what came after it: a memory whose other end, conversation or embedding is new, a conversation that a memory which
leaves was drawn from (its entry lists it, and its file has to be there: X-06, X-09, X-30), whatever had to give up its id or
its path. By the vault's changes, not by the times that memories say of themselves: these miss what is old and came late.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from satchel.formats.base import Selection
from satchel.formats.portable_ai_memory import homeward, moments, terms
from satchel.formats.portable_ai_memory.homeward import Homes, is_home
from satchel.formats.portable_ai_memory.memories import conversation_uid
from satchel.formats.portable_ai_memory.sidecar import Notes
from satchel.formats.portable_ai_memory.space import member, string, uid_in
from satchel.formats.portable_ai_memory.statements import KINDS
from satchel.model import bodies
from satchel.model.bodies import Message, Relation
from satchel.model.ids import uuid_of
from satchel.model.ledger import Ledger
from satchel.model.record import Record
from satchel.model.times import from_microseconds, to_microseconds


class Increment:
    """What leaves, by uid. ``choose`` once everything has its name, and then ask."""

    def __init__(self, selection: Selection, after: int) -> None:
        self._selection = selection
        self._after = after
        #: What a later change brought or altered.
        self.fresh = {record.uid for record in selection.records(*bodies.KINDS, after=after)}
        self.memories: set[str] = set()
        self.talks: set[str] = set()
        self._moved: set[str] = set()
        self._first_index = self._first_embeddings = False

    def choose(self, homes: Homes, is_memory: Callable[[str], bool], replaced_by: Callable[[str], str]) -> None:
        """Find what leaves. ``replaced_by`` gives the memory that replaces one, or ""."""
        selection = self._selection
        if not self.fresh:
            return
        self._name_files(homes)
        self._moved = self._losers(homes.renamed) | homes.moved_paths(self.fresh)
        self.talks |= self._spoken_in()
        # An index or an embeddings file that was not there before: what nobody could look up can be looked up now.
        talks = [record.uid for record in selection.records("conversation") if record.access.exportable]
        self._first_index = bool(talks) and all(map(self._is_new, talks))
        self._first_embeddings = bool(homes.embeddings) and all(self._is_new(uid) for uid, _ in homes.embeddings.values())
        for record in selection.records(*KINDS):
            if is_memory(record.uid) and self._leaves(record, homes, replaced_by(record.uid)):
                self.memories.add(record.uid)
                # Also those that it named before: they list it no longer.
                for state in selection.states(record.uid) if record.uid in self.fresh else (record,):
                    self.talks |= self._talks_of(state)
        for record in selection.records("conversation"):
            if any(map(self._has_changed, (record.uid, homes.entries.get(record.uid, ""), record.scope))):
                self.talks.add(record.uid)

    def _is_new(self, uid: str) -> bool:
        """Whether it came since, not only changed."""
        return uid in self.fresh and self._selection.came_by(uid) > self._after

    def _has_changed(self, uid: str) -> bool:
        return uid in self.fresh or uid in self._moved

    def file_leaves(self, uid: str) -> bool:
        """Whether a file that came in this format leaves even when no conversation that leaves names it."""
        return self._has_changed(uid)

    def relation_leaves(self, record: Record, body: Relation) -> bool:
        """Whether a relation leaves that is a record; the relations of a memory leave with it."""
        return any(map(self._has_changed, (record.uid, body.source, body.target)))

    def tell_erased(self, ledger: Ledger) -> None:
        """Tell what was erased since: the format has no word for it."""
        for entry in self._selection.log(self._after):
            removed = entry.detail.get("removed") if entry.operation in ("import", "forget") else None
            for kind, count in (removed or {}).items():
                text = "erased since; an increment cannot say so: whoever took an earlier export may hold it still"
                ledger.record(kind, "unresolved", "erased-since", text, count=count)

    def note_named(self, homes: Homes, notes: Notes) -> None:
        """Note whence that came which the increment names and leaves to the base."""
        for uid in sorted((homes.named or set()) - self.memories - self.talks):
            record = self._selection.get(uid)
            if record is None:
                continue
            kind, id = "conversation" if record.kind == "conversation" else "memory", homes.id_of(uid)
            if is_home(record) and id == record.origin.id:
                notes.came(kind, id, record.origin.space)
            else:
                notes.made(kind, id, uid, home=is_home(record))

    def _leaves(self, record: Record, homes: Homes, newer: str) -> bool:
        said = record.provenance
        # That a talk went on says nothing of the memories that name it, only that it came.
        if self._has_changed(record.uid) or self._is_new(said.conversation) or self._is_new(said.message):
            return True
        times = record.times
        if said.conversation in self.fresh and not (times.created or times.updated or times.observed):
            # Its time is the conversation's.
            return True
        named = {record.scope, homes.embeddings.get(record.uid, ("", ""))[0]}
        named |= {link.to for link in record.links if self._is_memory_or_new(link.to)}
        if record.status == "superseded":
            named.add(newer)
        if is_home(record):
            absent = self._first_index and said.conversation and self._selection.get(said.conversation) is None
            if absent or ((self._first_embeddings or record.status == "superseded") and self._names_at_home(record)):
                return True
        return any(map(self._has_changed, named))

    def _is_memory_or_new(self, uid: str) -> bool:
        other = self._selection.get(uid) if uid in self.fresh else None
        return other is None or other.kind not in ("conversation", "message") or self._is_new(uid)

    def _names_at_home(self, record: Record) -> bool:
        """Whether the bytes of a memory name what changed: what replaces it, an embedding where there were none before."""
        native = self._selection.native(record)
        value: dict[str, Any] = msgspec.json.decode(native) if native else {}
        newer = string(member(value, "temporal"), "superseded_by")
        if newer and self._has_changed(uid_in(record.origin.space, "memory", newer)):
            return True
        return self._first_embeddings and bool(string(value, "embedding_ref"))

    def _talks_of(self, record: Record) -> set[str]:
        """The conversations that a memory names, itself or by a message."""
        found = {record.provenance.conversation, conversation_uid(record, self._selection)}
        for uid in (record.provenance.message, *(link.to for link in record.links)):
            other = self._selection.get(uid) if uid else None
            if other is not None and other.kind == "message":
                found.add(other.linked("part_of"))
        return found - {""}

    def _spoken_in(self) -> set[str]:
        """The conversations that have fresh messages, or messages that carry fresh files."""
        talks: set[str] = set()
        files = {record.uid for record in self._selection.records("document", after=self._after)}
        for record in self._selection.records("message", after=self._after):
            talks.add(record.linked("part_of"))
            files -= _files(record)
        if files:
            for record in self._selection.records("message"):
                if not files.isdisjoint(_files(record)):
                    talks.add(record.linked("part_of"))
        return talks

    def _name_files(self, homes: Homes) -> None:
        """Settle the paths of everything, in the order in which an export settles them."""
        selection = self._selection
        for record in selection.records("document"):
            if is_home(record) and record.origin.kind == "attachment" and record.access.exportable:
                homes.path(record.origin.id, terms.ATTACHMENTS_FOLDER, record.uid)
        for record in selection.records("conversation"):
            if is_home(record) and record.origin.kind == "conversation" and record.access.exportable:
                entry = selection.get(homes.entries.get(record.uid, record.uid))
                native = selection.native(entry) if entry is not None and entry.uid != record.uid else None
                wanted = homeward.storage_ref(native) if native is not None else ""
                homes.path(wanted, terms.CONVERSATIONS_FOLDER, record.uid, ".json")

    def _losers(self, renamed: dict[str, str]) -> set[str]:
        """What has another id than its own since something fresh has that."""
        if not renamed:
            return set()
        fresh = (record for record in self._selection.records(*KINDS, "conversation", after=self._after))
        keepers = (record for record in fresh if record.uid not in renamed)
        taken = {record.origin.id if is_home(record) else uuid_of(record.uid) for record in keepers}
        return {uid for uid, id in renamed.items() if id in taken}


def earliest(oldest: int | None, temporal: dict[str, Any]) -> int | None:
    """The lesser of ``oldest`` and the later of a memory's two times, in microseconds since 1970."""
    read = (moments.read(time) for name in ("created_at", "updated_at") if type(time := temporal.get(name)) is str)
    said = max((moment.instant for moment in read if moment is not None), default=None)
    return oldest if said is None else said if oldest is None else min(oldest, said)


def before(at: datetime, oldest: int | None) -> datetime:
    """What an increment says as ``since``: its cursor, or, where a memory of it is older by its own times, the last moment
    before that: an increment has only memories that were created or updated after ``since`` (PAM-112)."""
    if oldest is None or to_microseconds(at) < oldest:
        return at
    try:
        return from_microseconds(oldest - 1)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _files(record: Record) -> set[str]:
    return {part.asset for part in record.body.parts if part.asset} if isinstance(record.body, Message) else set()
