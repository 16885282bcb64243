"""Which role a file plays in a ChatGPT export, told by its structure (providers.md 2, 3.1).

``mapping`` alone does not mean ChatGPT: DeepSeek has it too, with ``inserted_at`` on the conversation or ``fragments`` in
a message. A file's name is looked at only where the structure says nothing: an empty array, or the side files whose
inside nobody has described.
"""

from __future__ import annotations

import re
from typing import Any

from satchel.adapters.chatgpt.episode import text_name
from satchel.adapters.chatgpt.files import base_name
from satchel.codec.probe import Probe

#: Members that hold the conversations where the root is an object.
WRAPPERS = ("conversations", "items", "data", "chats")
#: Members that hold saved memories where the root is an object, in order.
MEMORIES = ("memories", "results", "data")
#: Side files whose elements are kept as they are: role to the name of the export's file.
FOREIGN = {
    "feedback": "message_feedback",
    "shared": "shared_conversations",
    "comparisons": "model_comparisons",
    "group-chats": "group_chats",
    "shopping": "shopping",
    "sora": "sora",
    "tool-messages": "tool_messages",
    "ads": "ads",
}
_BY_NAME = {f"{stem}.json": role for role, stem in FOREIGN.items()} | {
    "user_settings.json": "settings",
    "library_files.json": "library",
    "conversation_asset_file_names.json": "asset-names",
}
_SHARD = re.compile(r"conversations(?:-\d+)?\.json\Z")
_FILE_NAME = re.compile(r"file[-_][A-Za-z0-9]")
#: Members of a conversation that no other product has.
_DISTINCT = frozenset(
    {
        "current_node",
        "default_model_slug",
        "gizmo_id",
        "gizmo_type",
        "conversation_template_id",
        "plugin_ids",
        "safe_urls",
        "blocked_urls",
        "moderation_results",
        "is_do_not_remember",
        "memory_scope",
        "async_status",
        "conversation_origin",
        "disabled_tool_ids",
    }
)
_ACCOUNT = frozenset({"email", "phone_number", "birth_year", "chatgpt_plus_user"})
_MEMORY = frozenset(
    {"id", "content", "created_at", "updated_at", "created_timestamp", "type", "status", "enabled", "conversation_id"}
    | {"last_updated", "created", "updated", "memories", "title", "message_id", "gizmo_id"}
)
_MEMORIES_ROOT = frozenset(
    {"memories", "memory_max_tokens", "memory_num_tokens", "max_tokens", "num_tokens", "enabled", "total", "cursor"}
)
_LIBRARY = frozenset({"file_name", "mime_type", "sha256_digest", "file_size_bytes", "library_artifact_type"})


def role_of(path: str, probe: Probe, *, was_named: bool = False) -> str | None:
    """The role of the file at ``path`` that looks like ``probe``, or None when it is not ChatGPT's.

    Args:
        was_named: a person named this very file: then a list of memories is read that nothing else shows to be ChatGPT's.
    """
    return _role_of(path, probe) or ("memory" if was_named and _has_memories(probe) else None)


def memories_name(value: dict[str, Any]) -> str:
    """The member of an object that holds a list of memories; "" without one (portable-memory.md 9.2)."""
    return next((name for name in MEMORIES if type(value.get(name)) is list), "")


def _has_memories(probe: Probe) -> bool:
    """Whether it is a list of memories as people save them from ChatGPT: texts, or objects with one."""
    value = probe.value if probe.form == "json" else None
    items = value[memories_name(value)] if type(value) is dict and memories_name(value) else value
    return type(items) is list and any(
        type(item) is str or (type(item) is dict and "mapping" not in item and text_name(item)) for item in items
    )


def _role_of(path: str, probe: Probe) -> str | None:
    name = base_name(path).lower()
    if probe.form == "html":
        return "chat-html" if "var jsonData" in probe.text or name == "chat.html" else None
    if probe.form != "json":
        return None
    if type(probe.value) is list:
        role = _role_of_array(probe.value)
        empty = not probe.value and probe.whole
    elif type(probe.value) is dict:
        role = _role_of_object(path, probe.value)
        empty = not probe.value and probe.whole
    else:
        return None
    if (
        role is None
        and name in _BY_NAME
        and (empty or name in ("shopping.json", "sora.json", "tool_messages.json", "ads.json"))
    ):
        # Structure leaves it open; the name is the export's own.
        return _BY_NAME[name]
    if role is None and empty and _SHARD.match(name):
        return "conversations"
    return role


