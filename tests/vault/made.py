"""Source objects of a small made-up platform, for tests of the vault that need no adapter."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from satchel.errors import Place
from satchel.model.bodies import Conversation, Memory, Message, Part
from satchel.model.ids import make_uid
from satchel.model.record import Link, Native, Origin, Original, Provenance, Reading, Record, Times

PLATFORM = "made"


def moment(second: int) -> datetime:
    return datetime.fromtimestamp(1_700_000_000 + second, UTC)


def conversation(
    name: str, texts: list[str], *, updated: int | None = 0, title: str = "A talk", reader: str = "made/1", element: int = 0
) -> Original:
    """A linear talk; its native bytes are the JSON of its texts."""
    uid = make_uid(PLATFORM, "conversation", name)
    messages = [{"text": text} for text in texts]
    native = msgspec.json.encode({"name": name, "title": title, "updated": updated, "messages": messages})

    def read() -> Reading:
        provenance = Provenance(platform=PLATFORM, method="api_export")
        records = [
            Record(
                uid=uid,
                body=Conversation(title=title),
                origin=Origin(format=PLATFORM, id=name, kind="made.conversation"),
                times=Times(updated=None if updated is None else moment(updated)),
                provenance=provenance,
            )
        ]
        parent = ""
        for number, text in enumerate(texts):
            message = make_uid(uid, "message", str(number))
            records.append(
                Record(
                    uid=message,
                    body=Message(role="user", parts=(Part(type="text", text=text),), parent=parent, position=number),
                    origin=Origin(format=PLATFORM, id=str(number), kind="made.message"),
                    links=(Link("part_of", uid),),
                    provenance=provenance,
                    native=Native(pointer=f"/messages/{number}"),
                )
            )
            parent = message
        return Reading(tuple(records))

    return Original(
        uid=uid,
        kind="made.conversation",
        native=native,
        place=Place("made.json", element),
        reader=reader,
        updated=None if updated is None else moment(updated),
        read=read,
    )


def memory(name: str, text: str, *, file: str = "memories.json", **header: Any) -> Original:
    """A source object that is one memory."""
    uid = make_uid(PLATFORM, "memory", name)
    record = Record(
        uid=uid,
        body=Memory(text=text),
        origin=Origin(format=PLATFORM, id=name, kind="made.memory"),
        provenance=Provenance(platform=PLATFORM),
        **header,
    )
    return Original(
        uid=uid,
        kind="made.memory",
        native=msgspec.json.encode({"text": text}),
        place=Place(file),
        reader="made/1",
        updated=None,
        read=lambda: Reading((record,)),
    )
