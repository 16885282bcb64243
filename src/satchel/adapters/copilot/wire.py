"""What Copilot's readers have in common: names, roles, and a talk's rows as records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from satchel.adapters.base import AdapterInfo
from satchel.adapters.notes import Notes
from satchel.adapters.platform import Platform, repeated, sha256
from satchel.model import times
from satchel.model.bodies import Conversation, Message, Part, Role
from satchel.model.ids import make_uid
from satchel.model.record import Link, Native, Reading, Record, Times

PLATFORM = Platform(AdapterInfo(name="copilot", version=1, title="Microsoft Copilot"), times.from_iso)
#: Authors and interaction types, in lower case.
ROLES: dict[str, Role] = {
    "user": "user",
    "human": "user",
    "userprompt": "user",
    "ai": "assistant",
    "copilot": "assistant",
    "assistant": "assistant",
    "bot": "assistant",
    "airesponse": "assistant",
}


def role_of(author: str) -> Role:
    """Who an author is: a person where it says so, else the assistant (portable-ai-memory.md 7.5)."""
    return ROLES.get(author.strip().lower(), "assistant")


class Said(NamedTuple):
    """One message: ``coordinates`` stand for its id where it has none."""

    author: str
    parts: tuple[Part, ...]
    created: datetime | None = None
    id: str = ""
    coordinates: tuple[str, ...] = ()
    pointer: str = ""


class Talk(NamedTuple):
    """A conversation's head, and its messages in their order."""

    uid: str
    version: str
    messages: Sequence[Said]
    title: str = ""
    id: str = ""
    account: str = ""


def human_first(roles: Sequence[Role]) -> list[int]:
    """The order of messages of one second: as they stand when a person begins, else each answer behind a question."""
    order = list(range(len(roles)))
    if not roles or roles[0] == "user" or "user" not in roles:
        return order
    asked = [i for i in order if roles[i] == "user"]
    answered = [i for i in order if roles[i] != "user"]
    pairs = [i for pair in zip(asked, answered, strict=False) for i in pair]
    both = min(len(asked), len(answered))
    return pairs + asked[both:] + answered[both:]


def read_talk(talk: Talk, notes: Notes) -> Reading:
    """The records of a conversation, each message the answer to the one before."""
    by = PLATFORM.provenance(talk.account)
    links = (Link("part_of", talk.uid),)
    seen: dict[str, int] = {}
    records: list[Record] = []
    parent = ""
    for said in talk.messages:
        if said.author.strip().lower() not in ROLES:
            text = "a message does not say in words we know who wrote it; it is taken for the assistant's"
            notes.add("unknown-role", text, "warning", "changed")
        uid = make_uid(talk.uid, "message", said.id or sha256(*said.coordinates))
        if said.id and uid in seen:
            notes.add("repeated-id", "different messages have the same id; all are kept", "warning", "noticed")
        uid = repeated(uid, seen)
        author = "" if said.author.strip().lower() in ROLES else said.author
        records.append(
            Record(
                uid=uid,
                body=Message(role=role_of(said.author), parts=said.parts, parent=parent, position=len(records), author=author),
                origin=PLATFORM.origin("message", said.id),
                times=Times(created=said.created),
                links=links,
                provenance=by,
                native=Native(pointer=said.pointer),
            )
        )
        parent = uid
    moments = [said.created for said in talk.messages if said.created is not None]
    head = Record(
        uid=talk.uid,
        body=Conversation(title=talk.title, current=parent),
        origin=PLATFORM.origin("conversation", talk.id, talk.version),
        times=Times(created=min(moments, default=None), updated=max(moments, default=None)),
        provenance=by,
    )
    return Reading(records=(head, *records), findings=notes.findings())
