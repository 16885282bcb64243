"""Records given to a vault in a breath."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec

from satchel.errors import Place
from satchel.model.bodies import Conversation, Memory, Message, Part, Role
from satchel.model.ids import make_uid
from satchel.model.record import Link, Origin, Original, Provenance, Reading, Record, Times
from satchel.vault.sqlite.store import SqliteStore

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def memory(id: str, text: str, **more: Any) -> Record:
    """A fact, or with ``type`` another memory."""
    body = Memory(text=text, **{name: more.pop(name) for name in ("type", "confidence", "salience", "title") if name in more})
    more.setdefault("provenance", Provenance(platform="made"))
    return Record(uid=make_uid("made", id), body=body, origin=Origin(format="made", id=id, kind="memory"), **more)


def talk(id: str, turns: Sequence[tuple[str, str]], at: datetime = NOW) -> list[Record]:
    """A conversation; each turn is who said it and what."""
    head = make_uid("made", "talk", id)
    provenance = Provenance(platform="made")
    records = [
        Record(
            uid=head,
            body=Conversation(title=""),
            origin=Origin(format="made", id=id, kind="talk"),
            provenance=provenance,
            times=Times(created=at),
        )
    ]
    for position, (author, text) in enumerate(turns):
        role: Role = "assistant" if author == "assistant" else "user"
        body = Message(
            role=role, author="" if role == author else author, parts=(Part(type="text", text=text),), position=position
        )
        records.append(
            Record(
                uid=make_uid(head, str(position)),
                body=body,
                origin=Origin(format="made", id=f"{id}/{position}", kind="turn"),
                links=(Link("part_of", head),),
                times=Times(created=at),
                provenance=provenance,
            )
        )
    return records


def give(store: SqliteStore, *groups: Record | list[Record]) -> None:
    """Import records; a list is one source object."""
    with store.importing("made") as intake:
        for group in groups:
            records = group if isinstance(group, list) else [group]
            native = msgspec.json.encode([record.uid for record in records])
            original = Original(
                uid=records[0].uid,
                kind="made",
                native=native,
                place=Place(file="made"),
                reader="made/1",
                updated=None,
                read=partial(Reading, tuple(records)),
            )
            intake.put(original)
        intake.finish(())
