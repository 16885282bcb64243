"""AI Studio: one JSON document a prompt, as it lies in the Drive folder "Google AI Studio" (providers.md 3.3).

``chunkedPrompt.chunks`` is the talk, a chunk a message: text, thoughts, programs and what came of them, files inside or in
Drive. What an API call sends (``contents`` with ``parts``) is read alike. Times are only where a chunk has ``createTime``.
"""

from __future__ import annotations

import hashlib
from typing import Any

from satchel.adapters.gemini.chunks import CONTENT, chunk_parts, chunk_text, drive_id
from satchel.adapters.gemini.wire import dicts, ident, items_of, origin, provenance, text_of, title_of
from satchel.adapters.notes import Notes
from satchel.model.bodies import Conversation, Instruction, Message, Part, Role
from satchel.model.ids import make_uid
from satchel.model.record import Link, Native, Record, Times


def chunks_of(value: dict[str, Any]) -> tuple[str, list[Any]]:
    """Where the talk stands in a document, as a JSON pointer, and its chunks."""
    prompt = value.get("chunkedPrompt")
    if type(prompt) is dict and type(prompt.get("chunks")) is list:
        return "/chunkedPrompt/chunks", prompt["chunks"]
    for name in ("chunks", "contents"):
        if type(value.get(name)) is list:
            return f"/{name}", value[name]
    return "/chunkedPrompt/chunks", []


def inner_of(value: Any) -> tuple[str, dict[str, Any]]:
    """The prompt itself, which some answers of the service wrap in ``prompt``."""
    if type(value) is dict and type(value.get("prompt")) is dict and "chunkedPrompt" not in value:
        return "/prompt", value["prompt"]
    return "", value if type(value) is dict else {}


def conversation_id(value: dict[str, Any]) -> str:
    """The prompt's own id: ``id``, or ``name`` of the form ``prompts/<id>``."""
    name = text_of(value.get("name"))
    return ident(value.get("id")) or (name.removeprefix("prompts/") if name.startswith("prompts/") else "")


def coordinates(value: dict[str, Any]) -> str:
    """What tells a prompt without an id from others: its first time, question and answer, which do not change as it grows."""
    said: dict[str, str] = {}
    _, chunks = chunks_of(value)
    for chunk in dicts(chunks):
        role = "model" if chunk.get("role") == "model" else "user"
        if chunk.get("isThought") is not True and role not in said:
            said[role] = text_of(chunk.get("createTime")) + "\n" + chunk_text(chunk) + drive_id(chunk)
    return hashlib.sha256(
        "\0".join(said.get(role, "") for role in ("user", "model")).encode("utf-8", "surrogatepass")
    ).hexdigest()


def drive_ids(value: dict[str, Any]) -> list[str]:
    """The ids of files in Drive that the prompt names."""
    _, chunks = chunks_of(value)
    found = (drive_id(chunk) for chunk in dicts(chunks))
    return list(dict.fromkeys(file_id for file_id in found if file_id))


def read_prompt(value: Any, uid: str, native_id: str, title: str, account: str, notes: Notes) -> tuple[Record, ...]:
    """The records of one prompt: the talk, its messages, the system instruction.

    Args:
        title: what the file is called; the document's own name goes before.
    """
    outer, document = inner_of(value)
    pointer, chunks = chunks_of(document)
    settings = document.get("runSettings")
    model = text_of(settings.get("model")).removeprefix("models/") if type(settings) is dict else ""
    talk = _Talk(uid, outer, model, account, notes)
    instructions: list[Record] = []
    system, at = _system(document)
    if system:
        message = talk.add("system", [Part(type="context", text=system)], at, {})
        instructions.append(_instruction(system, uid, message, outer + at, account))
    for index, chunk in enumerate(chunks):
        if type(chunk) is not dict:
            notes.add("malformed-message", "a chunk is no object; it is left out", "error", "skipped")
            continue
        parts = chunk_parts(chunk, account, notes)
        if not parts:
            notes.add("empty-message", "a chunk holds nothing that is known; it gives no record")
            continue
        talk.add(_role(chunk, parts, notes), parts, f"{pointer}/{index}", chunk, text_of(chunk.get("finishReason")))
    for at, pending in _pending(document):
        parts = chunk_parts(pending, account, notes)
        if parts:
            talk.add("user", parts, at, pending, "pending")
            notes.add("pending-input", "a text was typed and not sent; it is the last message, marked pending")
    times = [record.times.created for record in talk.messages if record.times.created]
    conversation = Record(
        uid=uid,
        body=Conversation(
            title=_name(document) or title or title_of(talk.first),
            model=model,
            current=talk.messages[-1].uid if talk.messages else "",
        ),
        origin=origin("prompt", native_id),
        times=Times(created=min(times, default=None), updated=max(times, default=None)),
        provenance=provenance(account),
        native=Native(pointer=outer),
    )
    return (conversation, *talk.messages, *instructions)


