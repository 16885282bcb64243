"""Which records become memories, and as what: the table of kinds (dossier 1.5).

Every kind is either here with its type and text, or is refused with a code that the ledger tells.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from satchel.model.bodies import (
    Document,
    Entity,
    Instruction,
    Memory,
    Procedure,
    Profile,
    Scope,
    Skill,
    Task,
)
from satchel.model.record import Record

#: The kinds that a memory can be made of; the rest of them are asked for by ``PLACELESS``.
KINDS = ("memory", "instruction", "profile", "scope", "document", "skill", "procedure", "task", "entity")
PLACELESS: dict[str, str] = {
    "setting": "the format has no settings",
    "tool_server": "the format has no tool servers",
    "secret_ref": "where a secret lies is not told to others",
    "foreign": "the format has no place for another format's own kinds",
    "chunk": "a chunk is a piece of a document that is written whole",
}


class Statement(NamedTuple):
    """A record as a memory: the format's type, its text, what of ours has no member, and the confidence."""

    type: str
    custom_type: str
    content: str
    ours: dict[str, Any]
    confidence: float | None = None


class Refusal(NamedTuple):
    """Why a record becomes no memory."""

    code: str
    text: str


def statement_of(record: Record) -> Statement | Refusal:
    """The record as a memory, or why it is none."""
    if not record.access.exportable:
        return Refusal("not-exportable", "marked as not to be exported")
    body = record.body
    if isinstance(body, Document) and not body.text.strip():
        return Refusal("blob-only", "a file without text; written only where a message refers to it")
    statement = _statement(record)
    if not statement.content.strip():
        return Refusal("blank", "there is no text to write")
    return statement


def _statement(record: Record) -> Statement:
    body = record.body
    match body:
        case Memory():
            ours = _present(
                title=body.title,
                subject=body.subject,
                predicate=body.predicate,
                object=body.object,
                salience=body.salience,
            )
            if body.type == "custom" or body.type == "episode":
                named = body.custom_type if body.type == "custom" else "episode"
                return Statement("custom", named.strip() or "custom", body.text, ours, body.confidence)
            if body.custom_type:
                ours["custom_type"] = body.custom_type
            return Statement(body.type, "", body.text, ours, body.confidence)
        case Instruction():
            return Statement("instruction", "", body.text, {"about": body.about, **_present(title=body.title)})
        case Profile():
            return Statement("identity", "", body.text, _present(title=body.title))
        case Scope():
            ours = _present(name=body.name, is_archived=body.is_archived or None)
            text = _joined(body.name, body.text)
            if body.type == "project":
                return Statement("project", "", text, ours)
            return Statement("custom", "scope", text, {"scope_type": body.type, **ours})
        case Document():
            ours = _present(name=body.name, media_type=body.media_type, size_bytes=body.size_bytes, url=body.url)
            return Statement("custom", "document", body.text, ours)
        case Skill():
            ours = _present(name=body.name, description=body.description)
            return Statement("skill", "", _joined(body.name, body.description, body.text), ours)
        case Procedure():
            ours = _present(name=body.name, trigger=body.trigger, steps=list(body.steps) or None)
            if not body.enabled:
                ours["enabled"] = False
            text = _joined(body.name, body.trigger, "\n".join(body.steps), body.text)
            return Statement("custom", "procedure", text, ours)
        case Task():
            ours = _present(title=body.title, state=body.state)
            return Statement("goal", "", _joined(body.title, body.text), ours)
        case Entity():
            ours = _present(name=body.name, entity_type=body.type, aliases=list(body.aliases) or None)
            return Statement("custom", "entity", _joined(body.name, body.text), ours)
        case _:
            raise AssertionError(f"{record.kind} is no kind of memory")


def _joined(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text)


def _present(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None and value != ""}
