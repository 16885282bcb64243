"""Gemini in Workspace: Takeout's ``Conversation History``, a JSON document a conversation, called ``conversation_<id>.txt``.

``{title, creation_time, last_modification_time, conversation_turns[{user_turn{prompt, turn_index, turn_last_modified}} |
{system_turn{text[{data | cards[{content}]}], images[], model_thoughts[{headline, description}], …}}]}``: the shape that
several public readers of real exports describe; providers.md does not have it yet.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from satchel.adapters.gemini.exchange import FileRef, file_part
from satchel.adapters.gemini.wire import dicts, items_of, origin, provenance, text_of, title_of
from satchel.adapters.notes import Notes
from satchel.model.bodies import Conversation, Message, Part, Role
from satchel.model.ids import make_uid
from satchel.model.record import Link, Native, Record, Times

_TURNS: tuple[tuple[str, Role], ...] = (("user_turn", "user"), ("system_turn", "assistant"))


def coordinates(value: dict[str, Any]) -> str:
    """What tells a conversation from others: when it began and its first prompt, not what its file is called."""
    turns = (turn.get("user_turn") for turn in dicts(value.get("conversation_turns")))
    first: dict[str, Any] = next((turn for turn in turns if type(turn) is dict), {})
    said = f"{text_of(value.get('creation_time'))}\n{text_of(first.get('prompt'))}"
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def images_of(value: dict[str, Any]) -> list[FileRef]:
    """The pictures that answers name; they are files of the export."""
    found: dict[str, FileRef] = {}
    for turn in dicts(value.get("conversation_turns")):
        for name, _ in _TURNS:
            inner = turn.get(name)
            for image in items_of(inner.get("images")) if type(inner) is dict else ():
                ref = _image(image)
                if ref:
                    found.setdefault(ref, FileRef("", ref))
    return list(found.values())


def read_conversation(value: Any, uid: str, account: str, notes: Notes) -> tuple[Record, ...]:
    """The records of one conversation, its turns in the order of the file."""
    document = value if type(value) is dict else {}
    messages: list[Record] = []
    seen: dict[str, int] = {}
    parent = ""
    for index, turn in enumerate(items_of(document.get("conversation_turns"))):
        known = [(name, role, turn[name]) for name, role in _TURNS if type(turn) is dict and type(turn.get(name)) is dict]
        if not known:
            notes.add("malformed-message", "a turn is neither the person's nor Gemini's; it is left out", "error", "skipped")
        for name, role, inner in known:
            parts = _parts(inner, account)
            if not parts:
                notes.add("empty-message", "a turn holds nothing; it gives no record")
                continue
            # The same index stands again where a prompt was edited or an answer made anew.
            own = f"{role}:{inner.get('turn_index', index)!r}"
            count = seen[own] = seen.get(own, 0) + 1
            message = make_uid(uid, "message", own, str(count))
            messages.append(
                Record(
                    uid=message,
                    body=Message(role=role, parts=tuple(parts), parent=parent, position=len(messages)),
                    origin=origin("message"),
                    times=Times(updated=notes.time(inner.get("turn_last_modified"))),
                    status="retracted" if inner.get("turn_deleted_time") else "active",
                    links=(Link("part_of", uid),),
                    provenance=provenance(account),
                    native=Native(pointer=f"/conversation_turns/{index}/{name}"),
                )
            )
            parent = message
    first = next((part.text for record in messages for part in record.body.parts), "")  # type: ignore[union-attr]
    head = Record(
        uid=uid,
        body=Conversation(
            title=text_of(document.get("title")) or title_of(first), current=messages[-1].uid if messages else ""
        ),
        origin=origin("workspace_conversation"),
        times=Times(
            created=notes.time(document.get("creation_time")), updated=notes.time(document.get("last_modification_time"))
        ),
        provenance=provenance(account),
        native=Native(),
    )
    return (head, *messages)


def _parts(turn: dict[str, Any], account: str) -> list[Part]:
    parts: list[Part] = []
    for thought in dicts(turn.get("model_thoughts")):
        said = "\n\n".join(filter(None, (text_of(thought.get("headline")), text_of(thought.get("description")))))
        if said:
            parts.append(Part(type="reasoning_summary", text=said))
    if text_of(turn.get("prompt")):
        parts.append(Part(type="text", text=turn["prompt"]))
    for item in items_of(turn.get("text")):
        texts = [item] if type(item) is str else []
        if type(item) is dict:
            texts = [text_of(item.get("data")), *(text_of(card.get("content")) for card in dicts(item.get("cards")))]
        parts.extend(Part(type="text", text=text) for text in texts if text)
    for image in items_of(turn.get("images")):
        ref = _image(image)
        if ref:
            # The names have no ending that tells what they are.
            parts.append(msgspec.structs.replace(file_part(FileRef("", ref), account), type="image"))
    return parts


def _image(value: Any) -> str:
    if type(value) is str:
        return value
    members = value if type(value) is dict else {}
    return next((text_of(members[name]) for name in ("name", "file_name", "url") if name in members), "")
