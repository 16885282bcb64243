"""Messages: every character kept by kind, branches, chains of reasoning, missing times and parents, citations, files."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from satchel.errors import CanonicalError
from satchel.formats.portable_ai_memory import FORMAT
from satchel.limits import DEFAULT
from satchel.model import bodies
from satchel.model.bodies import Citation, Part
from satchel.model.citations import Sources, resolved
from satchel.model.ids import uuid_of
from satchel.model.record import Link, Record, Times
from tests.formats.portable_ai_memory.bag import (
    NOON,
    Bag,
    bags,
    conversation,
    message,
    record,
    talks,
    text,
    uid,
)
from tests.formats.portable_ai_memory.test_writer import FULL, check, written


def inputs(message: dict[str, Any]) -> Iterator[Any]:
    for call in message.get("tool_calls", ()):
        value = call.get("input")
        yield value
        if isinstance(value, dict):
            yield from (value.get("text"), value.get("data"))


def shown(messages: list[dict[str, Any]]) -> dict[str, list[str]]:
    """All text of a record's messages by kind: visible and reasoning content, tool inputs, tool outputs."""
    found: dict[str, list[str]] = {"content": [], "thought": [], "output": []}
    for one in messages:
        content = one.get("content", {})
        kind = "thought" if one.get("is_thought") else "content"
        pieces = [content, *content.get("parts", ())]
        verbatim = one.get("raw_metadata", {}).get("satchel", {}).get("verbatim", ())
        found[kind] += [piece["text"] for piece in (*pieces, *verbatim) if piece.get("text") is not None]
        found["output"] += [call["output"] for call in one.get("tool_calls", ()) if "output" in call]
    return found


def chain_of(talk: dict[str, Any], own: Record) -> list[dict[str, Any]]:
    """The messages that one record became, walked back from the one that bears its id."""
    by_id = {one["id"]: one for one in talk["messages"]}
    chain = [by_id[uuid_of(own.uid)]]
    while chain[0].get("raw_metadata", {}).get("satchel", {}).get("segment", {}).get("index"):
        chain.insert(0, by_id[chain[0]["parent_id"]])
    return chain


def assert_kept(part: Part, messages: list[dict[str, Any]]) -> None:
    found = shown(messages)
    if part.type == "tool_call":
        values = [value for one in messages for value in inputs(one)]
        if part.text:
            assert part.text in values
        if part.data is not None:
            data = part.data if isinstance(part.data, str) else None
            assert any(v == part.data or v == data or (isinstance(v, str) and _parses_to(v, part.data)) for v in values)
    elif part.type == "tool_result":
        assert any(output.startswith(part.text) for output in found["output"])
        if isinstance(part.data, str):
            assert any(output.endswith(part.data) for output in found["output"])
        elif part.data is not None:
            tails = [output[len(part.text) :].lstrip("\n") for output in found["output"] if output.startswith(part.text)]
            assert any(_parses_to(tail, part.data) for tail in tails)
    elif part.text:
        kind = "thought" if part.type.startswith("reasoning") else "content"
        assert part.text in found[kind]


def _parses_to(text: str, value: Any) -> bool:
    try:
        return bool(json.loads(text) == value)
    except ValueError:
        return False


@FULL
@given(bags())
def test_every_character_is_found_again(bag: Bag) -> None:
    with tempfile.TemporaryDirectory() as folder:
        target, _ = written(bag, Path(folder))
        found = {talk["id"]: talk for talk in talks(target)} if (target / "conversations").exists() else {}
        for one in bag.items:
            if not isinstance(one.body, bodies.Message) or not one.access.exportable:
                continue
            talk = found.get(uuid_of(one.linked("part_of")))
            if talk is not None:
                chain = chain_of(talk, one)
                for part in one.body.parts:
                    assert_kept(part, chain)


def one_message(*parts: Part, tmp_path: Path, **fields: Any) -> list[dict[str, Any]]:
    target, _ = written(Bag([conversation(), message("m", *parts, **fields)]), tmp_path)
    check(target)
    messages: list[dict[str, Any]] = talks(target)[0]["messages"]
    return messages


