"""Which role a file plays for Claude, by structure alone (providers.md 2, stage B, rules 1, 7, 8 and 11).

``mapping`` in an item means ChatGPT or DeepSeek, ``responses`` Grok: never ours. An array's first element may be null or
broken, so all elements in the probe are asked.
"""

from __future__ import annotations

from typing import Any, Literal

from satchel.codec.probe import Probe
from satchel.codec.sources import Member

Role = Literal[
    "manifest", "users", "logins", "projects", "project", "memories", "memory", "artifact", "artifact-comments",
    "reflections", "design-chats", "design-chat", "conversations", "conversations-wrapped", "conversation",
]  # fmt: skip

_LOGIN = frozenset({"ip_address", "ip"})
_LOGIN_BESIDE = frozenset({"user_agent", "created_at", "login_at", "logged_in_at", "timestamp", "device", "country"})


def role_of(member: Member, probe: Probe) -> Role | None:
    """The file's role, or None when it is not Claude's."""
    if probe.form != "json":
        return None
    value = probe.value
    if type(value) is dict:
        return _object_role(value, member.path)
    if type(value) is list:
        return _array_role([item for item in value if type(item) is dict], member.path)
    return None


def _items(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if type(item) is dict] if type(value) is list else []


def _object_role(value: dict[str, Any], path: str) -> Role | None:
    if any("category" in item and "filename" in item for item in _items(value.get("data_files"))):
        return "manifest"
    if is_conversation(value):
        return "conversation"
    if is_design_chat(value):
        return "design-chat"
    if any(is_conversation(item) for item in _items(value.get("conversations"))):
        return "conversations-wrapped"
    if is_memory(value):
        return "memory"
    if is_project(value):
        return "project"
    if type(value.get("versions")) is list and "id" in value and {"active_version", "owner_account"} & value.keys():
        return "artifact"
    if _is_comments(value, path):
        return "artifact-comments"
    if type(value.get("reflections")) is list and "mapping" not in value:
        return "reflections"
    if _is_user(value):
        return "users"
    if any(_is_login(item) for name in ("login_history", "logins") for item in _items(value.get(name))):
        return "logins"
    return None


def _array_role(items: list[dict[str, Any]], path: str) -> Role | None:
    for item in items:
        if is_conversation(item):
            return "conversations"
        if is_design_chat(item):
            return "design-chats"
        if is_memory(item):
            return "memories"
        if is_project(item):
            return "projects"
        if _is_user(item):
            return "users"
        if _is_login(item) and "login" in path.lower():
            return "logins"
    return None


def is_conversation(item: dict[str, Any]) -> bool:
    """``chat_messages``, or the ``messages``-keyed variant; in a probe's broken-off element, the members before them."""
    if "mapping" in item or "responses" in item:
        return False
    if "chat_messages" in item:
        return type(item["chat_messages"]) is list or "uuid" in item
    messages = item.get("messages")
    if type(messages) is list:
        return "uuid" in item and "name" in item and "project" not in item and _has_roles(messages)
    return "messages" not in item and "uuid" in item and "name" in item and "summary" in item and "account" in item


def _has_roles(messages: list[Any]) -> bool:
    found = _items(messages)
    return all("content" in item and ("role" in item or "sender" in item) for item in found[:-1]) and any(
        "role" in item or "sender" in item for item in found
    )


def is_design_chat(item: dict[str, Any]) -> bool:
    """``messages[]`` with ``role`` (not ``sender``) beside ``project{uuid,name}``; or rows as only design chats have."""
    messages = item.get("messages")
    if type(messages) is not list or "uuid" not in item or "mapping" in item:
        return False
    rows = _items(messages)
    if any("sender" in row for row in rows):
        return False
    project = item.get("project")
    if type(project) is dict and ("uuid" in project or "name" in project):
        return not rows or any("role" in row or "content" in row for row in rows)
    return "title" in item and any(
        type(row.get("content")) is dict and {"contentBlocks", "authorAccountUuid"} & row["content"].keys() for row in rows
    )


def is_memory(item: dict[str, Any]) -> bool:
    """Either generation of memory, or both in one object; members are missing when empty, so the account may stand alone."""
    if item.keys() == {"account_uuid"}:
        return True
    if type(item.get("conversations_memory")) is str or type(item.get("project_memories")) is dict:
        return "account_uuid" in item or "conversations_memory" in item
    files = item.get("memory_files")
    return type(files) is list and (not files or any("path" in file or "content" in file for file in _items(files)))


def is_project(item: dict[str, Any]) -> bool:
    """``prompt_template``, ``docs`` or ``is_private``, under a uuid."""
    if "uuid" not in item or "chat_messages" in item or "mapping" in item or "messages" in item:
        return False
    if "prompt_template" in item or "is_starter_project" in item:
        return True
    return "name" in item and (type(item.get("docs")) is list or {"is_private", "description"} <= item.keys())


def _is_comments(value: dict[str, Any], path: str) -> bool:
    threads = value.get("threads")
    if any(type(thread.get("comments")) is list for thread in _items(threads)):
        return "artifact" in path.lower() or any({"resolved", "carried"} & thread.keys() for thread in _items(threads))
    # An empty list tells nothing: here, and only here, the name decides.
    return threads == [] and path.rsplit("/", 1)[-1].startswith("artifact_comments")


def _is_user(item: dict[str, Any]) -> bool:
    return "uuid" in item and "full_name" in item and ("email_address" in item or "verified_phone_number" in item)


def _is_login(item: dict[str, Any]) -> bool:
    return bool(_LOGIN & item.keys()) and bool(_LOGIN_BESIDE & item.keys()) and "messages" not in item