def _role_of_array(elements: list[Any]) -> str | None:
    items = [item for item in elements if type(item) is dict]
    if any(_is_deepseek(item) for item in items):
        return None
    if any(is_conversation(item) for item in items):
        return "conversations"
    if any("chat_messages" in item for item in items):
        return None
    for item in items:
        if _is_codex(item):
            return "codex"
        if type(item.get("file_id")) is str and item.keys() & _LIBRARY:
            return "library"
        if "textdoc_type" in item and "content" in item:
            return "textdocs"
        if "rating" in item and ("message_id" in item or "conversation_id" in item):
            return "feedback"
        if "conversation_id" in item and "is_anonymous" in item and "id" in item:
            return "shared"
        if "input" in item and "output" in item and ("metadata" in item or "user_id" in item) and "id" in item:
            return "comparisons"
        if _is_memory(item) and "enabled" in item:
            return "memory"
    return None


def _role_of_object(path: str, value: dict[str, Any]) -> str | None:
    if "version" in value and type(value.get("export_files")) is list:
        return "manifest"
    if _is_deepseek(value):
        return None
    if is_conversation(value):
        return "conversation"
    for wrapper in WRAPPERS:
        items = value.get(wrapper)
        if type(items) is list:
            found = [item for item in items if type(item) is dict]
            if any(_is_deepseek(item) for item in found):
                return None
            if any(is_conversation(item) for item in found):
                return f"wrapped:{wrapper}"
    if _is_fragment(value):
        return "fragment"
    if value.keys() == {"chats"} and type(value["chats"]) is list:
        return "group-chats"
    if len(value.keys() & _ACCOUNT) >= 2 and ("id" in value or "chatgpt_plus_user" in value):
        return "account"
    if "memories" in value and _is_memories(value):
        return "memory"
    if "enabled" in value and _is_memory(value):
        return "memory"
    if "content" in value and ("textdoc_type" in value or _is_textdoc_path(path)):
        return "textdocs"
    if base_name(path).lower() == "user_settings.json" or ("user_id" in value and type(value.get("settings")) is dict):
        return "settings"
    if value and all(type(item) is str for item in value.values()):
        names = sum(1 for key in value if _FILE_NAME.match(key) or key.endswith(".dat"))
        if names * 2 > len(value):
            return "asset-names"
    return None


def _is_node(value: Any) -> bool:
    if type(value) is not dict:
        return False
    message = value.get("message")
    if type(message) is dict:
        return "content" in message or "author" in message
    return "message" in value or ("parent" in value and "children" in value)


def is_conversation(value: dict[str, Any]) -> bool:
    """Whether an object is a conversation: a mapping with nodes, or without one the members that only ChatGPT has."""
    if "mapping" in value:
        mapping = value["mapping"]
        if type(mapping) is dict and any(_is_node(node) for node in mapping.values()):
            return True
        if value.keys() & {"title", "create_time", "conversation_id", "current_node"}:
            return True
    return len(value.keys() & _DISTINCT) >= 3


def _is_fragment(value: dict[str, Any]) -> bool:
    nodes = [node for node in value.values() if node is not None]
    return (
        bool(nodes)
        and all(type(node) is dict for node in nodes)
        and any(
            _is_node(node) and ("message" in node) and (type(node["message"]) is dict or "parent" in node or "children" in node)
            for node in nodes
        )
    )


def _is_deepseek(value: dict[str, Any]) -> bool:
    if "inserted_at" in value and "mapping" in value:
        return True
    mapping = value.get("mapping", value)
    if type(mapping) is not dict:
        return False
    for node in mapping.values():
        message = node.get("message") if type(node) is dict else None
        if type(message) is dict and ("fragments" in message or "inserted_at" in message):
            return True
    return False


def _is_codex(value: dict[str, Any]) -> bool:
    turns = value.get("turns")
    if type(turns) is not list:
        return False
    if str(value.get("id", "")).startswith("task_e_"):
        return True
    return any(type(turn) is dict and ("input_items" in turn or "output_items" in turn) for turn in turns)


def _is_memory(value: dict[str, Any]) -> bool:
    return "content" in value and value.keys() <= _MEMORY


def _is_memories(value: dict[str, Any]) -> bool:
    memories = value["memories"]
    if type(memories) is not list or not value.keys() <= _MEMORIES_ROOT:
        return False
    items = [item for item in memories if type(item) is dict]
    return any(
        _is_memory(item) and type(item.get("id")) is str and item.keys() & {"created_at", "updated_at", "created_timestamp"}
        for item in items
    )


def _is_textdoc_path(path: str) -> bool:
    return "textdocs" in path.replace("\\", "/").split("/")[:-1]