@pytest.mark.row("PAM-196")
def test_plain_text_is_a_text(tmp_path: Path) -> None:
    (one,) = one_message(text("Hello"), tmp_path=tmp_path)
    assert one["content"] == {"type": "text", "text": "Hello"}
    assert "raw_metadata" not in one
    assert one["provider_message_id"] == "m"


@pytest.mark.row("PAM-196")
def test_several_parts_are_multipart(tmp_path: Path) -> None:
    parts = (text("a"), Part(type="code", text="b", language="python"), Part(type="quote", text="c", name="T", url="u:v"))
    (one,) = one_message(*parts, tmp_path=tmp_path)
    assert one["content"] == {
        "type": "multipart",
        "parts": [
            {"type": "text", "text": "a"},
            {"type": "code", "text": "b", "language": "python"},
            {"type": "text", "text": "c"},
        ],
    }
    assert one["raw_metadata"]["satchel"]["parts"] == ["text", "code", {"type": "quote", "name": "T", "url": "u:v"}]
    assert one["citations"] == [{"title": "T", "url": "u:v"}]


def test_results_go_to_their_calls(tmp_path: Path) -> None:
    parts = (
        Part(type="tool_call", name="search", call="1", data={"q": "tea"}),
        Part(type="tool_call", name="python", call="2", text="print(1)"),
        Part(type="tool_call", name="list", call="3", data=[1, 2]),
        Part(type="tool_result", name="python", call="2", text="1"),
        Part(type="tool_result", call="9", data={"a": 1}, is_error=True),
        Part(type="tool_result", name="python", call="2", text="again"),
    )
    (one,) = one_message(*parts, tmp_path=tmp_path, role="assistant")
    assert one["tool_calls"] == [
        {"id": "1", "name": "search", "input": {"q": "tea"}},
        {"id": "2", "name": "python", "input": "print(1)", "output": "1"},
        {"id": "3", "name": "list", "input": "[1,2]"},
        {"id": "9", "name": "unknown", "output": '{"a":1}'},
        {"id": "2", "name": "python", "output": "again"},
    ]
    assert one["raw_metadata"]["satchel"]["parts"][4] == {"type": "tool_result", "is_error": True}


@pytest.mark.parametrize(("role", "side"), [("tool", "author"), ("assistant", "recipient")])
def test_a_nameless_tool_goes_by_the_message(role: str, side: str, tmp_path: Path) -> None:
    body = bodies.Message(role=role, parts=(Part(type="tool_result", text="1"),), **{side: "python"})
    bag = Bag([conversation(), record("m", body, links=(Link("part_of", uid("talk")),))])
    target, _ = written(bag, tmp_path)
    assert talks(target)[0]["messages"][0]["tool_calls"] == [{"name": "python", "output": "1"}]


def test_reasoning_becomes_a_chain(tmp_path: Path) -> None:
    parts = (Part(type="reasoning", text="hm"), text("So"), Part(type="reasoning_summary", text="aha"), text("Yes"))
    bag = Bag(
        [
            conversation(),
            message("q", text("?")),
            message("m", *parts, parent="q", position=1, role="assistant"),
            message("n", text("Thanks"), parent="m", position=2),
        ]
    )
    target, result = written(bag, tmp_path)
    check(target)
    messages = talks(target)[0]["messages"]
    assert [one.get("is_thought", False) for one in messages] == [False, True, False, True, False, False]
    assert [one.get("parent_id") for one in messages[1:]] == [one["id"] for one in messages[:-1]]
    assert [one.get("children_ids") for one in messages[:-1]] == [[one["id"]] for one in messages[1:]]
    assert messages[4]["id"] == uuid_of(uid("m"))
    assert [one["raw_metadata"]["satchel"]["segment"]["index"] for one in messages[1:5]] == [0, 1, 2, 3]
    assert result.counts["messages"] == 3
    assert [line.code for line in result.ledger.lines() if line.fate == "transformed"] == ["segments"]


def test_reasoning_alone_stays_one_message(tmp_path: Path) -> None:
    (one,) = one_message(Part(type="reasoning", text="hm"), tmp_path=tmp_path)
    assert (one["is_thought"], one["id"]) == (True, uuid_of(uid("m")))


