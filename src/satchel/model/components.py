"""The five components of Portable Agent Memory, and where each kind of record has its home among them (dossier 1).

A capability token speaks of items: an id, a component, tags (dossier 5.2). An artifact's entry is one as it stands. A record of
the vault is one by this table and these rules:

    component   by kind. Kinds without a home here (documents, chunks, projects, …) have none: their ids, their tags or a
                wildcard alone select them. A statement is semantic, though the format's lens writes one that is no triple as an
                episodic entry: as a triple it would contradict every other
    ids         its uid; the entry's own id where it came in an artifact, for that is a hash of what it names
    tags        its own
    pieces      a message is a piece of its conversation, a chunk of its document: it also has the ids and tags of the whole,
                so that whoever may see a talk sees what was said in it, and what excludes a talk excludes all of it
"""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from satchel.model.bodies import Memory
from satchel.model.record import Record

Component = Literal["episodic", "semantic", "procedural", "working", "identity"]
COMPONENTS: tuple[Component, ...] = get_args(Component)

#: ``origin.format`` of what came in an artifact: its ids are hashes, and are ids wherever they are met.
ARTIFACT = "portable-agent-memory"

BY_KIND: dict[str, Component] = {
    "memory": "semantic",
    "entity": "semantic",
    "relation": "semantic",
    "conversation": "episodic",
    "message": "episodic",
    "procedure": "procedural",
    "skill": "procedural",
    "task": "working",
    "profile": "identity",
    "instruction": "identity",
    "setting": "identity",
}
#: Types of memory that are at home elsewhere than a memory is.
BY_MEMORY_TYPE: dict[str, Component] = {"episode": "episodic"}
#: Kinds that are pieces of what they are part of.
PIECES = frozenset({"message", "chunk"})


class Item(msgspec.Struct, frozen=True):
    """What a scope is evaluated on. ``component`` is "" where it has none."""

    ids: frozenset[str]
    component: Component | Literal[""]
    tags: frozenset[str]


def component_of(record: Record) -> Component | Literal[""]:
    """The component that a record belongs to, "" for none."""
    if isinstance(record.body, Memory) and record.body.type in BY_MEMORY_TYPE:
        return BY_MEMORY_TYPE[record.body.type]
    return BY_KIND.get(record.kind, "")


def whole_of(record: Record) -> str:
    """The uid of what a record is a piece of, "" for one that is none."""
    return record.linked("part_of") if record.kind in PIECES else ""


def item_of(record: Record, whole: Record | None = None) -> Item:
    """A record as an item; ``whole`` is what ``whole_of`` names, None where the vault does not hold it."""
    ids, tags = _ids(record), set(record.tags)
    if whole is not None:
        ids |= _ids(whole)
        tags |= set(whole.tags)
    return Item(frozenset(ids), component_of(record), frozenset(tags))


def _ids(record: Record) -> set[str]:
    return {record.uid, record.origin.id} if record.origin.format == ARTIFACT and record.origin.id else {record.uid}
