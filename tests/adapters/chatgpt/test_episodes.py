"""ChatGPT's messages and saved memories as episodes beside the public SDK's, rule by rule (portable-memory.md 9.2)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from portable_memory import to_wire
from portable_memory.adapters import openai as sdk

from satchel.adapters.chatgpt import ADAPTER
from satchel.formats.portable_memory.lens import CARRIED, Around, rows_of
from satchel.model.ledger import Ledger
from satchel.model.record import Record
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.vault.folder import trial_vault
from satchel.vault.sqlite.store import SqliteStore
from tests.adapters.episodes import DEFAULTS, NOW, run

MOMENT = datetime.fromtimestamp(1_700_000_000, UTC)
#: A message of the shared samples that has no weight.
HIDDEN = {"a1b"}
EPOCH = "1970-01-01T00:00:00Z"
TIMES = ("eventTime", "mentionTime", "ingestionTime")


def theirs(value: Any) -> list[dict[str, Any]]:
    """The SDK's episodes, with ``NOW`` for the clock's and no random ids."""
    started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    found = [to_wire(item) for item in sdk.parse_episodes(json.dumps(value))]
    for item in found:
        item.update({name: NOW for name in TIMES if item[name] >= started})
    return found


def ours(value: Any) -> list[dict[str, Any]]:
    """The rows of messages and memories, in the order of the source, without what they carry for the way back."""
    records = [record for record in run(ADAPTER, {"given.json": value}).records if record.kind in ("message", "memory")]
    return [row for record in records for row in rows(record, run(ADAPTER, {"given.json": value}).records)]


def ready(record: Record, whole: Record | None = None) -> Record:
    """The record as it leaves."""
    said = ADAPTER.prepared(record, whole, "portable-memory")
    return record if said is None else msgspec.structs.replace(record, residue={"portable-memory": dict(said)})


def rows(record: Record, others: list[Record]) -> list[dict[str, Any]]:
    held = {other.uid: other for other in others}
    known = {uid: ready(other, held.get(other.linked("part_of"))) for uid, other in held.items()}
    around = Around(MOMENT, known.__contains__, known.get)
    found = [row for kind, row in rows_of(known[record.uid], around, Ledger()) if kind == "episode"]
    for row in found:
        row.pop(CARRIED)
    return found


def message(text: Any = "Likes tea.", **more: Any) -> dict[str, Any]:
    return {
        "id": "m1",
        "author": {"role": "user"},
        "create_time": 1704067200.5,
        "content": {"content_type": "text", "parts": [text]},
        **more,
    }


def conversation(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    nodes = {
        f"n{at}": {"id": f"n{at}", "message": item, "parent": f"n{at - 1}" if at else None, "children": []}
        for at, item in enumerate(messages)
    }
    return {"conversation_id": "c1", "title": "Tea", "create_time": 1704067200, "mapping": nodes, **more}


def one(**more: Any) -> dict[str, Any]:
    (found,) = ours([conversation(message(**more))])
    return found


def test_a_turn() -> None:
    made = [conversation(message(metadata={"model_slug": "gpt"}, recipient="all", update_time=1704153600))]
    expected = {
        **DEFAULTS,
        "id": "m1",
        "sourceID": "m1",
        "sourceType": "chat",
        "speaker": "user",
        "contextID": "c1",
        "details": "Likes tea.",
        "summary": "Likes tea.",
        "eventTime": "2024-01-01T00:00:00Z",
        "ingestionTime": "2024-01-01T00:00:00Z",
        "mentionTime": "2024-01-02T00:00:00Z",
        "metadata": {
            "openai_conversation_id": "c1",
            "openai_conversation_title": "Tea",
            "openai_message_id": "m1",
            "openai_role": "user",
            "openai_model": "gpt",
            "openai_create_time": "2024-01-01T00:00:00Z",
        },
    }
    assert theirs(made) == [expected]
    assert ours(made) == [expected]


@pytest.mark.parametrize("wrap", [lambda item: [item], lambda item: item, lambda item: {"conversations": [item]}])
def test_every_shape(wrap: Any) -> None:
    made = wrap(conversation(message(), message(id="m2", author={"role": "assistant"}, recipient="bio")))
    found = ours(made)
    assert [row for row in found if row["sourceType"] == "chat"] == theirs(made)
    # What the model told its memory is a memory of its own besides.
    assert len(found) == 3


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_shared_conversations_give_the_episodes_of_the_public_sdk(shared: Path, tmp_path: Path) -> None:
    """Each through a vault into a bundle: every episode of the SDK is there, and so is what it leaves out."""
    compared = 0
    folders = [shared / "fixtures" / "chatgpt", shared / "conformance" / "portable-ai-memory" / "derived" / "provider-probes"]
    for path in sorted(path for folder in folders for path in folder.rglob("*.json")):
        expected = {item["id"]: item for item in theirs(json.loads(path.read_bytes())) if item.get("sourceID")}
        if not expected or any(item["metadata"].get("openai_source") for item in expected.values()):
            continue
        target = tmp_path / f"{compared}.mem"
        with trial_vault() as store:
            import_paths(store, [path])
            export(store, target, format="portable-memory")
        found = {}
        for line in (target / "items" / "episode.jsonl").read_bytes().split(b"\n")[:-1]:
            row = json.loads(line)
            found[row["id"]] = row
        for id, item in expected.items():
            if id in HIDDEN:
                continue
            row = found[id]
            row.pop(CARRIED)
            if item["metadata"].get("openai_create_time") == EPOCH:
                del item["metadata"]["openai_create_time"]
            if not item["metadata"].get("openai_create_time"):
                # The clock's, or 0: ours are when it came into the vault.
                item.update({name: row[name] for name in TIMES})
            whole = item["details"].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            # Ours say besides what was attached, and what stands in other members.
            assert words(whole) in words(row["details"]), path
            same = {"details": "", "summary": ""}
            assert {**row, **same} == {**item, **same}, path
            compared += 1
    assert compared >= 59


# Where the dossier says that the reference loses something.


def test_system_and_tool_turns_and_hidden_ones_are_kept() -> None:
    made = [
        conversation(
            message("a", id="s", author={"role": "system"}),
            message("b", id="t", author={"role": "tool", "name": "web"}),
            message("c", id="h", metadata={"is_visually_hidden_from_conversation": True}),
        )
    ]
    assert theirs(made) == []
    assert [row["details"] for row in ours(made)] == ["a", "b", "c"]
    # They are no turns of the talk as the SDK has it, and do not take its ids.
    assert {row["contextID"] for row in ours(made)} == {"c1"}
    assert not {"s", "t", "h"} & {row["id"] for row in ours(made)}


def test_what_is_no_text_is_kept() -> None:
    pointer = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-x", "size_bytes": 1}
    made = [conversation(message(content={"content_type": "multimodal_text", "parts": ["Look", pointer]}))]
    outcome = run(ADAPTER, {"given.json": made})
    (record,) = [record for record in outcome.records if record.kind == "message"]
    assert [part.type for part in record.body.parts] == ["text", "image"]  # type: ignore[union-attr]


def test_words_stay_as_they_were_written() -> None:
    made = [conversation(message("  two\n"))]
    assert [row["details"] for row in theirs(made)] == ["two"]
    assert [row["details"] for row in ours(made)] == ["  two\n"]


def test_an_id_is_never_drawn_by_lot() -> None:
    made = [conversation(message(id=None))]
    assert theirs(made)[0]["id"].startswith("ep_")
    # The node that it stands in stands in for it.
    assert [row["id"] for row in ours(made)] == [row["sourceID"] for row in ours(made)] == ["n0"]


def test_a_message_without_weight_is_hidden_and_no_turn() -> None:
    made = [conversation(message(weight=0))]
    assert [row["id"] for row in theirs(made)] == ["m1"]
    assert [row["id"].startswith("ep_") for row in ours(made)] == [True]


def test_another_format_is_told_nothing_of_it() -> None:
    """What is worked out when a record leaves is kept with none."""
    for record in run(ADAPTER, {"given.json": [conversation(message())]}).records:
        assert record.residue == {}
        assert ADAPTER.prepared(record, None, "portable-ai-memory") is None


def test_a_time_as_text_is_a_time() -> None:
    assert one(create_time="2024-01-01T00:00:00Z")["eventTime"] == "2024-01-01T00:00:00Z"
    assert theirs([conversation(message(create_time="2024-01-01T00:00:00Z"))])[0]["eventTime"] == NOW


def test_a_time_of_zero_is_none() -> None:
    made = [conversation(message(create_time=0))]
    assert theirs(made)[0]["eventTime"] == EPOCH
    assert ours(made)[0]["eventTime"] == NOW


def test_a_change_is_the_time_where_nothing_else_is() -> None:
    found = one(create_time=None, update_time=1704067200)
    assert (found["eventTime"], found["mentionTime"]) == ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z")


def test_the_conversation_is_a_context() -> None:
    records = run(ADAPTER, {"given.json": [conversation(message())]}).records
    (head,) = [record for record in records if record.kind == "conversation"]
    ((kind, row),) = rows_of(ready(head), Around(MOMENT, lambda _: True, lambda _: None), Ledger())
    assert (kind, row["id"], row["label"]) == ("context", "c1", "Tea")


def test_without_an_id_the_conversation_is_still_a_context() -> None:
    made = [conversation(message(), conversation_id=None)]
    assert "contextID" not in theirs(made)[0]
    assert ours(made)[0]["contextID"].startswith("ctx_")


# Saved memories.


@pytest.mark.parametrize(
    "wrap", [list, lambda items: {"memories": items}, lambda items: {"results": items}, lambda items: {"data": items}]
)
def test_saved_memories(wrap: Any) -> None:
    made = wrap(["Likes tea.", {"id": "a", "memory": "x", "content": "y"}, {"id": "b", "content": "c" * 130}, {"text": " z\n"}])
    expected = theirs(made)
    found = ours(made)
    assert len(found) == 4
    for own, their in zip(found, expected, strict=True):
        assert own["metadata"].items() >= their["metadata"].items()
        own["metadata"] = their["metadata"]
        if "sourceID" not in their:
            their["id"] = own["id"]
        assert own == their


def test_a_saved_memory() -> None:
    assert ours([{"id": "a", "content": "x"}]) == [
        {
            **DEFAULTS,
            **dict.fromkeys(TIMES, NOW),
            "id": "a",
            "sourceID": "a",
            "sourceType": "note",
            "details": "x",
            "summary": "x",
            "metadata": {"openai_source": "memory", "openai_memory_id": "a"},
        }
    ]


def test_all_other_members_of_a_saved_memory_are_kept() -> None:
    item = {
        "id": 5,
        "memory": "x",
        "content": "y",
        "created_at": "2024-01-01T00:00:00Z",
        "score": 1.0,
        "tags": ["t"],
        "none": None,
    }
    assert theirs([item])[0]["metadata"] == {"openai_source": "memory"}
    (found,) = ours([item])
    assert found["metadata"] == {
        "openai_source": "memory",
        "openai_id": "5",
        "openai_content": "y",
        "openai_created_at": "2024-01-01T00:00:00Z",
        "openai_score": "1",
        "openai_tags": '["t"]',
    }
    assert (found["id"], found["eventTime"]) == ("5", "2024-01-01T00:00:00Z")


def test_two_memories_of_one_id_are_two() -> None:
    items = [
        {"id": "a", "content": "x"},
        {"id": "a", "content": "y"},
        {"id": "a", "content": "x"},
        {"id": "a", "text": "x", "b": 1},
    ]
    outcome = run(ADAPTER, {"m.json": items})
    assert outcome.texts() == ["x", "y", "x"]
    assert len({record.uid for record in outcome.records}) == 4
    assert outcome.codes() == {"repeated-memory": 1}


@pytest.mark.parametrize("item", [{"memory": "", "content": "y"}, {"content": " "}, "", 5, None, {}, ["x"]])
def test_one_without_text_is_told(item: Any) -> None:
    outcome = run(ADAPTER, {"m.json": ["x", item]})
    assert outcome.texts() == ["x"]
    assert outcome.codes() == {"unexpected-shape": 1}


def test_lists_are_read_when_they_are_named_themselves(store: SqliteStore, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text('["Likes tea."]')
    assert import_paths(store, [path], adapter="chatgpt").summary.counts["memory"] == {"new": 1}
    assert import_paths(store, [path], adapter="chatgpt").summary.counts["memory"] == {"unchanged": 1}
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "conversations.json").write_text(json.dumps([conversation(message())]))
    (folder / "unknown.json").write_text('["Likes tea."]')
    assert "memory" not in import_paths(store, [folder], adapter="chatgpt").summary.counts


# Made exports: where neither is wrong, both give the same.

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc", "Z")), min_size=1, max_size=130)
TIME = st.one_of(st.none(), st.integers(1, 1_700_000_000), st.integers(4, 4 * 1_600_000_000).map(lambda quarters: quarters / 4))
MESSAGE = st.fixed_dictionaries(
    {
        "author": st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"])}),
        "create_time": st.integers(1, 1_700_000_000),
        "content": st.one_of(
            TEXT.map(lambda text: {"content_type": "text", "parts": [text]}),
            st.tuples(TEXT, TEXT).map(lambda pair: {"content_type": "text", "parts": list(pair)}),
            TEXT.map(lambda text: {"content_type": "text", "text": text}),
        ),
    },
    optional={
        "update_time": TIME,
        "recipient": st.sampled_from(["all", "all", "", None]),
        "metadata": st.one_of(
            st.none(), st.fixed_dictionaries({}, optional={"model_slug": st.one_of(st.none(), TEXT), "other": st.integers()})
        ),
        "weight": st.sampled_from([0.5, 1]),
        "status": st.just("finished_successfully"),
    },
)


@st.composite
def exports(draw: st.DrawFn) -> list[dict[str, Any]]:
    made = []
    for number in range(draw(st.integers(1, 3))):
        messages = draw(st.lists(MESSAGE, min_size=1, max_size=4))
        for at, item in enumerate(messages):
            item["id"] = f"m{number}-{at}"
        made.append(conversation(*messages, conversation_id=f"c{number}", title=draw(st.one_of(st.none(), TEXT, st.just("")))))
    return made


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(exports())
def test_every_export_gives_the_episodes_of_the_public_sdk(made: list[dict[str, Any]]) -> None:
    assert sorted(ours(made), key=lambda row: row["id"]) == sorted(theirs(made), key=lambda row: row["id"])


MEMORY = st.one_of(
    TEXT,
    st.fixed_dictionaries(
        {},
        optional={
            "id": st.one_of(st.none(), st.integers(0, 9), st.sampled_from(["", "x", "y"])),
            **dict.fromkeys(
                ("memory", "content", "text"), st.one_of(TEXT, st.none(), st.integers(), st.just(""), st.just(" "))
            ),
            "score": st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.lists(TEXT, max_size=2)),
        },
    ),
)


def said(item: Any) -> str:
    return (
        item
        if isinstance(item, str)
        else next((item[n] for n in ("memory", "content", "text") if isinstance(item.get(n), str)), "")
    )


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(MEMORY, max_size=5, unique_by=said), st.sampled_from(["", "memories", "results", "data"]))
def test_every_list_of_memories_gives_the_episodes_of_the_public_sdk(items: list[Any], envelope: str) -> None:
    made = ["\n the first", *items]
    root = {envelope: made} if envelope else made
    expected, found = theirs(root), ours(root)
    assert len(found) == len(expected)
    for own, their in zip(found, expected, strict=True):
        assert own["metadata"].items() >= their["metadata"].items()
        own["metadata"] = their["metadata"]
        if not their.get("sourceID"):
            their["id"] = own["id"]
        assert own == their
