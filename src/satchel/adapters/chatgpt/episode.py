"""What a Portable Memory episode holds of ChatGPT's messages and memories that no field of ours does (portable-memory.md 9.2).

The public SDK takes visible turns of the person and the model that have text, and saved memories. Those are prepared here,
under its names, so that both write the same episodes; everything else leaves in the format's own way. What the dossier names as
lost in the reference is kept: a memory's other members stand as ``openai_<name>`` where that name is free.
"""

from __future__ import annotations

from typing import Any

from satchel.adapters.chatgpt.shapes import text_of
from satchel.codec import canonical
from satchel.model.bodies import Conversation, Message
from satchel.model.record import Record
from satchel.model.times import to_rfc3339

#: Whose members the residue has.
FORMAT = "portable-memory"
#: Where the text of a saved memory may be, in order; the first string counts, be it empty.
TEXTS = ("memory", "content", "text")
#: Records' kinds of origin.
CONVERSATION = "chatgpt.conversation"
MESSAGE = "chatgpt.message"


def row_members(record: Record, whole: Record | None) -> dict[str, Any] | None:
    """The members of a conversation's or a turn's row that no field gives; None of any other record.

    Args:
        whole: a turn's conversation.
    """
    if record.origin.kind == CONVERSATION:
        # Its row has the id that its turns' rows name.
        return {} if record.origin.id else None
    body = record.body
    if record.origin.kind != MESSAGE or not isinstance(body, Message) or not _is_turn(body):
        return None
    metadata = {
        "openai_conversation_id": "" if whole is None else whole.origin.id,
        "openai_conversation_title": whole.body.title if whole is not None and isinstance(whole.body, Conversation) else "",
        "openai_message_id": record.origin.id,
        "openai_role": body.role,
        "openai_model": body.model,
        "openai_recipient": body.recipient,
    }
    if record.times.created is not None:
        metadata["openai_create_time"] = to_rfc3339(record.times.created.replace(microsecond=0))
    return {"metadata": {name: value for name, value in metadata.items() if value}, "sourceID": record.origin.id}


def _is_turn(body: Message) -> bool:
    """A visible message of the person or the model with text. The SDK takes these, where the text is in the usual members."""
    return body.role in ("user", "assistant") and not body.is_hidden and any(part.text.strip() for part in body.parts)


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
