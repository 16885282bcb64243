"""What a record's fields do not carry of its native value, for formats with a place for it (``raw_metadata``)."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from satchel.adapters.chatgpt.episode import text_name
from satchel.model import bodies
from satchel.model.record import Record

#: Members of an asset pointer and of an attachment that a part carries.
_CARRIED_POINTER = frozenset(
    {"content_type", "asset_pointer", "size_bytes", "size", "name", "file_name", "mime_type", "format", "text"}
)
_CARRIED_ATTACHMENT = frozenset({"id", "name", "mime_type", "size"})
#: Content members that parts carry whole, by content type; what is not here stays.
_CARRIED_TEXT = frozenset(
    {
        "text",
        "result",
        "summary",
        "content",
        "user_profile",
        "user_instructions",
        "model_set_context",
        "language",
        "title",
        "url",
        "snippet",
        "name",
        "state",
    }
)
_REFERENCES = frozenset({"citations", "content_references", "search_result_groups"})
#: Members of a message that are not looked at one by one when they are as usual.
_USUAL = frozenset({"content", "author", "metadata", "id", "create_time", "update_time", "recipient"})


def unmapped(record: Record, native: Any) -> Mapping[str, Any]:
    """The members of ``native`` that ``record`` does not carry, without nulls."""
    if type(native) is not dict:
        return {}
    body = record.body
    if isinstance(body, bodies.Message):
        if record.origin.kind == "chatgpt.codex_turn":
            return _without(native, {"id", "role", "input_items", "output_items", "previous_turn_id"})
        return of_message(record, body, native)
    if isinstance(body, bodies.Conversation):
        return _conversation(record, body, native)
    if isinstance(body, bodies.Document):
        return _without(native, {"id", "title", "content", "file_id", "file_name", "mime_type", "file_size_bytes"})
    if isinstance(body, bodies.Memory) and record.origin.kind == "chatgpt.memory" and record.native.pointer:
        return _without(native, {"id", text_name(native) or "content", "title"})
    if isinstance(body, bodies.Foreign):
        return _without(native, ())
    return {}


def _without(value: dict[str, Any], carried: Any) -> dict[str, Any]:
    return {name: member for name, member in value.items() if member is not None and name not in carried}


def _conversation(record: Record, body: bodies.Conversation, native: dict[str, Any]) -> dict[str, Any]:
    if record.origin.kind == "chatgpt.codex_task":
        return _without(native, {"id", "title", "archived", "turns"})
    if "mapping" not in native and not record.origin.id and _is_bare_mapping(native):
        return {}
    rest = _without(native, {"mapping"})
    carried: dict[str, Any] = {
        "id": record.origin.id,
        "conversation_id": record.origin.id,
        "title": body.title,
        "default_model_slug": body.model,
        "is_archived": body.is_archived,
        "is_starred": body.is_starred,
    }
    for name, value in carried.items():
        if name in rest and type(rest[name]) is type(value) and rest[name] == value:
            del rest[name]
    if record.times.created is not None:
        rest.pop("create_time", None)
    if record.times.updated is not None:
        rest.pop("update_time", None)
    if body.current:
        rest.pop("current_node", None)
    if record.scope:
        rest.pop("gizmo_id", None)
    return rest


def _is_bare_mapping(native: dict[str, Any]) -> bool:
    return any(type(node) is dict and ("message" in node or "children" in node) for node in native.values())


def of_message(record: Record, body: bodies.Message, native: dict[str, Any]) -> dict[str, Any]:
    """The same of a message of a conversation."""
    get = native.get
    times = record.times
    recipient = get("recipient")
    if (
        get("id") == record.origin.id
        and (recipient == "all" or recipient == body.recipient)
        and (times.created is not None or get("create_time") is None)
        and (times.updated is not None or get("update_time") is None)
    ):
        # The usual message: what its fields carry is left out at once.
        rest = {name: member for name in _left(tuple(native)) if (member := native[name]) is not None}
    else:
        rest = _without(native, {"content", "author", "metadata"})
        if rest.get("id") == record.origin.id:
            del rest["id"]
        if times.created is not None:
            rest.pop("create_time", None)
        if times.updated is not None:
            rest.pop("update_time", None)
        if recipient == "all" or recipient == body.recipient:
            rest.pop("recipient", None)
    if rest.get("status") == body.state:
        del rest["status"]
    author = get("author")
    if not _is_usual_author(body, author):
        author = _author(body, author)
        if author:
            rest["author"] = author
    content = get("content")
    if not _is_one_text(content):
        content = _content(content)
        if content:
            rest["content"] = content
    metadata = get("metadata")
    if metadata:
        metadata = _metadata(body, metadata)
        if metadata:
            rest["metadata"] = metadata
    return rest


@functools.lru_cache(256)
def _left(names: tuple[str, ...]) -> tuple[str, ...]:
    """Of a message's members, which are the same from one to the next, those that are no usual ones."""
    return tuple(name for name in names if name not in _USUAL)


def _is_one_text(content: Any) -> bool:
    """Whether a content is the usual one: a single text, which a part carries."""
    if type(content) is not dict or len(content) != 2 or content.get("content_type") != "text":
        return False
    parts = content.get("parts")
    return type(parts) is list and len(parts) == 1 and type(parts[0]) is str


def _is_usual_author(body: bodies.Message, author: Any) -> bool:
    """Whether an author is the usual one: nothing but a role and perhaps a name, which the record has."""
    if type(author) is not dict or len(author) != 3 or author.get("role") != body.role:
        return False
    name = author.get("name", author)
    return (name is None or name == body.author) and not author.get("metadata", author)


def _author(body: bodies.Message, author: Any) -> Any:
    if type(author) is not dict:
        return author
    rest = _without(author, ())
    if rest.get("role") in (body.role, body.author):
        rest.pop("role", None)
    if rest.get("name") == body.author:
        rest.pop("name", None)
    if not rest.get("metadata", True):
        rest.pop("metadata")
    return rest


def _content(content: Any) -> Any:
    if type(content) is not dict:
        # Plain strings and lists are the parts themselves.
        return None if type(content) in (str, list) else content
    rest = _without(content, _CARRIED_TEXT)
    if rest.get("content_type") == "text":
        del rest["content_type"]
    parts = rest.pop("parts", None)
    if type(parts) is list:
        left = [_without(part, _CARRIED_POINTER) if type(part) is dict else None for part in parts]
        if any(left):
            rest["parts"] = left
    thoughts = rest.pop("thoughts", None)
    if type(thoughts) is list:
        left = [_without(item, {"summary", "content", "chunks"}) if type(item) is dict else None for item in thoughts]
        if any(left):
            rest["thoughts"] = left
    return rest


def _metadata(body: bodies.Message, metadata: Any) -> Any:
    if type(metadata) is not dict:
        return metadata
    rest = {
        name: member
        for name, member in metadata.items()
        if member is not None and (member or name not in _REFERENCES or member != [])
    }
    if not rest:
        return rest
    get = rest.get
    if get("model_slug") == body.model:
        rest.pop("model_slug", None)
    if get("is_visually_hidden_from_conversation") is body.is_hidden:
        del rest["is_visually_hidden_from_conversation"]
    attachments = get("attachments")
    if type(attachments) is list:
        left = [_without(item, _CARRIED_ATTACHMENT) if type(item) is dict else item for item in attachments]
        if any(left):
            rest["attachments"] = left
        else:
            del rest["attachments"]
    data = get("user_context_message_data")
    if type(data) is dict and all(type(text) is str for text in data.values() if text is not None):
        del rest["user_context_message_data"]
    return rest
