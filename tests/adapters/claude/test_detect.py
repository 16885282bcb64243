"""Roles by structure (providers.md 2 and 3.2): ours in every layout, others' never."""

from __future__ import annotations

import json
from typing import Any

import pytest

from satchel.adapters.claude import ADAPTER
from satchel.codec.probe import probe
from satchel.codec.sources import BytesMember

MESSAGE = {"uuid": "m", "sender": "human", "text": "hi"}
CONVERSATION = {"uuid": "c", "name": "n", "chat_messages": [MESSAGE]}
CHATGPT = {"title": "t", "mapping": {"a": {"message": None, "children": []}}, "create_time": 1.0}
DEEPSEEK = {"id": "d", "inserted_at": "x", "mapping": {}}


def role(value: Any, path: str = "x.json") -> str | None:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    member = BytesMember(path, data)
    return ADAPTER.claim(member, probe(member))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([CONVERSATION], "conversations"),
        ([None, CONVERSATION], "conversations"),
        ([{}, 5, CONVERSATION], "conversations"),
        ({"conversations": [CONVERSATION]}, "conversations-wrapped"),
        (CONVERSATION, "conversation"),
        ([{"chat_messages": [{"sender": "human", "text": "Q", "content": []}]}], "conversations"),
        ([{"uuid": "a", "name": "t", "messages": [{"role": "human", "content": "Q"}]}], "conversations"),
        ([{"uuid": "p", "name": "", "prompt_template": "", "docs": []}], "projects"),
        ({"uuid": "p", "name": "n", "docs": [{"uuid": "d"}]}, "project"),
        ([{"account_uuid": "a", "conversations_memory": "m"}], "memories"),
        ([{"account_uuid": "a"}], "memories"),
        ({"account_uuid": "a"}, "memory"),
        ({"uuid": "p", "name": "n", "description": "", "is_private": True}, "project"),
        ({"account_uuid": "a", "project_memories": {"p": "m"}}, "memory"),
        ({"memory_files": [{"path": "/profile.md", "content": "x"}]}, "memory"),
        ([{"uuid": "u", "full_name": "F", "email_address": "e"}], "users"),
        ({"id": "a", "kind": "x", "versions": [], "active_version": "1"}, "artifact"),
        ({"threads": [{"resolved": False, "comments": [{"text": "x"}]}]}, "artifact-comments"),
        ({"reflections": [{"text": "x"}]}, "reflections"),
        ({"uuid": "d", "title": "t", "project": {"uuid": "p", "name": "n"}, "messages": [{"role": "user"}]}, "design-chat"),
        ({"version": "1.0", "data_files": [{"category": "c", "filename": "f", "export_url": "u"}]}, "manifest"),
        ([], None),
        ({"invalid": "x"}, None),
        ([CHATGPT], None),
        ([DEEPSEEK], None),
        (CHATGPT, None),
        ({"conversations": [CHATGPT]}, None),
        ({"conversations": [{"conversation": {}, "responses": []}]}, None),
        ({"raw": {"conversations": [{"id": "1", "messages": [{"role": "user", "content": "x"}]}]}}, None),
        ({"version": 1, "export_files": [{"path": "p", "size_bytes": 1}]}, None),
        ([{"chatId": "c", "role": "user", "createdAt": "x", "contentChunks": []}], None),
        ([{"header": "Gemini", "title": "t", "time": "x", "products": ["Gemini Apps"]}], None),
        ([1, "x", None], None),
    ],
)
def test_role(value: Any, expected: str | None) -> None:
    assert role(value) == expected


def test_logins_need_their_structure_and_their_name() -> None:
    rows = [{"ip_address": "192.0.2.1", "created_at": "2026-01-01T00:00:00Z"}]
    assert role(rows, "login_history.json") == "logins"
    assert role(rows, "servers.json") is None


def test_a_first_conversation_larger_than_the_probe_is_ours() -> None:
    long = {"uuid": "c", "name": "n", "chat_messages": [{"uuid": "m", "sender": "human", "text": "x" * 200_000}]}
    assert role([long]) == "conversations"
    assert role(long) == "conversation"
    assert role({"conversations": [long]}) == "conversations-wrapped"


def test_a_torn_file_is_ours() -> None:
    assert role(json.dumps([CONVERSATION, CONVERSATION]).encode()[:-30]) == "conversations"


@pytest.mark.parametrize("data", [b"", b"\0\1", b"<html></html>", b"Conversation,Time\nx,y\n", b"null", b'"text"', b"{"])
def test_other_files_are_not_ours(data: bytes) -> None:
    assert role(data) is None
