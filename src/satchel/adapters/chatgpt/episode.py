"""What a Portable Memory episode holds of ChatGPT's messages and memories that no field of ours does (portable-memory.md 9.2).

The public SDK takes visible turns of the person and the model that have text, and saved memories. Those are prepared here,
under its names, so that both write the same episodes; everything else leaves in the format's own way. What the dossier names as
lost in the reference is kept: a memory's other members stand as ``openai_<name>`` where that name is free.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from satchel.adapters.chatgpt.shapes import Message, text_of
from satchel.codec import canonical
from satchel.model.times import to_rfc3339

#: Whose members the residue has.
FORMAT = "portable-memory"
#: Where the text of a saved memory may be, in order; the first string counts, be it empty.
TEXTS = ("memory", "content", "text")
_SPEAKERS = ("user", "assistant")


def is_turn(message: Message) -> bool:
    """Whether the SDK takes it: a visible message of the person or the model with text of its own."""
    role = message.author.role if message.author is not None else None
    metadata = message.metadata
    is_hidden = metadata is not None and metadata.is_visually_hidden_from_conversation is True
    return role in _SPEAKERS and not is_hidden and bool(_text(message.content))


def _text(content: Any) -> str:
    if type(content) is not dict:
        return ""
    parts = content.get("parts")
    words = [part for part in parts if type(part) is str] if type(parts) is list else [text_of(content.get("text"))]
    return "\n".join(words).strip()


def turn(message: Message, conversation: str, title: str, created: datetime | None) -> dict[str, Any]:
    """The members of a turn's episode that differ from the defaults, besides id, context, details, summary and times.

    Args:
        conversation: its native id, "" without one.
        created: the message's time.
    """
    role = text_of(message.author.role if message.author is not None else None)
    native = text_of(message.id)
    recipient = text_of(message.recipient)
    metadata = {
        "openai_conversation_id": conversation,
        "openai_conversation_title": title,
        "openai_message_id": native,
        "openai_role": role,
        "openai_model": text_of(message.metadata.model_slug if message.metadata is not None else None),
        "openai_recipient": "" if recipient == "all" else recipient,
        "openai_create_time": "" if created is None else to_rfc3339(created.replace(microsecond=0)),
    }
    episode: dict[str, Any] = {
        "sourceType": "chat",
        "speaker": role,
        "metadata": {name: value for name, value in metadata.items() if value},
    }
    if native:
        episode["sourceID"] = native
    return episode


def text_name(item: dict[str, Any]) -> str:
    """The name of the first member that holds a saved memory's text; "" without one."""
    return next((name for name in TEXTS if type(item.get(name)) is str), "")


def saved(item: dict[str, Any]) -> dict[str, Any]:
    """The members of a saved memory's episode that differ from the defaults, besides id, details, summary and times."""
    metadata = {"openai_source": "memory"}
    if text_of(item.get("id")):
        metadata["openai_memory_id"] = item["id"]
    carried = {text_name(item)} | ({"id"} if type(item.get("id")) is str else set())
    for name, value in item.items():
        if value is None or name in carried:
            continue
        metadata.setdefault(f"openai_{name}", value if type(value) is str else canonical.encode(value, "mem").decode())
    episode: dict[str, Any] = {"sourceType": "note", "metadata": metadata}
    if type(item.get("id")) is str:
        episode["sourceID"] = item["id"]
    return episode
