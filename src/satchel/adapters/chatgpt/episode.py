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

#: Whose members the residue has.
FORMAT = "portable-memory"
#: Where the text of a saved memory may be, in order; the first string counts, be it empty.
TEXTS = ("memory", "content", "text")
_SPEAKERS = ("user", "assistant")


def is_turn(message: Message) -> bool:
    """Whether the SDK takes it: a visible message of the person or the model with text of its own."""
    if message.author is None or message.author.role not in _SPEAKERS:
        return False
    if message.metadata is not None and message.metadata.is_visually_hidden_from_conversation is True:
        return False
    content = message.content
    if type(content) is not dict:
        return False
    parts = content.get("parts")
    words = parts if type(parts) is list else [content.get("text")]
    return any(type(word) is str and word and not word.isspace() for word in words)


def about(conversation: str, title: str) -> dict[str, str]:
    """What the episodes of all turns of a conversation say of it: its native id and its title, where it has them."""
    told = {"openai_conversation_id": conversation, "openai_conversation_title": title}
    return {name: value for name, value in told.items() if value}


def turn(message: Message, shared: dict[str, str], created: datetime | None) -> dict[str, Any]:
    """The members of a turn's episode that no field of its record gives.

    Args:
        shared: what ``about`` says of its conversation.
        created: the message's time, in UTC.
    """
    metadata = dict(shared)
    id, recipient = message.id, message.recipient
    if type(id) is str and id:
        metadata["openai_message_id"] = id
    if message.author is not None:
        metadata["openai_role"] = message.author.role
    if message.metadata is not None and type(message.metadata.model_slug) is str and message.metadata.model_slug:
        metadata["openai_model"] = message.metadata.model_slug
    if type(recipient) is str and recipient not in ("", "all"):
        metadata["openai_recipient"] = recipient
    if created is not None:
        metadata["openai_create_time"] = created.isoformat()[:19] + "Z"
    return {"metadata": metadata, "sourceID": id} if type(id) is str and id else {"metadata": metadata}


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
