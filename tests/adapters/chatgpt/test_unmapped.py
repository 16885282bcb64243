"""What a writer finds in ``unmapped``: all that the record does not carry, and nothing that it does."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from satchel.adapters.chatgpt import ADAPTER
from satchel.codec.pointers import resolve_value
from tests.adapters.chatgpt.exports import message, read_one, take, talk


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


JSON = st.sampled_from([None, "", "x", 0, 1.5, [], ["x"], {}, {"role": "user"}, {"a": None}])
AUTHOR = JSON | st.builds(
    lambda role, name, more: {"role": role, "name": name} | more,
    st.sampled_from(["user", "assistant", "tool", "odd", None]),
    st.sampled_from([None, "python", ""]),
    st.sampled_from([{}, {"metadata": {}}, {"metadata": {"a": 1}}, {"metadata": None}, {"other": 1}]),
)
CONTENT = JSON | st.builds(
    lambda kind, parts: {"content_type": kind, "parts": parts},
    st.sampled_from(["text", "multimodal_text", "code", "new"]),
    JSON | st.sampled_from([["x"], [""], ["x", "y"], [{"content_type": "image_asset_pointer", "width": 5}]]),
)
REFERENCES = ("citations", "content_references", "attachments", "user_context_message_data")
METADATA = JSON | st.dictionaries(
    st.sampled_from(["model_slug", "is_visually_hidden_from_conversation", "odd", *REFERENCES]),
    JSON | st.booleans(),
    max_size=4,
)
MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "id": JSON,
        "author": AUTHOR,
        "content": CONTENT,
        "metadata": METADATA,
        "create_time": JSON,
        "update_time": JSON | st.just(1700000000),
        "recipient": JSON | st.sampled_from(["all", "bio", "python"]),
        "status": JSON | st.just("in_progress"),
        "new": JSON,
    },
)


@given(st.lists(MEMBERS, max_size=4), st.dictionaries(st.sampled_from(["gizmo_id", "title", "odd", "update_time"]), JSON))
def test_what_is_found_while_reading_is_what_is_found_when_asked(members: list[dict[str, Any]], more: dict[str, Any]) -> None:
    native = [talk(*(message(key=f"k{at}") | each for at, each in enumerate(members)), **more) for _ in range(3)]
    for at, each in enumerate(native):
        each["id"] = each["conversation_id"] = f"c{at}"
    asked, whole = take({"conversations.json": native}), take({"conversations.json": native}, whole=True)
    assert whole.findings == asked.findings
    for value, one, other in zip(native, asked.readings, whole.readings, strict=True):
        assert (other.records, other.findings) == (one.records, one.findings)
        if other.besides is not None:
            for record in other.records:
                part = resolve_value(value, record.native.pointer, msgspec.json.decode)
                assert other.besides.get(record.uid, {}) == ADAPTER.unmapped(record, part)
