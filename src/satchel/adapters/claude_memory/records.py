"""A memory file as a record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from satchel.adapters.base import AdapterInfo
from satchel.adapters.claude_memory.episode import INDEXES, episode_members
from satchel.adapters.claude_memory.files import Entry, head_of
from satchel.adapters.notes import Notes
from satchel.errors import CanonicalError
from satchel.model.bodies import Memory, MemoryType
from satchel.model.ids import make_uid
from satchel.model.record import Native, Origin, Provenance, Record, Times

INFO = AdapterInfo(name="claude_memory", version=1, title="Claude's memory files")
KIND = f"{INFO.name}.file"
#: Whose members the residue has.
FORMAT = "portable-memory"
#: What we call Claude Code's types.
_TYPES: dict[str, MemoryType] = {"user": "identity", "feedback": "preference", "project": "project", "reference": "fact"}
_MADE = ("created", "created_at", "metadata.created", "metadata.created_at")
_CHANGED = ("modified", "updated", "updated_at", "metadata.modified", "metadata.updated", "metadata.updated_at")


def file_uid(entry: Entry, account: str) -> str:
    """The uid of a memory file: its path within the account; without one, its name, or what it says."""
    said = "" if entry.path else head_of(entry.content).members.get("name") or entry.content
    return make_uid(INFO.name, account, "file", entry.path, said)


def read_file(entry: Entry, uid: str, account: str, notes: Notes, pointer: str = "") -> Record | None:
    """The record of a file; None, told, of one that says nothing."""
    head = head_of(entry.content)
    text = head.body.strip() or entry.content.removeprefix("\ufeff").strip()
    if not text:
        notes.add("empty-memory", "a memory file has no text; its bytes are kept", "info", "skipped")
        return None
    name = head.members.get("name") or entry.base.removesuffix(".md")
    try:
        episode = episode_members(entry, head, name, text)
    except CanonicalError:
        notes.add("bad-value", "a member has no canonical form; it is kept in the original alone", "warning", "changed")
        episode = {}
    told = {**entry.beside, **head.members}
    return Record(
        uid=uid,
        body=Memory(text=text, type="context" if entry.base in INDEXES else _TYPES.get(head.type, "fact"), title=name),
        # Files of one name in two folders are two memories (portable-memory.md 10.6 no. 13).
        origin=Origin(format=INFO.name, id=entry.path or name, kind=KIND),
        times=Times(created=_time(told, _MADE, notes), updated=_time(told, _CHANGED, notes)),
        # The agent itself writes them (portable-memory.md 1.5, RFC-0003).
        provenance=Provenance(platform="claude", account=account, method="llm_inference", extractor=INFO.name),
        tags=(head.type,) if head.type else (),
        native=Native(pointer=pointer),
        residue={FORMAT: episode} if episode else {},
    )


def _time(told: dict[str, Any], names: tuple[str, ...], notes: Notes) -> datetime | None:
    return next((moment for name in names if (moment := notes.time(told.get(name)))), None)
