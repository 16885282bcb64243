"""Claude's memory in both generations (providers.md 3.2, "memories")."""

from __future__ import annotations

from typing import Any

from satchel.adapters.claude.memories import sections
from satchel.adapters.claude.memory_files import bullets, front_matter
from satchel.model.ids import provider_uid
from tests.adapters.claude.harness import ACCOUNT, run

PROJECT = "44444444-4444-4444-8444-444444444444"
PROSE = "**Work context**\n\nBuilds boats.\n\n**Personal context**\n\nLikes **rye** bread.\n# Top of mind\nA trip.\n"


def test_sections_are_memories_known_again_by_heading() -> None:
    outcome = run({"memories.json": [{"account_uuid": ACCOUNT, "conversations_memory": PROSE}]})
    assert [(body.title, body.text, body.type) for body in outcome.bodies("memory")] == [
        ("Work context", "Builds boats.", "context"),
        ("Personal context", "Likes **rye** bread.", "context"),
        ("Top of mind", "A trip.", "context"),
    ]
    edited = run({"m.json": {"account_uuid": ACCOUNT, "conversations_memory": PROSE.replace("boats", "ships")}})
    assert [record.uid for record in edited.records] == [record.uid for record in outcome.records]
    assert {record.provenance.method for record in outcome.records} == {"llm_inference"}


def test_prose_without_headings_is_one_memory() -> None:
    outcome = run({"m.json": [{"conversations_memory": "Likes dark mode.\n\nWorks at X."}]}, account=ACCOUNT)
    (memory,) = outcome.of("memory")
    assert (memory.body.title, memory.body.text) == ("Memory of conversations", "Likes dark mode.\n\nWorks at X.")
    assert memory.provenance.account == ACCOUNT


def test_no_line_of_prose_is_lost() -> None:
    text = "intro\n# Empty\n## Next\nbody\n```\n# no heading\n```\n**Last**"
    found = "\n".join(part for pair in sections(text) for part in pair)
    for line in ("intro", "Empty", "Next", "body", "# no heading", "Last"):
        assert line in found
    assert [heading for heading, _ in sections(text)] == ["", "Next", "Last"]
    assert sections(" \n") == []


def test_project_memories() -> None:
    outcome = run({"m.json": {"account_uuid": ACCOUNT, "project_memories": {PROJECT: "**Purpose & context** P", "a/b": "Q"}}})
    first, second = outcome.of("memory")
    assert (first.body.type, first.body.text) == ("project", "**Purpose & context** P")
    assert first.scope == provider_uid("claude", ACCOUNT, "project", PROJECT)
    assert second.native.pointer == "/project_memories/a~1b"


FILES: list[dict[str, Any]] = [
    {
        "path": "/people/anna.md",
        "content": '---\nname: Anna Kovač\ndescription: "A sister"\nsources: [chat, cowork]\naliases:\n  - Annie\n---\n'
        "- [stated] Lives in Split\n- Works with [[boats]] and [[Nobody]]\n  on weekends\n",
        "updated_at": "2026-09-01T00:00:00Z",
    },
    {"path": "/topics/boats.md", "content": "- Asked [[Annie|his sister]] once\n- Asked [[Annie|his sister]] once\n"},
    {"path": f"/projects/{PROJECT}/index.md", "content": "- [inferred] Due in May"},
    {"path": "/profile.md", "content": "Just prose."},
]


def test_each_bullet_is_a_memory_and_each_file_a_document() -> None:
    outcome = run({"memories/x.json": {"account_uuid": ACCOUNT, "memory_files": FILES}})
    documents = {record.body.name: record for record in outcome.of("document")}  # type: ignore[union-attr]
    assert {name: record.body.text for name, record in documents.items()} == {  # type: ignore[union-attr]
        file["path"]: file["content"] for file in FILES
    }
    lives, works, *asked = outcome.of("memory")[:4]
    due, prose = outcome.of("memory")[4:]
    assert (lives.body.text, lives.body.title, lives.body.type) == ("Lives in Split", "Anna Kovač", "relationship")
    assert lives.tags == ("stated", "source:chat", "source:cowork")
    assert lives.provenance.method == "explicit_user_input"
    assert lives.times.updated is not None
    assert lives.linked("part_of") == documents["/people/anna.md"].uid
    assert works.body.text == "Works with [[boats]] and [[Nobody]]\non weekends"
    assert works.provenance.method == "llm_inference"
    assert works.linked("related_to") == documents["/topics/boats.md"].uid
    assert [record.linked("related_to") for record in asked] == [documents["/people/anna.md"].uid] * 2
    assert asked[0].uid != asked[1].uid
    assert (due.body.text, due.tags, due.scope) == ("Due in May", ("inferred",), provider_uid("claude", "", "project", PROJECT))
    assert prose.body.text == "Just prose."


def test_a_bullets_identity_is_its_words() -> None:
    def uids(content: str) -> set[str]:
        files = [{"path": "/profile.md", "content": content}]
        outcome = run({"m.json": {"account_uuid": ACCOUNT, "memory_files": files}})
        return {record.uid for record in outcome.of("memory")}

    assert uids("- A b\n- C") == uids("* c\n* [stated]  a  B")
    assert len(uids("- A b\n- C") & uids("- A b\n- D")) == 1


def test_both_generations_in_one_object_and_in_two() -> None:
    old, new = {"account_uuid": ACCOUNT, "conversations_memory": "P"}, {"account_uuid": ACCOUNT, "memory_files": FILES}
    together, apart = run({"m.json": {**old, **new}}), run({"memories.json": [old], "memories/a.json": new})
    assert {record.uid for record in together.records} == {record.uid for record in apart.records}
    assert len({original.uid for original in apart.originals}) == 2


def test_the_account_may_be_named_by_the_file_alone() -> None:
    outcome = run({f"memories/{ACCOUNT}.json": {"conversations_memory": "P"}})
    assert outcome.records[0].provenance.account == ACCOUNT


def test_malformed_memories() -> None:
    value = {
        "conversations_memory": "P",
        "project_memories": {"p": None},
        "memory_files": [None, {"path": 1}, {"content": "- x"}],
    }
    outcome = run({"m.json": value, "n.json": {"conversations_memory": 5, "project_memories": []}})
    assert outcome.codes()["malformed-memory"] >= 3
    assert [body.text for body in outcome.bodies("memory")] == ["P", "x"]


def test_an_account_without_memory_is_told() -> None:
    outcome = run({"m.json": [{"account_uuid": ACCOUNT}]})
    assert (outcome.records, outcome.codes()) == ([], {"empty-memory": 1})


def test_front_matter_is_read_leniently() -> None:
    front = front_matter("---\nname: 'A: b'\naliases: [x, \"y\"]\nbroken [yaml\nsources:\n- chat\n---\nbody")
    assert (front.name, front.aliases, front.sources) == ("A: b", ("x", "y"), ("chat",))
    assert front_matter("no front\n---\n").end == 0


def test_bullets() -> None:
    found = bullets("# H\n- [stated] a\n  - nested [link](u)\n\n* [see](url) b\n- [[w]] c\n- [x] done\n")
    assert [(bullet.text, bullet.tags) for bullet in found] == [
        ("a", ("stated",)), ("nested [link](u)", ()), ("[see](url) b", ()), ("[[w]] c", ()), ("[x] done", ()),
    ]  # fmt: skip