@pytest.mark.row("PAM-194")
def test_branches_and_hidden_roots(tmp_path: Path) -> None:
    system = Part(type="context", text="Be kind")
    bag = Bag(
        [
            conversation(),
            message("root", role="system", is_hidden=True, times=Times()),
            message("custom", system, parent="root", position=1, is_hidden=True, times=Times()),
            message("q", text("?"), parent="custom", position=2),
            message("a1", text("one"), parent="q", position=3, role="assistant"),
            message("a2", text("two"), parent="q", position=4, role="assistant"),
        ]
    )
    target, _ = written(bag, tmp_path)
    check(target)
    (talk,) = talks(target)
    assert talk["system_instruction"] == "Be kind"
    by_id = {one["id"]: one for one in talk["messages"]}
    assert by_id[uuid_of(uid("q"))]["children_ids"] == [uuid_of(uid("a1")), uuid_of(uid("a2"))]
    root = by_id[uuid_of(uid("root"))]
    assert not {"content", "parent_id"} & set(root)
    assert root["raw_metadata"]["satchel"] == {"is_hidden": True, "created_at_from": "conversation"}


def test_a_circle_of_parents_is_cut_at_its_earliest(tmp_path: Path) -> None:
    bag = Bag(
        [
            conversation(),
            message("s", text("0"), parent="a", position=0),
            message("a", text("1"), parent="c", position=1),
            message("b", text("2"), parent="a", position=2),
            message("c", text("3"), parent="b", position=3),
            message("self", text("4"), parent="self", position=4),
            message("lost", text("5"), parent="nowhere", position=5),
        ]
    )
    target, result = written(bag, tmp_path)
    check(target)
    parents = {one["id"]: one.get("parent_id") for one in talks(target)[0]["messages"]}
    assert [name for name in ("s", "a", "b", "c", "self", "lost") if parents[uuid_of(uid(name))] is None] == [
        "a",
        "self",
        "lost",
    ]
    codes = {line.code: line.count for line in result.ledger.lines() if line.field == "body.parent"}
    assert codes == {"parent-circle": 2, "parent-absent": 1}


def test_a_chain_of_ten_thousand(tmp_path: Path) -> None:
    count = 10_000
    items = [conversation(times=Times())]
    for index in range(count):
        items.append(message(str(index), text("x"), parent=str(index - 1) if index else "", position=index, times=Times()))
    bag = Bag(items)
    started = time.process_time()
    FORMAT.write(bag, tmp_path / "out")
    assert not [f for f in FORMAT.validate(tmp_path / "out", limits=DEFAULT) if f.severity == "error"]
    assert time.process_time() - started < 20
    assert len(talks(tmp_path / "out")[0]["messages"]) == count


@pytest.mark.parametrize("backwards", [False, True])
def test_times_come_from_the_nearest_ancestor(backwards: bool, tmp_path: Path) -> None:
    # Parents may stand behind their children in the source's order.
    place = (3, 2, 1) if backwards else (1, 2, 3)
    bag = Bag(
        [
            conversation(),
            message("a", text("1"), position=place[0]),
            message("b", text("2"), parent="a", position=place[1], times=Times()),
            message("c", text("3"), parent="b", position=place[2], times=Times(updated=NOON)),
        ]
    )
    target, _ = written(bag, tmp_path)
    check(target)
    told = {
        one["id"]: one.get("raw_metadata", {}).get("satchel", {}).get("created_at_from") for one in talks(target)[0]["messages"]
    }
    assert told == {uuid_of(uid("a")): None, uuid_of(uid("b")): "ancestor", uuid_of(uid("c")): "updated"}


def test_integers_past_64_bits_survive_in_messages(tmp_path: Path) -> None:
    (one,) = one_message(Part(type="tool_call", name="n", data={"big": 2**80}), tmp_path=tmp_path)
    assert one["tool_calls"][0]["input"] == {"big": 2**80}


MARK = "\ue200cite\ue202turn0\ue201"


