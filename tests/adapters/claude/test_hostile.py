"""Inputs made to hurt: depth, length, circles, wrong types everywhere. Only findings come of them, and soon."""

from __future__ import annotations

import copy
import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satchel.errors import MalformedInput
from satchel.limits import Limits
from tests.adapters.claude.harness import ACCOUNT, ROOT, messages, run
from tests.adapters.claude.test_memories import FILES, PROSE
from tests.adapters.claude.test_parts import ARTIFACT, CHAT
from tests.adapters.claude.test_projects import PROJECT

CONVERSATION = messages(
    {
        "uuid": "m1", "sender": "human", "text": "hello", "created_at": "2026-01-01T00:00:00Z", "parent_message_uuid": ROOT,
        "attachments": [{"file_name": "a", "file_size": 3, "file_type": "txt", "extracted_content": "abc"}],
        "files": [{"file_uuid": "f", "file_name": "p.png"}], "files_v2": [{"file_uuid": "f", "file_kind": "image"}],
        "content": [{"type": "text", "text": "hello", "citations": []}, {"type": "injected_prompt_block", "prompt": "p"}],
    },
    {
        "uuid": "m2", "sender": "assistant", "text": "x\n", "parent_message_uuid": "m1", "truncated": False, "stop_reason": "s",
        "content": [
            {"type": "thinking", "thinking": "t", "summaries": [{"summary": "s"}]},
            {"type": "tool_use", "id": "t1", "name": "artifacts", "input": {"command": "create", "id": "a", "content": "c"}},
            {"type": "tool_result", "tool_use_id": "t1", "name": "artifacts", "is_error": False, "content": [
                {"type": "text", "text": "OK"}, {"type": "knowledge", "title": "k", "url": "u", "text": "kt"},
                {"type": "local_resource", "uuid": "r", "file_path": "/p", "mime_type": "image/png"}],
             "structured_content": {"artifact_id": "z"}, "display_content": {"type": "table", "table": [["a"]]}},
            {"type": "text", "text": "x", "citations": [
                {"start_index": 0, "end_index": 1, "details": {"url": "u", "title": "t", "cited_text": "c"}}]},
            {"type": "image", "file_uuid": "i", "source": {"type": "url", "url": "u"}},
            {"type": "novel", "text": "n", "input": {"a": "b"}, "content": [{"text": "c"}]},
        ],
    },
    {"uuid": "m3", "sender": "assistant", "parent_message_uuid": "m2", "content": [
        {"type": "tool_use", "name": "artifacts", "input": {"command": "update", "id": "a", "old_str": "c", "new_str": "d"}}]},
    created_at="2026-01-01T00:00:00Z", updated_at="2026-01-01T00:00:00Z", current_leaf_message_uuid="m3", summary="s",
)  # fmt: skip
EXPORT: dict[str, Any] = {
    "conversations.json": CONVERSATION,
    "wrapped.json": {"conversations": CONVERSATION},
    "projects.json": [PROJECT],
    "memories.json": [{"account_uuid": ACCOUNT, "conversations_memory": PROSE, "project_memories": {"p": "m"}}],
    "memories/a.json": {"memory_files": FILES},
    "artifacts/a/artifact.json": ARTIFACT,
    "artifacts/a/artifact_comments.json": {"threads": [{"resolved": False, "comments": [{"text": "x", "created_at": "y"}]}]},
    "reflections/x.json": {"reflections": [{"id": "r", "text": "t"}]},
    "design_chats/x.json": CHAT,
    "manifest.json": {"data_files": [{"category": "c", "filename": "conversations-000.zip", "part": 0, "export_url": "u"}]},
}
JUNK = st.sampled_from(
    [None, 0, -1, 1.5, 10**400, True, "", "x", "2026", "[", '[{"type":"text"}]', "null", [], [None], ["x"], [[]], {}, {"a": 1}]
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in a value with a key or an index of it."""
    found: list[tuple[Any, Any]] = []
    stack = [value]
    while stack:
        item = stack.pop()
        keys = list(item) if isinstance(item, dict) else list(range(len(item))) if isinstance(item, list) else []
        found += [(item, key) for key in keys]
        stack += [item[key] for key in keys]
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(EXPORT)), st.lists(st.tuples(st.integers(0, 10**6), JUNK), min_size=1, max_size=4))
def test_wrong_types_anywhere_never_raise(name: str, changes: list[tuple[int, Any]]) -> None:
    value = copy.deepcopy(EXPORT[name])
    for number, junk in changes:
        spots = places(value)
        if spots:
            container, key = spots[number % len(spots)]
            container[key] = copy.deepcopy(junk)
    run({name: value, "artifacts/a/versions/v1.html": b"<html></html>"})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(EXPORT)), st.integers(0, 10**6), st.binary(max_size=3))
def test_damaged_bytes_never_raise(name: str, at: int, damage: bytes) -> None:
    data = json.dumps(EXPORT[name]).encode()
    at %= len(data)
    run({name: data[:at] + damage + data[at + len(damage) :]})
    run({name: data[:at]})


def test_the_whole_export_reads_without_errors() -> None:
    outcome = run(EXPORT)
    assert {finding.severity for finding in outcome.findings} <= {"info", "warning"}
    assert set(outcome.roles) == set(EXPORT)


def test_deep_nesting_is_a_finding() -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = [deep]
    bad = messages({"uuid": "m", "sender": "human", "text": "x", "content": [{"type": "tool_use", "input": {"d": deep}}]})
    good = messages({"uuid": "n", "sender": "human", "text": "y"}, uuid="c2")
    outcome = run({"c.json": bad + good})
    assert outcome.codes() == {"limit": 1}
    assert len(outcome.of("conversation")) == 1
    assert run({"c.json": b'[{"uuid":"a","chat_messages":' + b"[" * 3_000}).records == []


def test_deep_json_inside_a_string_stays_text() -> None:
    text = "[" * 50_000
    outcome = run({"c.json": messages({"uuid": "m", "sender": "human", "content": text})})
    assert [part.text for part in outcome.parts()] == [text]


def chain(count: int, text: str = "x") -> list[dict[str, Any]]:
    return messages(
        *({"uuid": str(i), "sender": "human", "text": text, "parent_message_uuid": str(i - 1)} for i in reversed(range(count)))
    )


def test_a_chain_of_100_000_messages_in_reverse() -> None:
    data = json.dumps(chain(100_000)).encode()
    started = time.process_time()
    outcome = run({"c.json": data})
    assert time.process_time() - started < 60
    assert len(outcome.of("message")) == 100_000
    assert outcome.of("message")[0].origin.id == "0"
    assert [body.position for body in outcome.bodies("message")] == list(range(100_000))


def test_a_chain_of_stubs_and_a_great_circle() -> None:
    assert run({"c.json": chain(20_000, text="")}).codes()["empty-message"] == 20_000
    circle = chain(20_000)
    circle[0]["chat_messages"][-1]["parent_message_uuid"] = "19999"
    outcome = run({"c.json": circle})
    assert outcome.codes() == {"parent-cycle": 1}
    assert len(outcome.of("message")) == 20_000


@pytest.mark.parametrize(
    "item",
    [
        {"files": [{"file_uuid": str(i), "file_name": "f"} for i in range(20_000)]},
        {"text": "\n".join(f"line {i}" for i in range(20_000)), "content": [{"type": "text", "text": "y" * 100_000}]},
        {"text": "This block " + " " * 1_000_000, "content": [{"type": "text", "text": "y"}]},
        {"content": [{"type": "text", "text": f"b{i}"} for i in range(20_000)], "text": "z"},
        {"content": [{"type": "tool_result", "content": "x" * 100_000, "meta": {"m": [str(i) for i in range(20_000)]}}]},
    ],
    ids=["files", "lines", "spaces", "blocks", "leaves"],
)
def test_no_member_takes_quadratic_time(item: dict[str, Any]) -> None:
    started = time.process_time()
    outcome = run({"c.json": messages({"uuid": "m", "sender": "human", **item})})
    assert time.process_time() - started < 10
    assert len(outcome.of("message")) == 1


def test_repeated_ids_take_linear_time() -> None:
    started = time.process_time()
    outcome = run({"c.json": messages(*({"uuid": "m", "sender": "human", "text": str(i)} for i in range(20_000)))})
    assert time.process_time() - started < 20
    assert len({record.uid for record in outcome.of("message")}) == 20_000


def test_limits_are_kept() -> None:
    big = {**PROJECT, "description": "x" * 10_000}
    outcome = run({"p.json": big, "q.json": [big]}, limits=Limits(document_bytes=5_000, element_bytes=5_000))
    assert outcome.codes() == {"limit": 2}


def test_a_stream_that_breaks_is_a_finding() -> None:
    class Broken:
        name = path = "c.json"
        size_bytes = None

        def open(self) -> Any:
            raise MalformedInput("the archive is damaged")

    from satchel.adapters.base import Claim, ReadContext
    from satchel.adapters.claude import ADAPTER
    from satchel.codec.probe import Probe

    for role in ("conversations", "conversation", "conversations-wrapped", "artifact", "artifact-comments", "manifest"):
        claim = Claim(role, Broken(), Probe("json"))  # type: ignore[arg-type]
        (finding,) = ADAPTER.read([claim], ReadContext(limits=Limits()))
        assert finding.code == "malformed"  # type: ignore[union-attr]
