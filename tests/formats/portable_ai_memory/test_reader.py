"""What a package becomes in a vault, and which packages are refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from satchel.errors import InputError, MalformedInput, Place
from satchel.model import bodies
from satchel.model.bodies import Part
from satchel.model.record import Access, Grant, Link, Provenance, Times, Tombstone
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Batch, Query
from tests.formats.portable_ai_memory.packages import (
    OWNER,
    Package,
    checksum,
    entry,
    got,
    memory,
    message,
    relation,
    talk,
    uid,
)
from tests.formats.portable_ai_memory.packages import store as made

T0 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def taken(vault: SqliteStore, path: Path, *memories: dict[str, Any], files: dict[str, Any] | None = None, **root: Any) -> Batch:
    return import_paths(vault, [Package(made(*memories, **root), files or {}).folder(path)])


def codes(batch: Batch) -> set[str]:
    return {finding.code for finding in batch.summary.findings}


def test_every_member_of_a_memory_with_a_field_of_ours(store: SqliteStore, tmp_path: Path) -> None:
    value = memory(
        "m",
        "Rides a bicycle",
        type="custom",
        custom_type="habit",
        status="deprecated",
        tags=["bike", "daily"],
        confidence={"initial": 0.25, "current": 0.5, "decay_model": "time_linear"},
        temporal={
            "created_at": "2026-01-02T04:04:05+01:00",
            "updated_at": "2026-01-03T03:04:05.5Z",
            "valid_from": "2026-01-02",
            "valid_until": None,
        },
        provenance={
            "platform": "chatgpt",
            "platform_user_id": "user-1",
            "conversation_ref": "t",
            "message_ref": "1",
            "extraction_method": "llm_inference",
            "extractor": "x/1.2.3",
        },
        access={
            "visibility": "shared",
            "exportable": False,
            "shared_with": [{"entity": "e", "permissions": ["read", "write"]}],
        },
        metadata={"language": "pt-BR", "mood": {"deep": [1, None]}},
    )
    said = talk("t", message("1"))
    files = {"conversations/t.json": said}
    batch = taken(store, tmp_path / "in", value, files=files, conversations_index=[entry(said, "m")])
    record = got(store, "memory", "m")
    assert record.body == bodies.Memory(text="Rides a bicycle", type="custom", custom_type="habit", confidence=0.5)
    assert record.times.created == T0
    assert record.times.updated == datetime(2026, 1, 3, 3, 4, 5, 500_000, tzinfo=UTC)
    assert (record.times.valid_from, record.times.valid_to) == (datetime(2026, 1, 2, tzinfo=UTC), None)
    assert record.provenance == Provenance(
        platform="chatgpt",
        account="user-1",
        conversation=uid("conversation", "t"),
        message=uid("message", "t", "1"),
        method="llm_inference",
        extractor="x/1.2.3",
    )
    assert record.access == Access(
        visibility="shared", exportable=False, grants=(Grant(entity="e", permissions=("read", "write")),)
    )
    assert (record.status, record.tags, record.language, record.trust) == ("deprecated", ("bike", "daily"), "pt-BR", "imported")
    assert (record.origin.format, record.origin.id, record.origin.space) == ("portable-ai-memory", "m", OWNER)
    assert json.loads(store.native(record) or b"") == value
    assert codes(batch) == {"not-exportable", "time-form"}
    assert [hit.record.uid for hit in store.search(Query(words="bicycle")).hits] == [record.uid]


@pytest.mark.parametrize(
    "type",
    ["fact", "preference", "skill", "context", "relationship", "goal", "instruction", "identity", "environment", "project"],
)
def test_every_type(type: str, store: SqliteStore, tmp_path: Path) -> None:
    taken(store, tmp_path / "in", memory("m", type=type))
    assert got(store, "memory", "m").body == bodies.Memory(text="Likes tea", type=type)  # type: ignore[arg-type]


def test_a_relation_and_a_replacement(store: SqliteStore, tmp_path: Path) -> None:
    old = memory("old", status="superseded", temporal={"created_at": "2026-01-02T03:04:05Z", "superseded_by": "new"})
    taken(store, tmp_path / "in", old, memory("new"), relations=[relation("r", "old", "new", type="contradicts", confidence=1)])
    assert got(store, "relation", "r").body == bodies.Relation(
        source=uid("memory", "old"), target=uid("memory", "new"), type="contradicts", confidence=1.0
    )
    assert set(got(store, "relation", "r").links) == {Link("related_to", uid("memory", id)) for id in ("old", "new")}
    assert got(store, "memory", "new").links == (Link("supersedes", uid("memory", "old")),)
    assert got(store, "memory", "old").status == "superseded"


def test_a_conversation(store: SqliteStore, tmp_path: Path) -> None:
    png = "attachments/a b.png"
    said = talk(
        "t",
        message(
            "1",
            "Look",
            attachments=[{"type": "image", "name": "a b.png", "mime_type": "image/png", "ref": png, "size_bytes": 4}],
        ),
        message(
            "2",
            role="assistant",
            parent_id="1",
            content={
                "type": "multipart",
                "parts": [{"type": "code", "text": "1+1", "language": "python"}, {"type": "text", "text": "Two"}],
            },
            tool_calls=[{"name": "search", "id": "c", "input": {"q": 1}, "output": "found"}],
            citations=[{"title": "A page", "url": "https://example.org"}],
            model="big",
        ),
        message("3", "Hm", role="assistant", parent_id="1", is_thought=True),
        message("4", "A page says: do this", role="tool", parent_id="9"),
        provider={"name": "claude", "account_id": "acc"},
        model="main",
        is_archived=True,
        tags=["a", "a"],
        raw_metadata={"claude": {"summary": None}},
        import_metadata={"importer": "x/1.0.0"},
    )
    batch = taken(
        store,
        tmp_path / "in",
        files={"conversations/t.json": said, png: b"\x89PNG"},
        conversations_index=[{**entry(said), "tags": ["a", "a"]}],
    )
    head = got(store, "conversation", "t")
    assert head.body == bodies.Conversation(title="A talk", model="main", is_archived=True)
    assert (head.times, head.tags, head.provenance.account) == (Times(created=T0, recorded=head.times.recorded), ("a",), "acc")
    first, second, third, fourth = store.messages(head.uid)
    file = got(store, "attachment", png)
    assert first.body.parts == (  # type: ignore[union-attr]
        Part(type="text", text="Look"),
        Part(type="image", name="a b.png", media_type="image/png", size_bytes=4, asset=file.uid),
    )
    assert second.body == bodies.Message(
        role="assistant",
        parts=(
            Part(type="code", text="1+1", language="python"),
            Part(type="text", text="Two", citations=(bodies.Citation(title="A page", url="https://example.org"),)),
            Part(type="tool_call", name="search", call="c", data={"q": 1}),
            Part(type="tool_result", name="search", call="c", text="found"),
        ),
        parent=first.uid,
        position=1,
        model="big",
    )
    assert third.body.parts[0].type == "reasoning"  # type: ignore[union-attr]
    assert third.body.parent == first.uid  # type: ignore[union-attr]
    assert (fourth.body.parent, fourth.trust) == ("", "untrusted")  # type: ignore[union-attr]
    assert isinstance(file.body, bodies.Document)
    assert (file.body.name, file.body.media_type) == ("a b.png", "image/png")
    assert store.open_blob(file.body.blob).read() == b"\x89PNG"
    assert json.loads(store.native(head) or b"") == said
    assert json.loads(store.native(second) or b"") == said["messages"][1]
    assert codes(batch) >= {"message-link"}


@pytest.mark.parametrize(
    ("links", "parents"),
    [
        ([{}, {}, {}], ["", "a", "b"]),
        ([{}, {"parent_id": "a"}, {"parent_id": "a"}], ["", "a", "a"]),
        ([{"children_ids": ["c"]}, {}, {}], ["", "", "a"]),
        ([{"children_ids": ["b"]}, {"children_ids": ["a"]}, {}], ["", "a", ""]),
        ([{"parent_id": "gone"}, {"parent_id": None}, {}], ["", "", ""]),
    ],
)
def test_whose_answer_a_message_is(links: list[Any], parents: list[str], store: SqliteStore, tmp_path: Path) -> None:
    said = talk("t", *(message(id, **more) for id, more in zip("abc", links, strict=True)))
    taken(store, tmp_path / "in", files={"conversations/t.json": said}, conversations_index=[entry(said)])
    read = [record.body.parent for record in store.messages(uid("conversation", "t"))]  # type: ignore[union-attr]
    expected = ["" if not parent else uid("message", "t", parent) for parent in parents]
    if links[0] == {"children_ids": ["b"]}:
        assert sorted(read) == sorted(["", uid("message", "t", "a"), ""]) or sorted(read) == sorted(
            ["", uid("message", "t", "b"), ""]
        )
    else:
        assert read == expected


def test_the_same_again_and_another_owner(store: SqliteStore, tmp_path: Path) -> None:
    said = talk("t", message("1"))
    files = {"conversations/t.json": said}
    for owner in (OWNER, "other"):
        batch = taken(store, tmp_path / owner, memory("m"), files=files, conversations_index=[entry(said)], owner=owner)
        assert batch.summary.counts["memory"] == {"new": 1}
        assert batch.summary.counts["conversation"] == {"new": 1}
    again = import_paths(store, [tmp_path / OWNER, tmp_path / "other"])
    assert again.summary.originals.keys() == {"unchanged"}
    assert got(store, "memory", "m").uid != got(store, "memory", "m", owner="other").uid


def test_a_file_a_folder_and_a_zip_are_one(store: SqliteStore, tmp_path: Path) -> None:
    said = talk("t", message("1"))
    package = Package(made(memory("m"), conversations_index=[entry(said)]), {"conversations/t.json": said})
    folder = package.folder(tmp_path / "in")
    alone = import_paths(store, [folder / "memory-store.json"])
    assert alone.summary.counts == {"memory": {"new": 1}, "foreign": {"new": 2}, "conversation": {"new": 1}}
    zipped = import_paths(store, [package.zip(tmp_path / "a.zip", "deep/inside/")])
    assert zipped.summary.counts["message"] == {"new": 1}
    assert zipped.summary.counts["memory"] == {"unchanged": 1}
    assert import_paths(store, [folder]).summary.originals.keys() == {"unchanged"}
    # A newer entry that comes alone does not take the conversation away again.
    value = made(memory("m"), conversations_index=[{**entry(said), "tags": ["x"]}])
    (tmp_path / "alone.json").write_text(json.dumps(value))
    import_paths(store, [tmp_path / "alone.json"])
    assert store.native(got(store, "conversation", "t")) == (folder / "conversations/t.json").read_bytes()


def test_a_byte_order_mark_and_other_whitespace_are_let_pass(store: SqliteStore, tmp_path: Path) -> None:
    said = talk("t", message("1"))
    value = made(memory("m"), conversations_index=[entry(said)])
    bom = b"\xef\xbb\xbf"
    files = {"conversations/t.json": bom + json.dumps(said).encode()}
    folder = Package(value, files).folder(tmp_path / "in")
    (folder / "memory-store.json").write_bytes(bom + b"\r\n" + json.dumps(value, indent="\t").encode() + b"\n")
    import_paths(store, [folder])
    export(store, tmp_path / "out", format="portable-ai-memory")
    assert json.loads((tmp_path / "out/conversations/t.json").read_bytes()) == said


def test_a_checksum_of_the_form_that_the_sdk_hashes_is_told(store: SqliteStore, tmp_path: Path) -> None:
    value = made(memory("m"))
    value["integrity"]["checksum"] = checksum([{**memory("m"), "status": "active", "tags": []}])
    batch = import_paths(store, [Package(value).folder(tmp_path / "in")])
    told = [finding for finding in batch.summary.findings if finding.code == "integrity-checksum"]
    assert [finding.severity for finding in told] == ["warning"]


def broken(**changes: Any) -> dict[str, Any]:
    return {**made(memory("a"), memory("b")), **changes}


REFUSED: dict[str, Any] = {
    "checksum": broken(integrity={"checksum": "sha256:" + "0" * 64, "total_memories": 2}),
    "total": broken(integrity={"checksum": checksum([memory("a"), memory("b")]), "total_memories": 3}),
    "content hash": made({**memory("a"), "content": "Likes coffee"}),
    "ids": made(memory("a"), memory("a")),
    "relation ends": broken(relations=[relation("r", "a", "gone")]),
    "relation ids": broken(relations=[relation("r", "a", "b"), relation("r", "b", "a")]),
    "superseded by": made(memory("a", temporal={"created_at": "2026-01-02T03:04:05Z", "superseded_by": "gone"})),
    "times": made(memory("a", temporal={"created_at": "2026-01-02T03:04:05Z", "updated_at": "2025-01-02T03:04:05Z"})),
    "structure": made(memory("a", tags="tea")),
    "unknown member": made(memory("a", mood="glad")),
    "null": made(memory("a", access=None)),
    "major version": broken(schema_version="2.0"),
    "huge version": broken(schema_version="1" * 5000 + ".0"),
    "no owner": {name: value for name, value in broken().items() if name != "owner"},
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_refused_whole(case: str, store: SqliteStore, tmp_path: Path) -> None:
    with pytest.raises(MalformedInput, match="the package cannot be taken"):
        import_paths(store, [Package(REFUSED[case]).folder(tmp_path / "in")])
    assert store.stats().records == {}


def test_a_missing_or_wrong_conversation_file_refuses_the_package(store: SqliteStore, tmp_path: Path) -> None:
    said = talk("t", message("1"))
    value = made(memory("m"), conversations_index=[entry(said)])
    for files in ({}, {"conversations/t.json": {**said, "title": "Another"}}, {"conversations/t.json": b"{"}):
        with pytest.raises(MalformedInput):
            import_paths(store, [Package(value, files).folder(tmp_path / "in")])
    twice = {"conversations/t.json": said, "conversations/u.json": said}
    with pytest.raises(MalformedInput, match="X-03"):
        import_paths(store, [Package(value, twice).folder(tmp_path / "twice")])
    assert store.stats().records == {}


def test_a_conversation_file_alone_is_no_package(store: SqliteStore, tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps(talk("t")))
    with pytest.raises(MalformedInput, match="is no memory store"):
        import_paths(store, [tmp_path / "t.json"])


def test_what_nobody_reads_is_named(store: SqliteStore, tmp_path: Path) -> None:
    folder = Package(made(memory("m")), {"notes/diary.txt": b"x", "conversations/u.json": talk("u", message("1"))}).folder(
        tmp_path / "in"
    )
    (folder / "link").symlink_to(folder / "notes")
    batch = import_paths(store, [folder])
    assert codes(batch) == {"unknown-entry", "not-a-file", "conversation-unlisted"}
    assert got(store, "conversation", "u").body == bodies.Conversation(title="A talk")
    export(store, tmp_path / "out", format="portable-ai-memory")
    made_entry = json.loads((tmp_path / "out/memory-store.json").read_bytes())["conversations_index"]
    assert [(each["id"], each["message_count"]) for each in made_entry] == [("u", 1)]


def delta(base: str, *memories: dict[str, Any], id: str = "delta", **members: Any) -> dict[str, Any]:
    root = {"export_type": "incremental", "base_export_id": base, "since": "2026-01-02T03:04:05Z", "export_id": id}
    return made(*memories, **{**root, **members})


LATER = {"created_at": "2026-01-02T03:04:05Z", "updated_at": "2026-02-02T03:04:05Z"}


def test_increments_in_their_order(store: SqliteStore, tmp_path: Path) -> None:
    base = Package(made(memory("a"), memory("b"), export_id="base", relations=[relation("r", "a", "b")]))
    one = Package(
        delta("base", memory("a", "Likes coffee", temporal=LATER), memory("c"), relations=[relation("s", "c", "b")], id="one")
    )
    two = Package(delta("one", memory("b", status="retracted"), id="two"))
    paths = [package.folder(tmp_path / name) for name, package in (("base", base), ("one", one), ("two", two))]
    with pytest.raises(InputError, match="export base of owner"):
        import_paths(store, paths[1:])
    assert store.stats().records == {}
    import_paths(store, paths)
    assert got(store, "memory", "a").body == bodies.Memory(text="Likes coffee")
    assert got(store, "memory", "b").status == "retracted"
    assert len(store.versions(uid("memory", "a"))) == 2
    assert got(store, "relation", "s").body.target == uid("memory", "b")  # type: ignore[union-attr]
    assert import_paths(store, paths).summary.originals.keys() == {"unchanged"}
    assert got(store, "memory", "b").status == "retracted"
    export(store, tmp_path / "out", format="portable-ai-memory")
    merged = json.loads((tmp_path / "out/memory-store.json").read_bytes())
    assert (merged["export_type"], [m["id"] for m in merged["memories"]]) == ("full", ["a", "b", "c"])
    assert merged["integrity"]["checksum"] == checksum(merged["memories"])


def test_an_older_increment_does_not_replace_what_is_newer(store: SqliteStore, tmp_path: Path) -> None:
    newer = memory("a", "New", temporal=LATER)
    import_paths(store, [Package(made(newer, export_id="base")).folder(tmp_path / "base")])
    older = delta("base", memory("a", "Old"))
    batch = import_paths(store, [Package(older).folder(tmp_path / "older")])
    assert batch.summary.counts["memory"] == {"older": 1}
    assert got(store, "memory", "a").body == bodies.Memory(text="New")


@pytest.mark.parametrize(
    "change",
    [{"base_export_id": "other"}, {"base_export_id": None}, {"owner": {"id": "somebody else"}}],
    ids=lambda c: next(iter(c)),
)
def test_a_wrong_base_is_refused(change: dict[str, Any], store: SqliteStore, tmp_path: Path) -> None:
    import_paths(store, [Package(made(memory("a"), export_id="base")).folder(tmp_path / "base")])
    before = store.stats().records
    with pytest.raises(InputError, match="increment"):
        import_paths(store, [Package({**delta("base", memory("b")), **change}).folder(tmp_path / "delta")])
    assert store.stats().records == before


def test_erased_stays_erased_and_it_is_said(store: SqliteStore, tmp_path: Path) -> None:
    said = talk("t", message("1"))
    vector = {"id": "e", "memory_id": "a", "model": "m", "dimensions": 1, "created_at": "2026-01-02T03:04:05Z", "vector": [1]}
    files = {
        "conversations/t.json": said,
        "embeddings.json": {"schema": "portable-ai-memory-embeddings", "schema_version": "1.0", "embeddings": [vector]},
    }
    value = made(
        memory("a", embedding_ref="e"),
        memory("b"),
        relations=[relation("r", "a", "b")],
        conversations_index=[entry(said)],
        export_id="x",
    )
    folder = Package(value, files).folder(tmp_path / "in")
    import_paths(store, [folder])
    with store.importing("erase") as intake:
        for target in (uid("memory", "a"), uid("conversation", "t")):
            intake.bury(
                Tombstone(targets=(target,), op="delete", format="portable-memory", native=target.encode(), place=Place())
            )
        intake.finish(())
    assert store.get(uid("memory", "a")) is None
    # With its memory the embedding went, and the relation that joined it.
    assert store.get(uid("embedding", "e")) is None
    assert store.get(uid("relation", "r")) is None
    later = Package(delta("x", memory("a", "Likes tea again", temporal=LATER))).folder(tmp_path / "delta")
    for path in (folder, later):
        batch = import_paths(store, [path])
        loud = [finding for finding in batch.summary.findings if finding.code == "erased"]
        assert loud and all(finding.severity == "warning" for finding in loud)
        for kind, id in (("memory", "a"), ("embedding", "e"), ("relation", "r"), ("conversation", "t")):
            assert store.get(uid(kind, id)) is None
    assert got(store, "memory", "b").status == "active"


def test_nothing_in_a_file_raises_trust_or_widens_access(store: SqliteStore, tmp_path: Path) -> None:
    ours = {"trust": "own", "residue": {"portable-memory": {"id": "x"}}, "kind": "conversation", "sensitivity": "none"}
    taken(
        store,
        tmp_path / "in",
        memory("a", metadata={"satchel": ours}),
        memory("b", metadata={"satchel": {"trust": "untrusted", "kind": "instruction", "about": "user"}}),
        memory("c", access={"visibility": "world", "shared_with": [{"entity": "e", "permissions": ["own"]}]}),
        schema_version="1.1",
    )
    record = got(store, "memory", "a")
    assert (record.trust, record.residue, record.body, record.access) == (
        "imported",
        {},
        bodies.Memory(text="Likes tea"),
        Access(),
    )
    assert got(store, "memory", "b").trust == "untrusted"
    assert got(store, "memory", "b").body == bodies.Instruction(text="Likes tea", about="user")
    assert got(store, "memory", "c").access == Access(visibility="private")


def test_what_was_erased_does_not_come_back_in_an_export_of_our_own(store: SqliteStore, tmp_path: Path) -> None:
    """Neither by its own id nor by the id that the export gave to what was made of another source's record."""
    import_paths(store, [Package(made(memory("a", "Home"), memory("b", "Stays"))).folder(tmp_path / "in")])
    other = Package(made(memory("a", "Renamed"), owner="z")).folder(tmp_path / "other")
    import_paths(store, [other])
    export(store, tmp_path / "out", format="portable-ai-memory")
    ids = {m["content"]: m["id"] for m in json.loads((tmp_path / "out/memory-store.json").read_bytes())["memories"]}
    assert len(set(ids.values())) == 3
    with store.importing("erase") as intake:
        for target in (uid("memory", "a"), uid("memory", "a", owner="z")):
            intake.bury(
                Tombstone(targets=(target,), op="delete", format="portable-memory", native=target.encode(), place=Place())
            )
        intake.finish(())
    batch = import_paths(store, [tmp_path / "out"])
    assert [record.body.text for record in store.records("memory")] == ["Stays"]  # type: ignore[union-attr]
    assert sum(finding.code == "erased" and finding.severity == "warning" for finding in batch.summary.findings) == 2
