"""What no field of ours carries of a native value, for writers that have a place for it (portable-ai-memory.md 7.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satchel.adapters.grok.sides import CARRIED
from satchel.adapters.grok.wire import PLATFORM, moment_of
from satchel.adapters.values import beyond
from satchel.model.bodies import Conversation, Message
from satchel.model.record import Record
from satchel.model.times import to_rfc3339

_HEAD = ("id", "conversation_id", "title", "summary", "user_id")
_RESPONSE = (
    "_id", "response_id", "id", "conversation_id", "message", "sender", "parent_response_id", "model", "thinking_trace",
    "cited_web_search_results", "generated_image_urls", "image_edit_uri", "is_control", "partial",
)  # fmt: skip
_X_TURN = ("chatId", "accountId", "createdAt", "sender", "message", "attachments")
_THOUGHT = ("thinking_start_time", "thinking_end_time")


def leftover(record: Record, native: Any) -> Mapping[str, Any]:
    """The members of ``native`` that ``record`` does not carry, without nulls."""
    if type(native) is not dict:
        return {}
    kind = record.origin.kind.removeprefix(f"{PLATFORM.info.name}.")
    if kind == "x_message":
        rest = beyond(native, *_X_TURN)
        # A sender of more than a name is more than a role.
        if type(native.get("sender")) is dict:
            rest["sender"] = native["sender"]
        return rest
    if kind in CARRIED:
        return beyond(native, *CARRIED[kind])
    if isinstance(record.body, Conversation):
        return _conversation(record, record.body, native)
    if isinstance(record.body, Message):
        return _message(record, native)
    return {}


def _conversation(record: Record, body: Conversation, native: dict[str, Any]) -> dict[str, Any]:
    head = native["conversation"] if type(native.get("conversation")) is dict else native
    rest = beyond(head, *_HEAD, "responses", "conversation")
    if record.times.created is not None:
        rest.pop("create_time", None)
    if record.times.updated is not None:
        rest.pop("modify_time", None)
    if body.is_starred:
        rest.pop("starred", None)
    if head is not native:
        rest |= beyond(native, "conversation", "responses", *rest)
    return rest


def _message(record: Record, native: dict[str, Any]) -> dict[str, Any]:
    response = native["response"] if type(native.get("response")) is dict else native
    rest = beyond(response, *_RESPONSE)
    if record.times.created is not None:
        rest.pop("create_time", None)
    if response.get("xai_user_id") == record.provenance.account:
        rest.pop("xai_user_id", None)
    if "metadata" in rest:
        rest["grok_metadata"] = rest.pop("metadata")
    for name in _THOUGHT:
        moment = moment_of(rest.get(name))
        if moment is not None:
            rest[name] = to_rfc3339(moment)
    if type(response.get("sender")) is not str:
        rest |= beyond({"sender": response.get("sender")})
    for name in ("file_attachments", "image_attachments"):
        items = rest.get(name)
        if type(items) is list and items and all(type(item) in (str, int) for item in items):
            del rest[name]
    if response is not native:
        rest |= beyond(native, "response", *rest)
    return rest
