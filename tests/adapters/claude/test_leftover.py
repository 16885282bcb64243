"""What no field carries, for writers that have a place for it."""

from __future__ import annotations

import json
from typing import Any

from satchel.adapters.claude import ADAPTER
from tests.adapters.claude.harness import ACCOUNT, messages, run


def test_conversation_and_message() -> None:
    item: dict[str, Any] = {
        "uuid": "m", "sender": "assistant", "text": "x", "index": 3, "nothing": None, "created_at": "2026-01-01T00:00:00Z",
        "content": [
            {"type": "text", "text": "x", "citations": [], "start_timestamp": "s", "flags": None},
            {"type": "text", "text": "y"},
            {"type": "tool_use", "id": "t", "name": "n", "input": {}, "message": "Searching"},
        ],
        "attachments": [{"file_name": "a", "extracted_content": "b", "novel": 1}],
        "files": [{"file_uuid": "f", "file_name": "n", "preview_url": "/p"}, {"file_uuid": "g", "file_name": "h"}],
    }  # fmt: skip
    export = messages(item, is_temporary=True, settings={"a": 1}, gone=None, account={"uuid": ACCOUNT, "tier": "pro"})
    outcome = run({"c.json": export})
    head, message = outcome.records
    native = json.loads(outcome.originals[0].native)
    assert ADAPTER.unmapped(head, native) == {"is_temporary": True, "settings": {"a": 1}, "account": {"tier": "pro"}}
    assert ADAPTER.unmapped(message, native["chat_messages"][0]) == {
        "index": 3,
        "content_parts": [{"type": "text", "start_timestamp": "s"}, {"type": "tool_use", "message": "Searching"}],
        "attachments": [{"file_name": "a", "novel": 1}],
        "files": [{"file_uuid": "f", "preview_url": "/p"}],
    }


def test_what_is_no_object_has_nothing_left() -> None:
    outcome = run({"c.json": messages({"uuid": "m", "sender": "human", "text": "x"})})
    for record in outcome.records:
        for native in (None, [], "x", {}):
            assert ADAPTER.unmapped(record, native) == {}
