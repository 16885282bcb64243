"""Memory files as records: what is taken, what is told, what comes of one file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.adapters import registry
from satchel.adapters.claude_memory import ADAPTER
from satchel.adapters.claude_memory.files import head_of
from satchel.codec.probe import probe
from satchel.codec.sources import BytesMember
from satchel.errors import NotRecognised
from satchel.limits import Limits
from satchel.move.imports import import_paths
from satchel.vault.sqlite.store import SqliteStore
from tests.adapters.episodes import run

FILE = """---
name: Editor
description: Which editor and why
metadata:
  node_type: memory
  type: feedback
  modified: 2026-09-03T10:00:00Z
---

Uses **vim**.

Why: years of it.
"""
INDEX = "# Memory\n- [Editor](editor.md) - which one\n"


def role(value: Any, path: str = "memory/editor.md", adapter: Any = ADAPTER.unasked) -> str | None:
    data = value.encode() if isinstance(value, str) else value if isinstance(value, bytes) else json.dumps(value).encode()
    member = BytesMember(path, data)
    return adapter.claim(member, probe(member))


def test_a_file_is_a_memory() -> None:
    outcome = run(ADAPTER.unasked, {"memory/editor.md": FILE}, account="work")
    (record,) = outcome.records
    assert record.body.text == "Uses **vim**.\n\nWhy: years of it."  # type: ignore[union-attr]
    assert (record.body.title, record.body.type) == ("Editor", "preference")  # type: ignore[union-attr]
    assert record.times.updated == datetime(2026, 9, 3, 10, tzinfo=UTC)
    assert (record.times.created, record.times.observed) == (None, None)
    assert record.tags == ("feedback",)
    assert (record.provenance.platform, record.provenance.account) == ("claude", "work")
    assert (record.origin.format, record.origin.id) == ("claude_memory", "memory/editor.md")
    assert outcome.originals[0].native == FILE.encode()
    assert outcome.codes() == {}


@pytest.mark.parametrize(
    ("said", "type"),
    [("user", "identity"), ("feedback", "preference"), ("project", "project"), ("reference", "fact"), ("other", "fact")],
)
def test_types(said: str, type: str) -> None:
    (record,) = run(ADAPTER, {"a.md": f"---\nname: a\ntype: {said}\n---\nx"}).records
    assert record.body.type == type  # type: ignore[union-attr]


def test_files_of_one_name_in_two_folders_are_two_memories() -> None:
    outcome = run(ADAPTER, {"a/user.md": "Likes tea.", "b/user.md": "Likes rye."})
    assert len({record.uid for record in outcome.records}) == 2
    assert [item["id"] for item in outcome.episodes()] == ["a/user.md", "b/user.md"]


def test_the_account_is_part_of_an_id() -> None:
    assert run(ADAPTER, {"a.md": "x"}).records[0].uid != run(ADAPTER, {"a.md": "x"}, account="b").records[0].uid


def test_a_changed_file_is_the_same_memory(store: SqliteStore, tmp_path: Path) -> None:
    folder = tmp_path / "memory"
    folder.mkdir()
    (folder / "editor.md").write_text(FILE)
    assert import_paths(store, [folder]).summary.counts["memory"] == {"new": 1}
    assert import_paths(store, [folder]).summary.counts["memory"] == {"unchanged": 1}
    (folder / "editor.md").write_text(FILE.replace("vim", "helix"))
    assert import_paths(store, [folder]).summary.counts["memory"] == {"updated": 1}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (FILE, "file"),
        ("---\nname: a\ndescription: b\ntype: user\n---\nx", "file"),
        ("\ufeff---\r\nname: a\r\ndescription: b\r\ntype: project\r\n---\r\nx", "file"),
        ("---\nname: a\ndescription: b\nmetadata:\n  node_type: memory\n---\nx", "file"),
        ([{"path": "a.md", "content": FILE}], "list"),
        ([None, 1, {"name": "a.md", "text": FILE}], "list"),
        ([["a.md", FILE]], "list"),
        ({"memory/a.md": FILE, "memory/b.md": "x"}, "by-path"),
    ],
)
def test_what_shows_itself_is_taken(value: Any, expected: str) -> None:
    assert role(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "", "x", "# Title\n\ntext", "---\nname: a\ndescription: b\n---\nx", "---\nname: a\ntype: user\n---\nx",
        "---\nname: a\ndescription: b\ntools: Read\nmodel: opus\n---\nx", "---\nname: a\ndescription: b\ntype: user\n",
        "---\nid: 1\ntype: user\n---\nx", "---\nname: a\ndescription: b\ntype: note\n---\nx", INDEX,
        [], {}, [1], [{"path": "a.md", "content": "x"}], {"a.md": "x"}, {"a.md": FILE, "b": 1}, {"a": FILE},
        [{"path": "a.md", "content": 5}], b"\x00\x01", "null", '"---"',
    ],
)  # fmt: skip
def test_ordinary_documents_are_left_alone(value: Any) -> None:
    assert role(value, "notes.md") is None


def test_an_index_is_taken_with_the_files_that_it_names() -> None:
    assert role(INDEX, "memory/MEMORY.md") == "file"
    assert role("# Memory\nnothing yet\n", "memory/MEMORY.md") is None
    assert role("[a](https://x.org/y.md)", "memory/MEMORY.md") is None
    (record,) = run(ADAPTER.unasked, {"memory/MEMORY.md": INDEX}).records
    assert record.body.type == "context"  # type: ignore[union-attr]
    assert record.residue["portable-memory"]["metadata"]["claude_role"] == "index"


def test_any_markdown_is_taken_when_it_is_named(store: SqliteStore, tmp_path: Path) -> None:
    path = tmp_path / "CLAUDE.md"
    path.write_text("Be brief.\n")
    with pytest.raises(NotRecognised):
        import_paths(store, [path])
    assert import_paths(store, [path], adapter="claude-memory").summary.counts["memory"] == {"new": 1}


@pytest.mark.parametrize("text", ["[a](b.md) and more", '{"a": 1}', "a, b\nc", "<html>", "5", "window.x"])
def test_named_it_takes_text_that_begins_like_something_else(text: str) -> None:
    assert run(ADAPTER, {"a.md": text}).texts() == [text]


def test_named_it_takes_no_picture_and_no_other_export() -> None:
    assert role("a,b\n1,2\n", "data.csv", ADAPTER) is None
    assert role({"mapping": {}}, "conversations.json", ADAPTER) is None
    assert role([{"uuid": "1", "chat_messages": []}], "conversations.json", ADAPTER) is None


def test_the_shared_folder(shared: Path, store: SqliteStore) -> None:
    folder = shared / "fixtures" / "claude-code-memory" / "luciferforge"
    batch = import_paths(store, [folder])
    assert batch.platforms == ("claude",)
    assert batch.summary.counts["memory"] == {"new": 5}
    # The instructions that a person wrote are no memory of Claude's.
    told = sorted(finding.place.file for finding in batch.summary.findings if finding.code == "unused-file")
    assert told == ["luciferforge/CLAUDE.md", "luciferforge/project-CLAUDE.md"]
    assert set(import_paths(store, [folder]).summary.counts["memory"]) == {"unchanged"}
    assert import_paths(store, [folder], adapter="claude_memory").summary.counts["memory"] == {"unchanged": 5, "new": 2}
    assert store.check() == []


def test_other_samples_are_left_alone(shared: Path) -> None:
    taken = []
    for path in sorted((shared / "fixtures").rglob("*")):
        if path.is_file() and path.suffix in (".md", ".txt", ".mdc", ".json") and "claude-code-memory" not in path.parts:
            member = BytesMember(str(path.relative_to(shared)), path.read_bytes()[: 1 << 20])
            if ADAPTER.unasked.claim(member, probe(member)):
                taken.append(path.relative_to(shared))
    assert taken == []


def test_it_is_asked_after_the_account_exports() -> None:
    order = registry.OURS
    assert order.index("claude") < order.index("chatgpt") < order.index("claude_memory") < order.index("mem0")


def test_front_matter_without_an_end_is_text() -> None:
    (record,) = run(ADAPTER, {"a.md": "---\nname: a\nx"}).records
    assert record.body.text == "---\nname: a\nx"  # type: ignore[union-attr]


def test_front_matter() -> None:
    text = "---\na: 1\n\n# c\nb:\n  c: 'it''s'\n  d: \"q\\n\"\n- item\ne:f\ng: \"half\n---\nbody\n---\nmore"
    head = head_of(text)
    assert head.members == {"a": "1", "b.c": "it's", "b.d": "q\n", "e": "f", "g": '"half'}
    assert head.body == "body\n---\nmore"
    assert head.raw == text.split("\n---\n")[0].removeprefix("---\n")
    assert not head.is_whole
    assert head_of("---\na: 1\n---\n").is_whole


def test_a_file_without_text_is_told_and_its_bytes_kept() -> None:
    outcome = run(ADAPTER, {"a.md": " \n\t\n"})
    assert (outcome.roles, outcome.records) == ({}, []) or outcome.codes() == {"empty-memory": 1}
    outcome = run(ADAPTER, {"m.json": [{"path": "a.md", "content": " \n"}]})
    assert (outcome.records, outcome.codes()) == ([], {"empty-memory": 1})
    assert json.loads(outcome.originals[0].native) == {"path": "a.md", "content": " \n"}


def test_a_list_is_read_element_by_element() -> None:
    items = [{"path": "a.md", "content": "x"}, 5, None, {"path": "b.md"}, {"path": "a.md", "content": "x"}, ["c.md", "z"]]
    outcome = run(ADAPTER, {"m.json": [*items, {"path": "a.md", "content": "y"}]})
    assert outcome.texts() == ["x", "z", "y"]
    assert outcome.codes() == {"unknown-shape": 3, "repeated-memory": 1}
    assert len({record.uid for record in outcome.records}) == 3


def test_an_object_of_files_is_one_original() -> None:
    outcome = run(ADAPTER, {"m.json": {"memory/a~.md": "x", "b.md": "y"}})
    assert [record.native.pointer for record in outcome.records] == ["/memory~1a~0.md", "/b.md"]
    assert len(outcome.originals) == 1


def test_unmapped_is_what_stands_beside() -> None:
    item = {"path": "a.md", "content": "x", "size": 3, "text": "other", "none": None}
    (record,) = run(ADAPTER, {"m.json": [item]}).records
    assert ADAPTER.unmapped(record, item) == {"size": 3, "text": "other"}
    assert ADAPTER.unmapped(record, "x") == {}


def test_times_of_a_list() -> None:
    item = {"path": "a.md", "content": "x", "created_at": 1700000000, "updated_at": "soon"}
    outcome = run(ADAPTER, {"m.json": [item]})
    assert outcome.records[0].times.created == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert outcome.codes() == {"bad-time": 1}


def test_invalid_text_is_told() -> None:
    outcome = run(ADAPTER, {"a.md": b"Likes \xff tea"})
    assert outcome.texts() == ["Likes \ufffd tea"]
    assert outcome.codes() == {"repaired-text": 1}
    outcome = run(ADAPTER, {"m.json": b'[{"path":"a.md","content":"\\ud800"}]'})
    assert (outcome.texts(), outcome.codes()) == (["\ufffd"], {"repaired-text": 1})


def test_a_file_over_the_limit_is_told() -> None:
    assert run(ADAPTER, {"a.md": FILE}, limits=Limits(document_bytes=10)).codes() == {"limit": 1}


def test_findings_hold_no_words_of_the_person() -> None:
    outcome = run(ADAPTER, {"secretword.json": [{"path": "secretword", "content": " "}, "secretword", ["secretword", "x"]]})
    assert outcome.findings
    assert "secretword" not in " ".join(finding.text for finding in outcome.findings)


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300), st.text(max_size=200).map(str.encode), st.text(max_size=60).map("---\n{}\n---\nx".format)
    )
)
def test_any_bytes_are_read_or_told(data: bytes | str) -> None:
    for path in ("a.md", "MEMORY.md", "a.json"):
        outcome = run(ADAPTER, {path: data})
        assert outcome.roles == {} or outcome.records or outcome.findings


def test_a_long_line_and_many_lines() -> None:
    for text in ("---\n" + "a: b\n" * 300_000 + "---\nx", "---" + " " * 3_000_000, "---\n" * 500_000, "](" * 2_000_000):
        outcome = run(ADAPTER, {"MEMORY.md": text})
        assert outcome.records
