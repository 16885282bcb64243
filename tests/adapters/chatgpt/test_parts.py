"""Every content type of providers.md 3.1, and that no character of text is lost (portable-ai-memory.md 11.8)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.adapters.chatgpt.files import file_uid
from satchel.model.bodies import Part
from tests.adapters.chatgpt.exports import message, read_one


def parts(content: Any, role: str = "assistant", **members: Any) -> list[Part]:
    return read_one(message(content, role, **members)).parts


def brief(found: list[Part]) -> list[tuple[str, str]]:
    return [(part.type, part.text) for part in found]


def test_text_drops_nulls_and_keeps_each_string() -> None:
    assert brief(parts({"content_type": "text", "parts": ["a", None, "", "b"]})) == [("text", "a"), ("text", "b")]


def test_code_is_a_call_when_addressed_to_a_tool() -> None:
    content = {"content_type": "code", "language": "python", "text": "print(1)"}
    assert parts(content) == [Part(type="code", text="print(1)", language="python")]
    assert parts(content, recipient="python") == [Part(type="tool_call", text="print(1)", language="python", name="python")]
    canvas = {"content_type": "code", "language": "json", "text": '{"name":"x"}'}
    assert parts(canvas, recipient="canmore.create_textdoc") == [
        Part(type="tool_call", text='{"name":"x"}', language="json", name="canmore.create_textdoc")
    ]


def test_text_to_a_tool_is_a_call_too() -> None:
    assert parts("draw", recipient="dalle.text2im") == [Part(type="tool_call", text="draw", name="dalle.text2im")]


def test_tool_output() -> None:
    assert parts({"content_type": "execution_output", "text": "1\n"}, "tool", name="python") == [
        Part(type="tool_result", text="1\n", name="python")
    ]
    assert parts("ok", "tool", name="bio") == [Part(type="tool_result", text="ok", name="bio")]
    assert parts({"content_type": "system_error", "name": "Err", "text": "boom"}, "tool") == [
        Part(type="error", text="boom", name="Err", is_error=True)
    ]


def test_reasoning() -> None:
    content = {
        "content_type": "thoughts",
        "thoughts": [{"summary": "S", "content": "ab", "chunks": ["a", "b"], "finished": True}, {"content": "C"}],
        "source_analysis_msg_id": "x",
    }
    assert brief(parts(content)) == [("reasoning_summary", "S"), ("reasoning", "ab"), ("reasoning", "C")]
    assert brief(parts({"content_type": "reasoning_recap", "content": "Thought for 9s"})) == [
        ("reasoning_summary", "Thought for 9s")
    ]
    assert brief(parts({"content_type": "reasoning_recap", "parts": ["Thought"]})) == [("reasoning_summary", "Thought")]


def test_context() -> None:
    content = {"content_type": "user_editable_context", "user_profile": "P", "user_instructions": "I"}
    assert parts(content, "user") == [
        Part(type="context", text="P", name="user_profile"),
        Part(type="context", text="I", name="user_instructions"),
    ]
    content = {"content_type": "model_editable_context", "model_set_context": "1. [2025-05-02]. x", "repository": None}
    assert brief(parts(content)) == [("context", "1. [2025-05-02]. x")]


def test_quotes() -> None:
    content = {"content_type": "tether_quote", "url": "https://x", "domain": "x", "text": "Q", "title": "t"}
    assert parts(content, "tool") == [Part(type="quote", name="t", url="https://x", text="Q")]
    content = {"content_type": "sonic_webpage", "url": "u", "title": "t", "text": "T", "snippet": "s"}
    assert brief(parts(content, "tool")) == [("quote", "T"), ("quote", "s")]
    content = {"content_type": "tether_browsing_display", "result": "R", "summary": "S"}
    assert brief(parts(content, "tool")) == [("tool_result", "R"), ("tool_result", "S")]


def test_multimodal() -> None:
    content = {
        "content_type": "multimodal_text",
        "parts": [
            "look",
            None,
            {
                "content_type": "image_asset_pointer",
                "asset_pointer": "file-service://file-AbC",
                "size_bytes": 3,
                "metadata": {"dalle": {"prompt": "a cat"}},
            },
            {"content_type": "audio_transcription", "text": "spoken", "direction": "in"},
            {"content_type": "audio_asset_pointer", "asset_pointer": "sediment://file_1", "format": "wav"},
            {
                "content_type": "real_time_user_audio_video_asset_pointer",
                "audio_asset_pointer": {"asset_pointer": "sediment://file_2", "format": "wav", "size_bytes": 9},
                "video_container_asset_pointer": {"asset_pointer": "sediment://file_3"},
                "frames_asset_pointers": [{"asset_pointer": "sediment://file_4"}],
            },
            {"content_type": "file", "file_id": "file-9", "name": "a.pdf", "mime_type": "application/pdf"},
        ],
    }
    assert parts(content, "user") == [
        Part(type="text", text="look"),
        Part(type="image", text="a cat", ref="file-service://file-AbC", asset=file_uid("", "file-AbC"), size_bytes=3),
        Part(type="transcript", text="spoken"),
        Part(type="audio", ref="sediment://file_1", asset=file_uid("", "file_1"), media_type="audio/wav"),
        Part(type="audio", ref="sediment://file_2", asset=file_uid("", "file_2"), media_type="audio/wav", size_bytes=9),
        Part(type="video", ref="sediment://file_3", asset=file_uid("", "file_3")),
        Part(type="image", ref="sediment://file_4", asset=file_uid("", "file_4")),
        Part(type="file", ref="file-9", asset=file_uid("", "file-9"), name="a.pdf", media_type="application/pdf"),
    ]


def test_computer_output() -> None:
    content = {
        "content_type": "computer_output",
        "computer_id": "1",
        "screenshot": {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_s"},
        "state": {"type": "browser", "url": "https://x"},
    }
    found = parts(content, "tool", name="computer")
    assert [(part.type, part.ref, part.data) for part in found] == [
        ("image", "sediment://file_s", None),
        ("tool_result", "", {"type": "browser", "url": "https://x"}),
    ]


def test_attachments() -> None:
    attachment = {"id": "file-A", "name": "a.txt", "mime_type": "text/plain", "size": 5}
    found = parts("see", "user", metadata={"attachments": [attachment, None, 7]})
    assert found[1] == Part(
        type="file", name="a.txt", media_type="text/plain", size_bytes=5, ref="file-A", asset=file_uid("", "file-A")
    )


def test_an_attachment_that_is_a_pointer_too_is_one_part() -> None:
    content = {
        "content_type": "multimodal_text",
        "parts": [{"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_A"}],
    }
    found = parts(content, "user", metadata={"attachments": [{"id": "file_A", "name": "a.png"}]})
    assert [(part.type, part.name, part.ref) for part in found] == [("image", "a.png", "sediment://file_A")]


def test_pictures_of_a_code_run() -> None:
    result = {"messages": [{"message_type": "image", "image_url": "file-service://file-I"}]}
    content = {"content_type": "execution_output", "text": "<Figure>"}
    found = parts(content, "tool", metadata={"aggregate_result": result})
    assert [(part.type, part.ref) for part in found] == [("tool_result", ""), ("image", "file-service://file-I")]


def test_an_unknown_type_keeps_its_text_and_its_data() -> None:
    found = parts({"content_type": "new", "text": "T", "result": ["R", {"deep": "D"}], "odd": {"k": "v"}})
    assert brief(found)[:3] == [("text", "T"), ("text", "R"), ("text", "D")]
    assert found[3].data == {"odd": {"k": "v"}}


def test_content_that_is_a_plain_string_or_list() -> None:
    for content in ("just text", ["just", " text"]):
        made = read_one(message() | {"content": content})
        assert "".join(part.text for part in made.parts) == "just text"


# Retention: what every content type may hold, with the strings that must come out again.

WORDS = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12).map(
    lambda text: "¶" + text
)
SOURCES = st.sampled_from(["assistant", "user", "tool", "system"])


def _content(kind: str, first: str, second: str) -> dict[str, Any]:
    shapes: dict[str, dict[str, Any]] = {
        "text": {"parts": [first, second]},
        "multimodal_text": {"parts": [first, {"content_type": "audio_transcription", "text": second}]},
        "code": {"language": "unknown", "text": first, "extra": second},
        "execution_output": {"text": first, "note": [second]},
        "thoughts": {"thoughts": [{"summary": first, "content": second, "chunks": [], "finished": True}]},
        "reasoning_recap": {"content": first, "parts": [second]},
        "user_editable_context": {"user_profile": first, "user_instructions": second},
        "model_editable_context": {"model_set_context": first, "structured_context": {"x": second}},
        "tether_quote": {"url": "u", "domain": "d", "text": first, "title": "t", "more": second},
        "tether_browsing_display": {"result": first, "summary": second, "assets": None},
        "sonic_webpage": {"url": "u", "title": "t", "text": first, "snippet": second},
        "system_error": {"name": "n", "text": first, "trace": [second]},
        "computer_output": {"state": {"title": first}, "text": second},
        "type_of_tomorrow": {"text": first, "body": {"deep": [second]}},
    }
    return {"content_type": kind} | shapes[kind]


KINDS = (
    "text",
    "multimodal_text",
    "code",
    "execution_output",
    "thoughts",
    "reasoning_recap",
    "user_editable_context",
    "model_editable_context",
    "tether_quote",
    "tether_browsing_display",
    "sonic_webpage",
    "system_error",
    "computer_output",
    "type_of_tomorrow",
)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, deadline=None)
@given(first=WORDS, second=WORDS, role=SOURCES, recipient=st.sampled_from(["all", "python", None]))
def test_no_character_is_lost(kind: str, first: str, second: str, role: str, recipient: str | None) -> None:
    made = read_one(message(_content(kind, first, second), role, recipient=recipient))
    said = [part.text for part in made.parts] + [str(part.data) for part in made.parts if part.data is not None]
    kept = "\n".join(said)
    for text in (first, second):
        assert text in kept or repr(text)[1:-1] in kept
