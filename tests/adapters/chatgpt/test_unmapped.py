"""What a writer finds in ``unmapped``: all that the record does not carry, and nothing that it does."""

from __future__ import annotations

from typing import Any

from satchel.adapters.chatgpt import ADAPTER
from tests.adapters.chatgpt.exports import message, read_one, talk


def test_a_conversations_other_members() -> None:
    members: dict[str, Any] = {"safe_urls": ["u"], "voice": None, "memory_scope": "global_enabled", "gizmo_id": "g-1"}
    made = read_one(message(), default_model_slug="m", is_archived=False, **members)
    native = talk(message(), default_model_slug="m", is_archived=False, **members)
    assert ADAPTER.unmapped(made.of("conversation")[0], native) == {"safe_urls": ["u"], "memory_scope": "global_enabled"}


def test_members_of_a_surprising_type_are_not_lost() -> None:
    made = read_one(message(), title=["odd"], is_starred="yes", id="x")
    native = talk(message(), title=["odd"], is_starred="yes")
    assert ADAPTER.unmapped(made.of("conversation")[0], native | {"id": "other"}) == {
        "title": ["odd"],
        "is_starred": "yes",
        "id": "other",
        "conversation_id": "c1",
    }


def test_a_messages_other_members() -> None:
    native = message(
        {
            "content_type": "multimodal_text",
            "parts": ["x", {"content_type": "image_asset_pointer", "asset_pointer": "a", "size_bytes": 1, "width": 5}],
        },
        "assistant",
        channel="final",
        metadata={
            "model_slug": "m",
            "request_id": "r",
            "attachments": [{"id": "file-1", "name": "n", "mime_type": "t", "size": 1}],
            "citations": [],
        },
    )
    record = read_one(native).of("message")[0]
    assert ADAPTER.unmapped(record, native) == {
        "status": "finished_successfully",
        "end_turn": True,
        "weight": 1.0,
        "channel": "final",
        "content": {"content_type": "multimodal_text", "parts": [None, {"width": 5}]},
        "metadata": {"request_id": "r"},
    }


def test_a_plain_text_leaves_no_content() -> None:
    native = message("x") | {"status": None, "end_turn": None, "weight": None}
    assert ADAPTER.unmapped(read_one(native).of("message")[0], native) == {}


def test_anything_may_be_asked() -> None:
    record = read_one(message()).of("message")[0]
    for native in (None, 5, [], {"author": 3, "content": 4, "metadata": 5}):
        ADAPTER.unmapped(record, native)
