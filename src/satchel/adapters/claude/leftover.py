"""What no field of ours carries of a native value, for writers that have a place for it.

Null members are left out: they say nothing. A member is carried when some field of the record was made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satchel.adapters.claude.wire import PLATFORM
from satchel.model.record import Record

_CARRIED: dict[str, frozenset[str]] = {
    "conversation": frozenset(
        {
            "uuid", "id", "name", "title", "summary", "model", "created_at", "updated_at", "is_starred",
            "current_leaf_message_uuid", "chat_messages", "messages",
        }
    ),
    "message": frozenset(
        {
            "uuid", "id", "sender", "role", "text", "content", "created_at", "updated_at", "attachments", "files",
            "parent_message_uuid", "model", "stop_reason", "truncated",
        }
    ),
    "project": frozenset(
        {
            "uuid", "name", "description", "prompt_template", "created_at", "updated_at", "archived_at", "is_archived",
            "docs",
        }
    ),
    "project_doc": frozenset({"uuid", "filename", "content", "created_at", "updated_at"}),
    "memory_file": frozenset({"path", "content", "created_at", "updated_at"}),
    "memory": frozenset({"path", "content", "created_at", "updated_at"}),
    "published_artifact": frozenset({"id", "created_at", "updated_at", "title"}),
    "artifact_comment": frozenset({"text", "author_role", "created_at"}),
    "design_chat": frozenset({"uuid", "title", "created_at", "updated_at", "messages"}),
    "design_message": frozenset({"uuid", "role", "created_at", "updated_at", "content"}),
    "design_content": frozenset(
        {
            "role", "id", "content", "timestamp", "authorName", "attachments", "contentBlocks", "questionRecord",
            "questionReceipt",
        }
    ),
}  # fmt: skip
_BLOCK: dict[str, frozenset[str]] = {
    "text": frozenset({"text", "citations"}),
    "thinking": frozenset({"thinking", "summaries"}),
    "tool_use": frozenset({"id", "name", "input"}),
    "tool_result": frozenset({"tool_use_id", "name", "content", "is_error"}),
    "injected_prompt_block": frozenset({"prompt", "injection_source"}),
    "document": frozenset({"file_uuid", "title", "text", "extracted_content"}),
    "image": frozenset({"file_uuid", "title"}),
}
_ATTACHMENT = frozenset({"file_name", "file_size", "file_type", "extracted_content"})
_FILE = frozenset({"file_uuid", "file_name"})


def leftover(record: Record, native: Any) -> Mapping[str, Any]:
    """See the module docstring; nothing for values that are no object."""
    if type(native) is not dict:
        return {}
    kind = record.origin.kind.removeprefix(f"{PLATFORM}.")
    carried = _CARRIED.get(kind)
    if carried is None:
        return {}
    rest = _beyond(native, carried)
    if kind == "conversation" and type(rest.get("account")) is dict:
        account = _beyond(rest.pop("account"), frozenset({"uuid"}))
        if account:
            rest["account"] = account
    elif kind == "message":
        _message(native, rest)
    elif kind == "design_message":
        content = native.get("content")
        beyond = _beyond(content, _CARRIED["design_content"]) if type(content) is dict else {}
        if beyond:
            rest["content"] = beyond
    return rest


def _beyond(value: dict[str, Any], carried: frozenset[str]) -> dict[str, Any]:
    return {name: item for name, item in value.items() if item is not None and name not in carried}


def _message(native: dict[str, Any], rest: dict[str, Any]) -> None:
    """The members of blocks, attachments and files that their parts do not carry, each with what tells it apart."""
    blocks: list[dict[str, Any]] = []
    content = native.get("content")
    for block in content if type(content) is list else ():
        if type(block) is dict:
            kind = block.get("type")
            carried = _BLOCK.get(kind) if type(kind) is str else None
            beyond = _beyond(block, carried | {"type"}) if carried is not None else _beyond(block, _TYPE)
            if beyond:
                blocks.append({"type": kind, **beyond})
    if blocks:
        rest["content_parts"] = blocks
    for member, carried, mark in (("attachments", _ATTACHMENT, "file_name"), ("files", _FILE, "file_uuid")):
        items = native.get(member)
        found = [
            {mark: item.get(mark), **beyond}
            for item in (items if type(items) is list else ())
            if type(item) is dict and (beyond := _beyond(item, carried))
        ]
        if found:
            rest[member] = found


_TYPE = frozenset({"type"})
