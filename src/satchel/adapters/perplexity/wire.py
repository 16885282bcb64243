"""What Perplexity's readers have in common: names, and a thread's exchanges as records (providers.md 3.7).

A thread is a row of exchanges, each a question and its answer. An exchange has one time, and no thread has branches.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from satchel.adapters.base import AdapterInfo
from satchel.adapters.notes import Notes
from satchel.adapters.platform import Platform, repeated
from satchel.model import times
from satchel.model.bodies import Conversation, Message, Part
from satchel.model.ids import make_uid
from satchel.model.record import Link, Native, Reading, Record, Times

PLATFORM = Platform(AdapterInfo(name="perplexity", version=2, title="Perplexity"), times.from_iso)

#: The layout of a thread that came of a workbook's rows, and of its messages.
WORKBOOK = "workbook"


class Exchange(NamedTuple):
    """A question and its answer; either may be empty. ``key`` stands for an id where there is none."""

    question: tuple[Part, ...]
    answer: tuple[Part, ...]
    key: str
    id: str = ""
    created: datetime | None = None
    updated: datetime | None = None
    model: str = ""
    pointer: str = ""
    state: str = ""


class Thread(NamedTuple):
    """A conversation's head, and its exchanges in their order."""

    uid: str
    version: str
    exchanges: Sequence[Exchange]
    title: str = ""
    id: str = ""
    account: str = ""
    times: Times = Times()
    scope: str = ""


def read_thread(thread: Thread, notes: Notes) -> Reading:
    """The records of a thread: two messages an exchange, each the answer to the one before."""
    by = PLATFORM.provenance(thread.account)
    links = (Link("part_of", thread.uid),)
    seen: dict[str, int] = {}
    records: list[Record] = []
    parent = model = ""
    layout = WORKBOOK if thread.version == WORKBOOK else ""
    for exchange in thread.exchanges:
        if not exchange.question and not exchange.answer:
            notes.add("empty-message", "an exchange holds nothing; it gives no record")
            continue
        if exchange.question and not exchange.answer:
            notes.add("no-answer", "a question has no answer in the export")
        model = model or exchange.model
        for role, parts in (("user", exchange.question), ("assistant", exchange.answer)):
            if not parts:
                continue
            uid = repeated(make_uid(thread.uid, "message", exchange.id or exchange.key, role), seen)
            records.append(
                Record(
                    uid=uid,
                    body=Message(
                        role="user" if role == "user" else "assistant",
                        parts=parts,
                        parent=parent,
                        position=len(records),
                        model=exchange.model if role == "assistant" else "",
                        state=exchange.state if role == "assistant" else "",
                    ),
                    origin=PLATFORM.origin("question" if role == "user" else "answer", exchange.id, layout),
                    times=Times(created=exchange.created, updated=exchange.updated if role == "assistant" else None),
                    links=links,
                    provenance=by,
                    native=Native(pointer=exchange.pointer),
                )
            )
            parent = uid
    head = Record(
        uid=thread.uid,
        body=Conversation(title=thread.title, model=model, current=parent),
        origin=PLATFORM.origin("thread", thread.id, thread.version),
        times=thread.times,
        provenance=by,
        scope=thread.scope,
    )
    return Reading(records=(head, *records), findings=notes.findings())
