"""Files of mem0: which are taken, what of them is read, what is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satchel.adapters.mem0 import ADAPTER
from satchel.adapters.mem0.markdown import blocks
from satchel.codec.probe import probe
from satchel.codec.sources import BytesMember
from satchel.errors import NotRecognised
from satchel.formats import registry as formats
from satchel.limits import DEFAULT, Limits
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.vault.folder import trial_vault
from satchel.vault.sqlite.store import SqliteStore
from tests.adapters.episodes import Outcome, run
from tests.vault.state import dump_state

ITEM = {"id": "m1", "memory": "Likes tea.", "hash": "h", "user_id": "u", "created_at": "2025-01-01T00:00:00Z"}
OTHER = {**ITEM, "id": "m2", "memory": "Builds boats."}
PLUGIN = """---
id: mem001
created_at: 2024-01-15T10:00:00Z
type: architecture_decisions
confidence: 0.9
branch: feat/a: b
files:
categories: a, b,a
---
Use hexagonal architecture.

---
A rule above, and more.

---
id: mem002
type: preference
confidence: high
---
Line one.

Line two.
"""


def role(value: Any, adapter: Any = ADAPTER.unasked) -> str | None:
    data = value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else json.dumps(value).encode()
    member = BytesMember("x", data)
    found = adapter.claim(member, probe(member))
    assert found is None or isinstance(found, str)
    return found


def test_the_shared_samples_are_taken_and_settle(shared: Path) -> None:
    counts = {}
    for folder in sorted((shared / "fixtures" / "mem0").iterdir()):
        with trial_vault() as store:
            batch = import_paths(store, [folder])
            assert batch.platforms == ("mem0",)
            counts[folder.name] = batch.summary.counts["memory"]["new"]
            before = dump_state(store)
            again = import_paths(store, [folder])
            assert set(again.summary.counts["memory"]) == {"unchanged"}
            after = dump_state(store)
            before.pop("summaries"), after.pop("summaries")
            assert before == after
            assert store.check() == []
    assert counts == {
        "cognee-mem0-export": 4,
        "cognee-plain-list": 1,
        "plugin-md-parse-blocks-filters-empty-content": 1,
        "plugin-md-parse-blocks-multiline-content": 1,
        "plugin-md-parse-blocks-multiple-blocks": 3,
        "plugin-md-parse-blocks-single-valid-block": 1,
    }


def test_no_other_sample_is_taken(shared: Path) -> None:
    taken = []
    for path in sorted((shared / "fixtures").rglob("*")):
        if path.is_file() and "mem0" not in path.parts and path.suffix in (".json", ".md", ".mdc", ".txt", ".jsonl", ".af"):
            member = BytesMember(path.name, path.read_bytes()[: 1 << 20])
            if ADAPTER.unasked.claim(member, probe(member)):
                taken.append(path.relative_to(shared))
    assert taken == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([ITEM], "memories"),
        ([None, {"broken": 1}, ITEM], "memories"),
        ([{"memory": "x", "categories": []}], "memories"),
        ([{"data": "x", "hash": "h", "user_id": "u"}], "memories"),
        ({"results": [{"memory": "x"}]}, "envelope"),
        ({"results": [ITEM], "relations": []}, "envelope"),
        ({"count": 1, "next": None, "results": [ITEM]}, "envelope"),
        ({"memories": [ITEM]}, "envelope"),
        ({"data": [ITEM]}, "envelope"),
        (PLUGIN, "plugin-markdown"),
        ("\ufeff" + PLUGIN.replace("\n", "\r\n"), "plugin-markdown"),
    ],
)
def test_what_is_taken(value: Any, expected: str) -> None:
    assert role(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        {"results": []},
        [{"memory": "x"}],
        [{"memory": "x", "id": "1", "metadata": {}}],
        {"memories": [{"memory": "x", "createdAt": "2025-01-01"}]},
        {"memories": [{"id": "1", "content": "x", "user_id": "u"}], "export_meta": {}},
        {"memories": [{**ITEM}], "schema": "portable-ai-memory"},
        [{"content": "x", "user_id": "u", "created_at": "2025-01-01"}],
        [{"text": "x", "user_id": "u"}],
        {"data": [{"text": "x"}]},
        {"results": [{"title": "x"}]},
        [{"mapping": {}, "memory_scope": "x"}],
        "---\nname: x\ndescription: y\ntype: user\n---\ntext\n",
        "---\nid: x\ntype: note\n---\ntext\n",
        "---\nid: x\ntype: my_note\ntitle: t\n---\ntext\n",
        "text\n---\nid: x\ntype: task_learnings\n---\ntext\n",
        "---\n",
        "",
        b"\x00",
    ],
)
def test_what_is_left_alone(value: Any) -> None:
    assert role(value) is None


def test_when_it_is_named_less_is_asked_for(store: SqliteStore, tmp_path: Path) -> None:
    assert role([{"text": "x"}], ADAPTER) == "memories"
    assert role({"data": []}, ADAPTER) == "envelope"
    assert role("---\nid: x\ntype: note\n---\ntext\n", ADAPTER) == "plugin-markdown"
    assert role({"x": 1}, ADAPTER) is None
    path = tmp_path / "m.json"
    path.write_text('[{"text": "Likes tea."}]')
    with pytest.raises(NotRecognised):
        import_paths(store, [path])
    assert import_paths(store, [path], adapter="mem0").summary.counts["memory"] == {"new": 1}


def test_each_memory_is_an_original_of_its_own_bytes() -> None:
    data = b'[ {"id": "a", "memory": "x", "n": 1.0} ,\n {"memory":"y"}]'
    outcome = run(ADAPTER, {"m.json": data})
    assert [original.native for original in outcome.originals] == [b'{"id": "a", "memory": "x", "n": 1.0}', b'{"memory":"y"}']
    assert [original.uid for original in outcome.originals] == [record.uid for record in outcome.records]


def test_all_lists_of_an_envelope_are_read_and_junk_in_them_told() -> None:
    """The reference reads the first list alone, and none that holds something else than objects."""
    outcome = run(ADAPTER, {"m.json": {"data": [{"memory": "c"}, 5], "memories": [], "results": [{"memory": "a"}, None]}})
    assert outcome.texts() == ["c", "a"]
    assert outcome.codes() == {"unknown-shape": 2}
    assert [original.native for original in outcome.originals if original.kind == "mem0.unread"] == [b"5", b"null"]


def test_relations_are_edges_between_names() -> None:
    relations = [{"source": "alice", "relationship": "likes", "target": "tea"}, {"source": "alice"}, 5]
    relations.append({"source": "tea", "relationship": "from", "destination": "assam"})  # type: ignore[dict-item]
    outcome = run(ADAPTER, {"m.json": {"results": [ITEM], "relations": relations}})
    edges = [record for record in outcome.records if record.kind == "relation"]
    names = {record.uid: record.body.name for record in outcome.records if record.kind == "entity"}  # type: ignore[union-attr]
    assert [(names[edge.body.source], edge.body.type, names[edge.body.target], edge.body.text) for edge in edges] == [  # type: ignore[union-attr]
        ("alice", "likes", "tea", "alice likes tea"),
        ("tea", "from", "assam", "tea from assam"),
    ]
    assert outcome.codes() == {"unknown-shape": 2}


def test_relations_settle_in_a_vault(store: SqliteStore, tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    edges = [{"source": "a", "relationship": "r", "target": "b"}, {"source": "b", "relationship": "r", "target": "a"}]
    path.write_text(json.dumps({"results": [ITEM], "relations": edges}))
    assert import_paths(store, [path]).summary.counts["relation"] == {"new": 2}
    again = import_paths(store, [path])
    assert {outcome for kinds in again.summary.counts.values() for outcome in kinds} == {"unchanged"}
    assert len(list(store.records("entity"))) == 2


def test_members_beside_the_memories_are_told() -> None:
    outcome = run(
        ADAPTER, {"m.json": {"count": 40, "next": "https://x/?page=2", "previous": None, "results": [ITEM], "odd": [1]}}
    )
    assert outcome.codes() == {"one-page": 1, "unread-member": 1}
    assert "x/?page" not in str(outcome.findings)
    assert b"[1]" in [original.native for original in outcome.originals]


def test_as_many_as_by_default_may_not_be_all() -> None:
    def codes(count: int) -> dict[str, int]:
        return run(ADAPTER, {"m.json": [{**ITEM, "id": str(number)} for number in range(count)]}).codes()

    assert codes(20) == {"default-count": 1}
    assert codes(19) == codes(21) == {}


def test_the_same_memory_twice_and_two_with_one_id() -> None:
    outcome = run(ADAPTER, {"m.json": [ITEM, ITEM, {**ITEM, "memory": "Likes rye."}, {**ITEM, "memory": "Likes rye."}]})
    assert outcome.texts() == ["Likes tea.", "Likes rye."]
    assert len({record.uid for record in outcome.records}) == 2
    assert outcome.codes() == {"repeated-memory": 2}


def test_a_changed_memory_is_a_new_version_and_an_older_one_is_not(store: SqliteStore, tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(json.dumps([ITEM, OTHER]))
    new.write_text(json.dumps([{**ITEM, "memory": "Likes coffee.", "updated_at": "2025-03-01T00:00:00Z"}]))
    import_paths(store, [old])
    assert import_paths(store, [new]).summary.counts["memory"] == {"updated": 1}
    assert import_paths(store, [old]).summary.counts["memory"] == {"unchanged": 2}
    texts = {record.body.text for record in store.records("memory")}  # type: ignore[union-attr]
    assert texts == {"Likes coffee.", "Builds boats."}
    with trial_vault() as other:
        import_paths(other, [new])
        assert import_paths(other, [old]).summary.counts["memory"] == {"older": 1, "new": 1}


def test_the_order_of_a_file_says_nothing(store: SqliteStore, tmp_path: Path) -> None:
    one, two = tmp_path / "1.json", tmp_path / "2.json"
    one.write_text(json.dumps([ITEM, OTHER]))
    two.write_text(json.dumps({"results": [OTHER, ITEM]}))
    import_paths(store, [one])
    assert import_paths(store, [two]).summary.counts["memory"] == {"unchanged": 2}


def test_memories_leave_in_an_open_format(store: SqliteStore, tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(json.dumps({"results": [ITEM, {"memory": "No more than words"}]}))
    (tmp_path / "m.md").write_text(PLUGIN)
    (tmp_path / "t.txt").write_text("[2025-11-03] - Likes rye.\n- Lives in Split.\n")
    assert import_paths(store, list(tmp_path.glob("?.*"))).platforms == ("mem0", "transfer_text")
    assert export(store, tmp_path / "out", format="portable-ai-memory").counts["memories"] == 6
    written = json.loads((tmp_path / "out" / "memory-store.json").read_bytes())["memories"]
    (tea,) = [memory for memory in written if memory["content"] == "Likes tea."]
    assert tea["metadata"]["mem0"] == {"hash": "h", "user_id": "u"}
    assert tea["metadata"]["satchel"]["residue"]["portable-memory"]["metadata"]["mem0_hash"] == "h"
    assert list(formats.get("portable-ai-memory").validate(tmp_path / "out", limits=DEFAULT)) == []


def test_the_plugins_blocks() -> None:
    outcome = run(ADAPTER.unasked, {"m.md": PLUGIN})
    first, second = outcome.records
    assert outcome.texts() == ["Use hexagonal architecture.\n\n---\nA rule above, and more.", "Line one.\n\nLine two."]
    assert (first.body.type, first.body.custom_type, first.body.confidence) == ("custom", "architecture_decisions", 0.9)  # type: ignore[union-attr]
    assert (second.body.type, second.body.custom_type, second.body.confidence) == ("preference", "", None)  # type: ignore[union-attr]
    assert first.tags == ("a", "b")
    assert first.times.created is not None and second.times.created is None
    assert first.residue["portable-memory"] == {
        "sourceType": "text",
        "sourceID": "mem001",
        "categories": ["a", "b"],
        "confidence": 0.9,
        "metadata": {
            "mem0_id": "mem001",
            "mem0_created_at": "2024-01-15T10:00:00Z",
            "mem0_type": "architecture_decisions",
            "mem0_confidence": "0.9",
            "mem0_branch": "feat/a: b",
            "mem0_categories": "a, b,a",
        },
    }
    assert b"".join(original.native for original in outcome.originals) == PLUGIN.encode()


def test_a_block_and_json_of_one_id_are_one_memory() -> None:
    block = run(ADAPTER, {"m.md": "---\nid: m1\ntype: a_b\n---\nLikes tea.\n"})
    assert block.records[0].uid == run(ADAPTER, {"m.json": [ITEM]}).records[0].uid


def test_the_plugins_samples(shared: Path) -> None:
    def of(name: str) -> Outcome:
        folder = shared / "fixtures" / "mem0" / f"plugin-md-parse-blocks-{name}"
        return run(ADAPTER.unasked, {path.name: path.read_bytes() for path in folder.iterdir()})

    assert of("filters-empty-content").texts() == ["This block has real content."]
    assert of("filters-empty-content").codes() == {"empty-memory": 2}
    assert of("multiline-content").texts() == [
        "Line one of the memory.\nLine two of the memory.\n\nLine four after blank line."
    ]
    assert [record.body.confidence for record in of("multiple-blocks").records] == [0.9, 0.75, 0.8]  # type: ignore[union-attr]
    assert of("single-valid-block").records[0].tags == ("coding_conventions", "task_learnings")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["---", "id: a", "type: b", "x", "", "---\r", "\xff", "k:v", "k: v", "----"]), max_size=20))
def test_blocks_are_the_whole_file(lines: list[str]) -> None:
    data = "\n".join(lines).encode("latin-1")
    found = blocks(data)
    assert b"".join(block.data for block in found) == (data if found else b"")
    offset = 0
    for block in found:
        assert block.start == offset
        offset += len(block.data)


#: A first memory longer than a probe looks: what is broken behind it does not keep the file from being recognised.
LONG = b'{"memory":"a","user_id":"u","z":"' + b"z" * 70_000 + b'"},'


def test_broken_elements_cost_only_themselves() -> None:
    broken = [
        b'{"memory": NaN}',
        b'{"memory":"b","n":1e999}',
        b'{"memory":"\\ud800c"}',
        b'{"memory":"d\xff"}',
        b'{"memory":"e"}',
    ]
    outcome = run(ADAPTER.unasked, {"m.json": b"[" + LONG + b", ".join(broken) + b"]"})
    assert outcome.texts()[1:] == ["\ufffdc", "d\ufffd", "e"]
    assert outcome.codes() == {"malformed": 2, "repaired-text": 2}


def test_a_file_that_ends_early_gives_what_is_whole() -> None:
    data = json.dumps({"results": [ITEM, OTHER]}).encode()[:-30]
    outcome = run(ADAPTER, {"m.json": data})
    assert outcome.texts() == ["Likes tea."]
    assert outcome.codes() == {"malformed": 1}


def test_hostile_values() -> None:
    deep = b'[{"memory":"x","metadata":' + b'{"a":' * 900 + b"1" + b"}" * 900 + b'},{"memory":"y"}]'
    assert run(ADAPTER, {"m.json": deep}).texts() == ["y"]
    deeper = b'[{"memory":"x"},' + b"[" * 200_000 + b"]"
    assert run(ADAPTER, {"m.json": deeper}).codes().get("repeated-memory") is None
    digits = b'{"memory":"x","n":' + b"9" * 5000 + b'},{"memory":"y","id":' + b"9" * 900 + b'},{"memory":"z\\u0000"}]'
    digits = b"[" + LONG + digits
    outcome = run(ADAPTER, {"m.json": digits})
    assert outcome.texts()[1:] == ["y", "z\0"]
    assert outcome.codes() == {"limit": 1}
    large = run(ADAPTER, {"m.json": b'[{"memory":"' + b"a" * 10_000_000 + b'"}]'})
    assert len(large.texts()[0]) == 10_000_000
    assert run(ADAPTER, {"m.json": [ITEM] * 3}, limits=Limits(array_elements=2)).codes()["limit"] == 1
    assert run(ADAPTER, {"m.md": PLUGIN}, limits=Limits(document_bytes=10)).codes() == {"limit": 1}
    assert run(ADAPTER, {"m.md": "---\n" * 300_000 + "id: a\n" * 100_000}).records == []


JUNK = st.sampled_from([None, 0, -1, 1.5, 10**400, True, "", "x", "2026", [], [None], ["x"], [[]], {}, {"a": 1}, {"memory": 1}])


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from([*ITEM, "text", "data", "role", "metadata", "categories", "agent_id", "run_id"]), JUNK))
def test_wrong_types_anywhere_never_raise(changes: dict[str, Any]) -> None:
    outcome = run(ADAPTER, {"m.json": {"results": [{**ITEM, **changes}, OTHER], "relations": [changes], "data": changes}})
    assert "Builds boats." in outcome.texts()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"[", b'{"results":[', b"---\nid: x\n"]))
def test_any_bytes_are_read_or_told(data: bytes, start: bytes) -> None:
    run(ADAPTER, {"m.json": start + data})


def test_findings_hold_no_words_of_the_person() -> None:
    items = [{"memory": "", "text": "secretword"}, "secretword", {"memory": "secretword", "created_at": "secretword"}]
    outcome = run(ADAPTER, {"m.json": {"results": items, "relations": [{"source": "secretword"}], "next": "secretword"}})
    assert len(outcome.findings) == 5
    assert "secretword" not in str(outcome.findings)


def test_hostile_files_leave_a_sound_vault(store: SqliteStore, tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_bytes(b'{"results":[{"id":"\\u0000","memory":"a\\u0000b\\ud800","hash":"h"},{"memory":"","user_id":"u"},7]}')
    batch = import_paths(store, [path])
    assert batch.summary.counts["memory"] == {"new": 1}
    assert {finding.code for finding in batch.summary.findings} == {"repaired-text", "empty-memory", "unknown-shape"}
    again = import_paths(store, [path])
    assert again.summary.originals == {"unchanged": 3}
    assert store.check() == []
