"""A message's parts (providers.md 3.2, "content[] blocks"): every block type, verbatim, in order."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satchel.model.bodies import Citation
from satchel.model.ids import provider_uid
from tests.adapters.claude.harness import ACCOUNT, messages, one, run, texts

PLACEHOLDER = "```\nThis block is not supported on your current device yet.\n```"


def test_text_with_citations_in_code_points() -> None:
    (part,) = one(
        [
            {
                "type": "text",
                "text": "😀 Lisbon is lovely.",
                "citations": [
                    {
                        "uuid": "x",
                        "start_index": 2,
                        "end_index": 8,
                        "details": {"type": "web", "url": "https://a.example", "title": "T", "cited_text": "Lisbon"},
                    },
                    {"title": 5, "url": "https://b.example"},
                    None,
                    {},
                ],
            }
        ]
    )
    assert part.text == "😀 Lisbon is lovely."
    assert part.citations == (
        Citation(title="T", url="https://a.example", snippet="Lisbon", start=2, end=8),
        Citation(url="https://b.example"),
    )
    assert part.text[2:8] == "Lisbon"


def test_thinking_is_reasoning_beside_the_answer() -> None:
    parts = one(
        [
            {"type": "thinking", "thinking": "hm", "summaries": [{"summary": "s1"}, {"summary": "s2"}], "cut_off": False},
            {"type": "text", "text": "answer"},
        ],
        text="",
    )
    assert texts(parts) == [("reasoning", "hm"), ("reasoning_summary", "s1"), ("reasoning_summary", "s2"), ("text", "answer")]


def test_tool_call_and_result() -> None:
    call, plain, passage, picture, file = one(
        [
            {"type": "tool_use", "id": "t1", "name": "web_search", "input": {"query": "q"}, "message": "Searching"},
            {
                "type": "tool_result",
                "tool_use_id": "t1",
                "content": [
                    {"type": "text", "text": "plain"},
                    {"type": "knowledge", "title": "K", "url": "https://k.example", "text": "passage", "metadata": {}},
                    {"type": "image", "file_uuid": "11111111-1111-4111-8111-111111111111"},
                    {"type": "local_resource", "file_path": "/out/a.pdf", "name": "a.pdf", "mime_type": "application/pdf",
                     "uuid": "22222222-2222-4222-8222-222222222222"},
                ],
                "is_error": True,
            },
        ]
    )  # fmt: skip
    assert (call.type, call.name, call.call, call.data) == ("tool_call", "web_search", "t1", {"query": "q"})
    assert (plain.type, plain.name, plain.call, plain.text, plain.is_error) == (
        "tool_result", "web_search", "t1", "plain", True,
    )  # fmt: skip
    assert (passage.text, passage.citations) == ("passage", (Citation(title="K", url="https://k.example"),))
    assert (picture.type, picture.ref) == ("image", "11111111-1111-4111-8111-111111111111")
    assert (file.type, file.name, file.media_type) == ("file", "a.pdf", "application/pdf")
    assert file.asset == provider_uid("claude", ACCOUNT, "file", "22222222-2222-4222-8222-222222222222")


@pytest.mark.parametrize(
    ("given_input", "data", "text"),
    [
        ({"q": 1}, {"q": 1}, ""),
        ('{"q": 1}', {"q": 1}, ""),
        ("no json", None, "no json"),
        ('{"torn": ', None, '{"torn": '),
        ('"text"', None, '"text"'),
        (None, None, ""),
        ([1], [1], ""),
    ],
)
def test_tool_input_is_decoded_once(given_input: Any, data: Any, text: str) -> None:
    (part,) = one([{"type": "tool_use", "name": None, "input": given_input}])
    assert (part.type, part.name, part.data, part.text) == ("tool_call", "", data, text)


def test_result_extras_are_kept_where_no_text_says_them() -> None:
    said, unsaid, empty = (
        one([{"type": "tool_result", "tool_use_id": "t", "content": content, "structured_content": {"a": "value"}}])[0]
        for content in ("the value", "other", None)
    )
    assert (said.text, said.data) == ("the value", None)
    assert (unsaid.text, unsaid.data) == ("other", {"structured_content": {"a": "value"}})
    assert empty.data == {"structured_content": {"a": "value"}}


def test_an_empty_result_still_is_one() -> None:
    (part,) = one([{"type": "tool_result", "tool_use_id": "t", "name": "x", "content": []}])
    assert (part.type, part.call) == ("tool_result", "t")


def test_an_injected_prompt_is_never_user_text() -> None:
    item = {
        "uuid": "m1",
        "sender": "human",
        "text": "",
        "content": [
            {"type": "injected_prompt_block", "prompt": "Today is Monday.", "injection_source": "date"},
            {"type": "text", "text": "hello"},
        ],
    }
    assert texts(run({"c.json": messages(item)}).parts()) == [("context", "Today is Monday."), ("text", "hello")]


def test_document_and_image_blocks() -> None:
    document, image = one(
        [{"type": "document", "file_uuid": "f1", "title": "Paper"}, {"type": "image", "file_uuid": "f2", "source": None}]
    )
    assert (document.type, document.name, document.ref) == ("file", "Paper", "f1")
    assert (image.type, image.ref) == ("image", "f2")


def test_a_token_budget_gives_nothing() -> None:
    assert one([{"type": "token_budget", "remaining": 1234}, {"type": "token_budget"}]) == []


def test_an_unknown_block_loses_no_text() -> None:
    parts = one(
        [
            {"type": "hologram", "text": "T", "thinking": "H", "input": {"a": "I"}, "content": [{"text": "R"}], "caption": "C"},
        ]
    )
    assert texts(parts[:2]) == [("text", "T"), ("reasoning", "H")]
    assert parts[2].data == {"a": "I"}
    assert parts[3].text == "R"
    assert parts[4].data == {"caption": "C"}


def test_content_as_a_json_string_is_decoded_once() -> None:
    assert texts(one(json.dumps([{"type": "text", "text": "inner"}]))) == [("text", "inner")]
    assert texts(one("just words")) == [("text", "just words")]
    assert texts(one('{"a": 1}')) == [("text", '{"a": 1}')]
    assert texts(one("[]")) == [("text", "[]")]
    assert one("[]", text="") == []


@pytest.mark.parametrize("content", [None, [], [{"type": "text", "text": ""}]])
def test_text_stands_in_for_empty_content(content: Any) -> None:
    assert texts(one(content, text="A\n  verbatim ")) == [("text", "A\n  verbatim ")]


@pytest.mark.parametrize(
    "text",
    [
        "first\n\nsecond",
        "first second",
        f"first\n\n{PLACEHOLDER}\n\nsecond",
        f"{PLACEHOLDER}\nfirst\n{PLACEHOLDER}\n\nsecond\n",
        "firstsecond",
        "first",
        "",
    ],
)
def test_text_that_repeats_the_blocks_is_not_kept_twice(text: str) -> None:
    blocks = [
        {"type": "text", "text": "first"},
        {"type": "tool_use", "name": "t", "id": "1", "input": {}},
        {"type": "text", "text": "second"},
    ]
    assert [part.text for part in one(blocks, text=text) if part.type == "text"] == ["first", "second"]


def test_what_text_says_beyond_the_blocks_is_kept() -> None:
    assert texts(one([{"type": "text", "text": "answer"}], text="answer\nremaining")) == [
        ("text", "answer"),
        ("text", "remaining"),
    ]
    assert texts(one([{"type": "tool_use", "name": "t", "input": {}}], text=f"{PLACEHOLDER}\nmore"))[1] == ("text", "more")


def test_attachments_and_files() -> None:
    attached, picture, other = one(
        [],
        text="",
        attachments=[{"file_name": "r.pdf", "file_size": 42, "file_type": "pdf", "extracted_content": " a\tb\n"}],
        files=[{"file_uuid": "f1", "file_name": "p.PNG"}, {"file_uuid": "f2", "file_name": "s.py"}],
        files_v2=[{"file_uuid": "f1", "file_name": "p.PNG"}],
    )
    assert (attached.name, attached.size_bytes, attached.media_type, attached.text) == ("r.pdf", 42, "pdf", " a\tb\n")
    assert (picture.type, picture.name, picture.ref) == ("image", "p.PNG", "f1")
    assert (other.type, other.asset) == ("file", provider_uid("claude", ACCOUNT, "file", "f2"))


@pytest.mark.parametrize("nothing", [None, [], {}, ""])
def test_null_attachments_and_files(nothing: Any) -> None:
    assert texts(one([], text="x", attachments=nothing, files=nothing)) == [("text", "x")]


WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).map(lambda word: f"<{word}>")
JSON = st.recursive(WORDS | st.integers(-5, 5) | st.none(), lambda inner: st.dictionaries(WORDS, inner, max_size=3))
BLOCKS = st.one_of(
    st.builds(lambda t: ({"type": "text", "text": t}, [("text", t)]), WORDS),
    st.builds(
        lambda t, s: (
            {"type": "thinking", "thinking": t, "summaries": [{"summary": s}]},
            [("reasoning", t), ("reasoning_summary", s)],
        ),
        WORDS,
        WORDS,
    ),
    st.builds(
        lambda t, as_text: (
            {"type": "tool_use", "id": "1", "name": "n", "input": json.dumps({"k": t}) if as_text else {"k": t}},
            [("tool_call", t)],
        ),
        WORDS,
        st.booleans(),
    ),
    st.builds(
        lambda ts: (
            {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": t} for t in ts]},
            [("tool_result", t) for t in ts],
        ),
        st.lists(WORDS, max_size=3),
    ),
    st.builds(lambda t: ({"type": "tool_result", "tool_use_id": "1", "content": t}, [("tool_result", t)]), WORDS),
    st.builds(
        lambda t: (
            {"type": "tool_result", "content": [{"type": "knowledge", "title": "K", "url": "u", "text": t}]},
            [("tool_result", t)],
        ),
        WORDS,
    ),
    st.builds(lambda t: ({"type": "injected_prompt_block", "prompt": t}, [("context", t)]), WORDS),
    st.builds(lambda v: ({"type": "novel", "body": v}, [("context", s) for s in _strings(v)]), JSON),
    st.just(({"type": "token_budget", "remaining": 3}, [])),
)


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [string for item in value.values() for string in _strings(item)] if isinstance(value, dict) else []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(BLOCKS, max_size=6), st.lists(WORDS, max_size=2), st.booleans())
def test_no_character_is_lost(blocks: list[Any], extracts: list[str], is_string: bool) -> None:
    content: Any = [block for block, _ in blocks]
    said = [pair for _, pairs in blocks for pair in pairs] + [("file", text) for text in extracts]
    parts = one(
        json.dumps(content) if is_string else content,
        text="",
        attachments=[{"file_name": "a", "extracted_content": text} for text in extracts],
    )
    found: list[tuple[str, str]] = []
    for part in parts:
        found.extend((part.type, string) for string in [part.text, *_strings(part.data)] if string)
    assert sorted(found) == sorted(said)