@pytest.mark.parametrize(
    ("words", "citations", "expected"),
    [
        ("Tea.", (), "Tea."),
        (f"Tea{MARK}.", (Citation(url="u", marker=MARK),), "Tea [1]."),
        (f"Tea {MARK}.", (Citation(url="u", marker=MARK),), "Tea [1]."),
        (f"{MARK}Tea", (Citation(url="u", marker=MARK),), "[1]Tea"),
        (f"Tea{MARK}.", (Citation(marker=MARK),), "Tea."),
        (f"Tea{MARK}.", (Citation(url="u", marker=MARK), Citation(url="v", marker=MARK)), "Tea [1][2]."),
        (f"A{MARK}B{MARK}", (Citation(url="u", marker=MARK),), "A [1]B [1]"),
        ("A[x]B[x]", (Citation(url="u", marker="[x]", start=5, end=8),), "A[x]B [1]"),
        ("A[x]B", (Citation(url="u", marker="[x]", start=0, end=3),), "A [1]B"),
        ("A[x]B", (Citation(url="u", marker="[x]"), Citation(url="v", marker="x]B")), "A [1]B"),
        ("Tea", (Citation(url="u"),), "Tea"),
    ],
)
def test_marks_become_numbers(words: str, citations: tuple[Citation, ...], expected: str) -> None:
    assert resolved(words, citations, Sources()) == expected


def test_the_text_with_its_marks_is_kept(tmp_path: Path) -> None:
    cited = text(f"Tea{MARK}", citations=(Citation(title="T", url="https://e.org", snippet="S", marker=MARK),))
    (one,) = one_message(cited, tmp_path=tmp_path)
    assert one["content"] == {"type": "text", "text": "Tea [1]"}
    assert one["citations"] == [{"title": "T", "url": "https://e.org", "snippet": "S"}]
    assert one["raw_metadata"]["satchel"]["verbatim"] == [{"part": 0, "text": f"Tea{MARK}"}]


def test_a_file_is_copied_once_and_named(tmp_path: Path) -> None:
    document = record("file", bodies.Document(name="Mein Bild.PNG", blob="b", media_type="image/png", size_bytes=3))
    picture = Part(type="image", asset=uid("file"), ref="file-service://x")
    bag = Bag([conversation(), document, message("m", picture), message("n", picture, position=1)], blobs={"b": b"abc"})
    target, result = written(bag, tmp_path)
    check(target)
    ref = f"attachments/{uuid_of(uid('file'))}-Mein_Bild.PNG"
    assert (target / ref).read_bytes() == b"abc"
    for one in talks(target)[0]["messages"]:
        assert one["content"]["parts"] == [{"type": "image", "mime_type": "image/png", "ref": ref}]
        assert one["attachments"] == [
            {
                "type": "image",
                "name": "Mein Bild.PNG",
                "mime_type": "image/png",
                "size_bytes": 3,
                "ref": ref,
                "provider_id": "file-service://x",
            }
        ]
    assert result.files == 4
    assert [line.code for line in result.ledger.lines() if line.kind == "document" and not line.field] == ["attachment"]


def test_a_file_without_its_bytes_keeps_its_name_and_text(tmp_path: Path) -> None:
    (one,) = one_message(Part(type="file", name="a.txt", text="inside", ref="r", size_bytes=6), tmp_path=tmp_path)
    assert one["content"]["parts"] == [{"type": "file", "text": "inside", "ref": "r"}]
    assert one["attachments"] == [{"type": "document", "name": "a.txt", "size_bytes": 6, "provider_id": "r"}]


def test_missing_bytes_are_told(tmp_path: Path) -> None:
    document = record("file", bodies.Document(name="x.bin", blob="gone"))
    bag = Bag([conversation(), document, message("m", Part(type="file", asset=uid("file")))])
    target, result = written(bag, tmp_path)
    check(target)
    assert any(line.code == "blob-missing" for line in result.ledger.lines())
    assert not (target / "attachments").exists()


def test_a_lone_surrogate_is_an_error_of_ours_and_writes_nothing(tmp_path: Path) -> None:
    bag = Bag([conversation(), message("m", text("\ud800"))])
    with pytest.raises(CanonicalError):
        FORMAT.write(bag, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
