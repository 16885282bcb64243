"""Roles by structure (providers.md 2, Stage B, and the layouts of 3.1)."""

from __future__ import annotations

from typing import Any

import pytest

from satchel.adapters.chatgpt import ADAPTER
from satchel.codec.probe import probe
from satchel.codec.sources import BytesMember
from tests.adapters.chatgpt.exports import message, node, shared, take, talk

ONE = talk(message())


@pytest.mark.parametrize(
    ("value", "role"),
    [
        ([ONE], "conversations"),
        ([None, ONE], "conversations"),
        ([{"title": "no mapping"}, ONE], "conversations"),
        ([talk() | {"mapping": None}], "conversations"),
        ({"conversations": [ONE]}, "wrapped:conversations"),
        (ONE, "conversation"),
        (ONE["mapping"], "fragment"),
        ({"version": 1, "export_files": [{"path": "a", "size_bytes": 1}]}, "manifest"),
        ({"file-AbC.dat": "dalle-generations/x.webp"}, "asset-names"),
        ([{"file_id": "file-a", "file_name": "x.png"}], "library"),
        ([{"id": "task_e_1", "title": "t", "turns": []}], "codex"),
        ({"id": "user-1", "email": "a@b", "phone_number": None, "chatgpt_plus_user": True}, "account"),
        ({"id": "user-1", "email": "a@b", "birth_year": 1990}, "account"),
        ({"memories": [{"id": "m", "content": "c", "created_at": "2025-01-01", "type": "x"}]}, "memory"),
        ({"content": "likes tea", "enabled": True, "created_at": "2025-01-01"}, "memory"),
        ({"chats": []}, "group-chats"),
        ([{"message_id": "m", "conversation_id": "c", "rating": "thumbsUp"}], "feedback"),
        ([{"id": "s", "conversation_id": "c", "title": "t", "is_anonymous": True}], "shared"),
        # Others' exports (providers.md 2: 5, 6, 7, 8).
        ([{"uuid": "u", "chat_messages": []}], None),
        ({"conversations": [{"conversation": {}, "responses": []}]}, None),
        ([ONE | {"inserted_at": "2025-01-01T00:00:00+08:00"}], None),
        ([{"id": "d", "mapping": {"1": node("1", {"fragments": [], "files": []})}}], None),
        (node("1", {"fragments": []}), None),
        ({"1": node("1", {"fragments": []})}, None),
        ({"conversations_memory": "x"}, None),
        ({"memories": [{"id": 1, "memory": "x", "hash": "y"}], "export_meta": {}}, None),
        ([{"memory": "x", "hash": "y"}], None),
        ({"mcpServers": {"a": {"command": "x"}}}, None),
        ([1, 2, 3], None),
        ("text", None),
    ],
)
def test_role_by_structure_under_a_neutral_name(value: Any, role: str | None) -> None:
    assert take({"data.json": value}).roles["data.json"] == role


def test_a_name_breaks_only_the_tie_of_an_empty_array() -> None:
    roles = take({"conversations.json": [], "conversations-003.json": [], "data.json": [], "shopping.json": []}).roles
    assert roles["conversations.json"] == roles["conversations-003.json"] == "conversations"
    assert roles["data.json"] is None
    assert roles["shopping.json"] == "shopping"


def test_a_conversation_that_breaks_off_in_the_probe_is_recognised() -> None:
    long = talk(*(message("x" * 500, key=str(index)) for index in range(400)))
    assert take({"data.json": [long]}).roles["data.json"] == "conversations"
    assert take({"data.json": long}).roles["data.json"] == "conversation"


def test_chat_html_by_its_script() -> None:
    page = b"<html><head></head><body><script>\nvar jsonData = [];\n</script></body></html>"
    assert take({"page.html": page}).roles["page.html"] == "chat-html"
    assert take({"page.html": b"<html><body>Gemini</body></html>"}).roles["page.html"] is None


def test_deepseek_samples_are_not_claimed() -> None:
    for path in sorted(shared("fixtures", "deepseek").rglob("*.json")):
        member = BytesMember(path.name, path.read_bytes())
        assert ADAPTER.unasked.claim(member, probe(member)) is None
