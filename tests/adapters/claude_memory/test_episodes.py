"""Memory files as episodes beside the public SDK's, rule by rule (portable-memory.md 9.3)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from portable_memory import to_wire
from portable_memory.adapters import claude as sdk

from satchel.adapters.claude_memory import ADAPTER
from satchel.adapters.claude_memory.files import head_of
from tests.adapters.episodes import DEFAULTS, NOW, run

TIMES = ("eventTime", "mentionTime", "ingestionTime")


def theirs(files: Any) -> list[dict[str, Any]]:
    """The SDK's episodes, with ``NOW`` for the clock's."""
    return [{**to_wire(item), **dict.fromkeys(TIMES, NOW)} for item in sdk.parse_episodes(files)]


def ours(files: dict[str, str]) -> list[dict[str, Any]]:
    return run(ADAPTER, files).episodes()


def one(content: str, path: str = "memory/a.md") -> dict[str, Any]:
    (found,) = ours({path: content})
    return found


def judged(mine: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    """Ours are theirs, but for the id, which is the path, and for further metadata, which they lose."""
    assert len(mine) == len(expected)
    for own, their in zip(mine, expected, strict=True):
        assert own["metadata"].items() >= their["metadata"].items()
        assert own["id"] == own.get("sourceID", own["id"])
        assert {**own, "id": "", "metadata": {}} == {**their, "id": "", "metadata": {}}


def test_the_shared_files_give_the_episodes_of_the_public_sdk(shared: Path) -> None:
    folder = shared / "fixtures" / "claude-code-memory" / "luciferforge"
    files = {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*.md"))}
    assert len(files) == 7
    judged(ours(files), theirs(list(files.items())))


def test_a_file() -> None:
    text = "---\nname: editor\ndescription: Which one\nmetadata:\n  type: feedback\n---\n\nUses vim.\nAlways.\n"
    assert one(text) == {
        **DEFAULTS,
        **dict.fromkeys(TIMES, NOW),
        "id": "memory/a.md",
        "sourceID": "memory/a.md",
        "sourceType": "note",
        "summary": "Which one",
        "details": "Uses vim.\nAlways.",
        "categories": ["feedback"],
        "metadata": {
            "claude_path": "memory/a.md",
            "claude_name": "editor",
            "claude_type": "feedback",
            "claude_description": "Which one",
        },
    }


@pytest.mark.parametrize("base", ["MEMORY.md", "CLAUDE.md"])
def test_an_index(base: str) -> None:
    files = {f"x/{base}": "# Index\n\ntext", base: "---\nname: n\n---\ntext"}
    judged(ours(files), theirs(files))
    assert [item["metadata"]["claude_role"] for item in ours(files)] == ["index", "index"]


def test_the_summary_is_the_description_else_the_first_line() -> None:
    assert one("first\nsecond")["summary"] == "first"
    assert one("x" * 130)["summary"] == "x" * 120
    assert one("---\ndescription: " + "d" * 130 + "\n---\nx")["summary"] == "d" * 120


def test_without_a_name_it_is_the_files() -> None:
    assert one("x", "a/b.md")["metadata"]["claude_name"] == "b"
    assert one("x", "b.txt")["metadata"]["claude_name"] == "b.txt"


def test_front_matter_alone_is_the_text() -> None:
    files = {"a.md": "---\nname: a\n---"}
    judged(ours(files), theirs(files))
    assert ours(files)[0]["details"] == "---\nname: a\n---"


# Where the dossier says that the reference is wrong.


def test_files_of_one_name_do_not_collide() -> None:
    files = {"a/n.md": "x", "b/n.md": "y"}
    assert [item["id"] for item in theirs(files)] == ["n", "n"]
    assert [item["id"] for item in ours(files)] == ["a/n.md", "b/n.md"]


def test_quotes_are_no_part_of_a_value() -> None:
    text = '---\nname: "a \\"b\\""\ndescription: \'c\'\n---\nx'
    assert theirs({"p.md": text})[0]["id"] == '"a \\"b\\""'
    found = one(text)
    assert (found["metadata"]["claude_name"], found["summary"]) == ('a "b"', "c")


def test_all_other_front_matter_is_kept() -> None:
    text = "---\nname: a\nmodified: yesterday\nmetadata:\n  node_type: memory\n  type: user\n---\nx"
    lost = {"claude_modified": "yesterday", "claude_metadata.node_type": "memory"}
    assert not lost.keys() & theirs({"p.md": text})[0]["metadata"].keys()
    assert one(text)["metadata"].items() >= lost.items()


@pytest.mark.parametrize(
    "lines",
    ["tags:\n- a\n- b", "# a comment", "no colon", "name: b", "type: user\nmetadata:\n  type: project", "path: elsewhere"],
)
def test_front_matter_that_members_cannot_say_is_kept_as_it_is(lines: str) -> None:
    metadata = one(f"---\nname: a\n{lines}\n---\nx")["metadata"]
    assert lines.split("\n")[-1].strip() in metadata["claude_frontmatter"]
    assert metadata["claude_path"] == "memory/a.md"


def test_line_ends_stay_as_they_are() -> None:
    text = "---\r\nname: a\r\n---\r\none\r\ntwo\u2028three\r\n"
    assert theirs({"p.md": text})[0]["details"] == "one\ntwo\nthree"
    assert one(text)["details"] == "one\r\ntwo\u2028three"


def test_a_file_with_nothing_below_its_front_matter_is_not_lost() -> None:
    text = "---\nname: a\n---\n \n"
    assert theirs({"p.md": text}) == []
    assert one(text)["details"] == "---\nname: a\n---"


def test_a_byte_order_mark_is_no_word() -> None:
    text = "\ufeff---\nname: a\n---\nx"
    assert theirs({"p.md": text})[0]["details"] == text
    assert one(text)["details"] == "x"


def test_a_time_of_its_own_is_no_clocks() -> None:
    found = one("---\nname: a\nmetadata:\n  modified: 2026-09-03T10:00:00Z\n---\nx")
    assert (found["mentionTime"], found["eventTime"]) == ("2026-09-03T10:00:00Z", NOW)


def test_what_stands_beside_the_text_is_kept() -> None:
    item = {"path": "a.md", "content": "x", "text": "y", "size": 3.0, "etag": "e", "none": None}
    (found,) = run(ADAPTER, {"m.json": [item]}).episodes()
    assert found["metadata"] == {
        "claude_path": "a.md", "claude_name": "a", "claude_text": "y", "claude_size": "3", "claude_etag": "e",
    }  # fmt: skip


def test_an_id_is_never_drawn_by_lot() -> None:
    (first,) = run(ADAPTER, {"m.json": [{"content": "x"}]}).records
    (again,) = run(ADAPTER, {"m.json": [{"content": "x"}]}).records
    assert first.uid == again.uid


# Made files: where neither is wrong, both give the same.

PLAIN = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=20)
WORD = st.from_regex(r"[a-z][a-z0-9 ]{0,10}[a-z0-9]", fullmatch=True)
MEMBER = st.one_of(
    st.tuples(st.sampled_from(["name", "description", "type", "other", "a b"]), WORD).map(lambda pair: f"{pair[0]}: {pair[1]}"),
    WORD.map(lambda word: f"metadata:\n  type: {word}\n  node: {word}"),
    st.just(""),
)
HEAD = st.lists(MEMBER, max_size=5, unique_by=lambda line: line.partition(":")[0]).map(
    lambda lines: "\n".join(["---", *lines, "---"]) + "\n"
)
BODY = st.lists(st.one_of(PLAIN, st.just(""), st.just("---"), WORD), max_size=5).map("\n".join)
#: Front matter above nothing but blanks is one of the differences above.
CONTENT = st.one_of(BODY, st.builds("{}{}".format, HEAD, BODY)).filter(
    lambda text: head_of(text).body == text or bool(head_of(text).body.strip())
)
PATH = st.one_of(st.sampled_from(["MEMORY.md", "a/CLAUDE.md", "x.md", "b/x.md", "x.txt"]), WORD.map("memory/{}.md".format))
ENTRY = st.one_of(
    st.tuples(PATH, CONTENT).map(list),
    st.fixed_dictionaries({"path": PATH, "content": CONTENT}),
    st.fixed_dictionaries({"name": PATH, "body": CONTENT}),
    st.fixed_dictionaries({"path": PATH, "text": CONTENT, "content": st.none()}),
)


def path_of(entry: Any) -> str:
    return str(entry[0]) if isinstance(entry, list) else str(entry.get("path") or entry.get("name"))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ENTRY, min_size=1, max_size=5, unique_by=path_of))
def test_every_list_gives_the_episodes_of_the_public_sdk(entries: list[Any]) -> None:
    judged(run(ADAPTER, {"m.json": entries}).episodes(), theirs(json.loads(json.dumps(entries))))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(PATH.filter(lambda path: path.endswith(".md")), CONTENT, min_size=1, max_size=5))
def test_every_object_of_files_gives_the_episodes_of_the_public_sdk(files: dict[str, str]) -> None:
    judged(run(ADAPTER, {"m.json": files}).episodes(), theirs(files))