class _Talk:
    """The messages of a prompt, each answering the one before it."""

    def __init__(self, uid: str, outer: str, model: str, account: str, notes: Notes) -> None:
        self.messages: list[Record] = []
        #: The text of the person's first message.
        self.first = ""
        self._uid = uid
        self._outer = outer
        self._model = model
        self._by = provenance(account)
        self._notes = notes
        self._seen: set[str] = set()

    def add(self, role: Role, parts: list[Part], at: str, chunk: dict[str, Any], state: str = "") -> str:
        """One more message, from the chunk at the pointer ``at``; returns its uid."""
        own = ident(chunk.get("id"))
        uid = make_uid(self._uid, "message", own or at)
        if uid in self._seen:
            self._notes.add("repeated-id", "different messages have the same id; all are kept", "warning")
            uid = make_uid(self._uid, "message", own, at)
        self._seen.add(uid)
        body = Message(
            role=role,
            parts=tuple(parts),
            parent=self.messages[-1].uid if self.messages else "",
            position=len(self.messages),
            model=self._model if role == "assistant" else "",
            state=state,
        )
        self.messages.append(
            Record(
                uid=uid,
                body=body,
                origin=origin("message", own),
                times=Times(created=self._notes.time(chunk.get("createTime"))),
                trust="untrusted" if all(part.type == "tool_result" for part in parts) else "imported",
                links=(Link("part_of", self._uid),),
                provenance=self._by,
                native=Native(pointer=self._outer + at),
            )
        )
        if role == "user" and not self.first:
            self.first = next((part.text for part in parts if part.type == "text"), "")
        return uid


def _role(chunk: dict[str, Any], parts: list[Part], notes: Notes) -> Role:
    role = chunk.get("role")
    if all(part.type == "tool_result" for part in parts):
        return "tool"
    if role == "user":
        return "user"
    if role not in ("model", "assistant"):
        if role == "system":
            return "system"
        notes.add("unknown-role", "a message does not say in words we know who wrote it", "warning", "changed")
    return "assistant"


def _system(value: dict[str, Any]) -> tuple[str, str]:
    """The system instruction's text, and its pointer."""
    for name in ("systemInstruction", "system_instruction"):
        item = value.get(name)
        if type(item) is str:
            return item.strip(), f"/{name}"
        if type(item) is dict:
            return (text_of(item.get("text")) or chunk_text(item)).strip(), f"/{name}"
    return "", ""


def _instruction(text: str, conversation: str, message: str, pointer: str, account: str) -> Record:
    return Record(
        uid=make_uid(conversation, "instruction"),
        body=Instruction(text=text, about="assistant"),
        origin=origin("system_instruction"),
        links=(Link("derived_from", message), Link("part_of", conversation)),
        provenance=provenance(account, conversation),
        native=Native(pointer=pointer),
    )


def _pending(value: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    prompt = value.get("chunkedPrompt")
    found = []
    for where, holder in (("", value), ("/chunkedPrompt", prompt if type(prompt) is dict else {})):
        for at, item in enumerate(items_of(holder.get("pendingInputs"))):
            if type(item) is dict and item.keys() & CONTENT:
                found.append((f"{where}/pendingInputs/{at}", item))
    return found


def _name(value: dict[str, Any]) -> str:
    metadata = value.get("metadata")
    shown = text_of(metadata.get("displayName")) if type(metadata) is dict else ""
    return shown or text_of(value.get("title")) or text_of(value.get("displayName"))
