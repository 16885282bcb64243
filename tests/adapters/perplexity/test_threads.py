"""Perplexity's threads in JSON: the service's shape, the older exporter's, and exchanges of many threads in one array."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satchel.adapters.perplexity import ADAPTER
from satchel.limits import Limits
from satchel.model.bodies import Message
from tests.adapters.reading import Outcome, broken, folder, run
from tests.conftest import SHARED

LEGACY: dict[str, Any] = {
    "metadata": {
        "thread_id": "legacy-thread", "thread_title": "Legacy", "thread_url": "slug", "export_version": "2",
        "thread_created_at": "2024-01-01T10:00:00.000Z", "thread_updated_at": "2024-01-01T10:05:00.000Z",
    },
    "conversations": [
        {
            "uuid": "t1", "query": "Q", "answer": "A [1]", "model": "sonar", "mode": "CONCISE", "related_queries": ["x"],
            "timestamp": "2024-01-01T10:00:10.000Z", "sources": [{"title": "T", "url": "https://u", "snippet": "s"}],
        },
        {"uuid": "t2", "query": "Q2", "answer": "", "timestamp": "2024-01-01T10:04:00.000Z"},
    ],
}  # fmt: skip
API: dict[str, Any] = {
    "status": "success",
    "thread_metadata": {"title": "Thread", "created_at": "2024-02-01T00:00:00Z", "updated_at": "2024-02-01T01:00:00Z"},
    "entries": [
        {
            "uuid": "e2", "context_uuid": "c", "query_str": "second", "entry_created_datetime": "2024-02-01T00:20:00.123456",
            "blocks": [{"intended_usage": "ask_text", "markdown_block": {"chunks": ["chunk", "ed", " answer"]}}],
        },
        {
            "uuid": "e1", "context_uuid": "c", "thread_url_slug": "s", "thread_title": "Thread", "query_str": "first",
            "display_model": "sonar", "mode": "COPILOT", "entry_created_datetime": "2024-02-01T00:10:00.000Z",
            "entry_updated_datetime": "2024-02-01T00:11:00.000Z", "related_queries": ["A"], "status": "COMPLETED",
            "attachments": ["https://files/x/report.pdf?sig=1"], "collection_info": {"uuid": "sp", "title": "Space"},
            "blocks": [
                {"intended_usage": "ask_text", "markdown_block": {"answer": "whole answer [1]", "chunks": ["whole"]}},
                {"intended_usage": "ask_text_0_markdown", "markdown_block": {"answer": "whole answer [1]"}},
                {"intended_usage": "web_results", "web_result_block": {
                    "web_results": [{"name": "N", "url": "https://w", "snippet": "z"}]}},
            ],
        },
    ],
}  # fmt: skip
#: What Perplexity answers a request for one's data with, by the members that a public converter of such files reads.
REQUESTED: dict[str, Any] = {
    "conversations": [
        {
            "context_title": "DDR2 or DDR3", "created_at": "2026-01-31T14:25:58Z", "mode": "COPILOT", "collection_uuid": "sp",
            "entries": [
                {"query": "Is this DDR2?", "answer": "It is. [1][2]", "mode": "COPILOT", "query_status": "COMPLETED",
                 "created_at": "2026-01-31T14:25:58.123456+00:00"},
                {"query": "Sure?", "answer": "", "mode": "PRO", "query_status": "FAILED", "created_at": "2026-01-31T14:30:00Z"},
            ],
        },
        {"context_title": "DDR2 or DDR3", "created_at": "2026-02-01T00:00:00Z", "mode": "CONCISE", "entries": [
            {"query": "Is this DDR2?", "answer": "Yes.", "created_at": "2026-02-01T00:00:00Z"}]},
        {"context_title": "Nothing", "created_at": "2026-02-02T00:00:00Z", "collection_uuid": None, "entries": []},
    ],
}  # fmt: skip
#: An account's export as a list: the dossier's words and the service's own names.
DONE = {"mode": "search", "status": "done"}
ACCOUNT: list[dict[str, Any]] = [
    {**DONE, "query": "q1", "answer": "a1", "timestamp": "2026-01-01T10:00:00Z", "context_uuid": "t1"},
    {**DONE, "query": "q9", "answer": "a9", "timestamp": "2026-01-02T10:00:00Z", "context_uuid": "t9"},
    {**DONE, "query": "q2", "answer": "a2", "timestamp": "2026-01-01T10:05:00Z", "context_uuid": "t1", "collection_uuid": "sp"},
]


def read(value: Any, **how: Any) -> Outcome:
    return run(ADAPTER, {"x.json": value}, **how)


def said(outcome: Outcome) -> list[tuple[str, str]]:
    return [(body.role, body.parts[0].text) for body in outcome.bodies("message")]


@pytest.mark.parametrize(
    ("value", "role"),
    [
        (LEGACY, "thread"),
        (API, "thread"),
        ({"entries": API["entries"]}, "thread"),
        ([LEGACY, API], "threads"),
        ({"threads": [API]}, "threads:threads"),
        (REQUESTED, "threads:conversations"),
        (REQUESTED["conversations"], "threads"),
        ({"conversations": [{"context_title": "x", "entries": [{"text": "y"}]}]}, None),
        (ACCOUNT, "entries"),
        ({"user": {}, "history": ACCOUNT}, "entries:history"),
        ({"entries": [*API["entries"], {**API["entries"][0], "context_uuid": "other"}]}, "entries:entries"),
        ([{"query": "a", "answer": "b"}], None),
        ([{"query": "a", "answer": "b", "status": "x", "timestamp": "y"}], None),
        ({"metadata": {"thread_id": "x"}, "conversations": [{"mapping": {}}]}, None),
        ({"conversations": [{"chat_messages": []}]}, None),
        ({"metadata": {}, "conversations": []}, None),
        ({}, None),
        ([], None),
    ],
)
def test_detection(value: Any, role: str | None) -> None:
    assert read(value).roles == ({"x.json": role} if role else {})


def test_the_older_exporter() -> None:
    outcome = read(LEGACY)
    assert said(outcome) == [("user", "Q"), ("assistant", "A [1]"), ("user", "Q2")]
    assert outcome.codes() == {"no-answer": 1}
    head = outcome.of("conversation")[0]
    assert (head.body.title, head.origin.id, head.origin.version) == ("Legacy", "legacy-thread", "legacy")  # type: ignore[union-attr]
    assert head.times.updated == datetime(2024, 1, 1, 10, 5, tzinfo=UTC)
    answer = outcome.of("message")[1]
    assert isinstance(answer.body, Message)
    assert answer.body.model == "sonar"
    assert answer.body.parts[0].citations[0].url == "https://u"
    assert answer.native.pointer == "/conversations/0"
    assert ADAPTER.unmapped(answer, LEGACY["conversations"][0]) == {"mode": "CONCISE", "related_queries": ["x"]}
    assert ADAPTER.unmapped(outcome.of("message")[0], LEGACY["conversations"][0]) == {}
    assert ADAPTER.unmapped(head, LEGACY) == {"metadata": {"thread_url": "slug", "export_version": "2"}}


def test_the_shape_of_the_service() -> None:
    """Answers are joined of chunks where they stand so; what stands in two blocks is said once; order is by time."""
    outcome = read(API)
    assert said(outcome) == [
        ("user", "first"), ("assistant", "whole answer [1]"), ("user", "second"), ("assistant", "chunked answer"),
    ]  # fmt: skip
    assert [record.native.pointer for record in outcome.of("message")] == ["/entries/1"] * 2 + ["/entries/0"] * 2
    first, answer = outcome.of("message")[:2]
    assert isinstance(first.body, Message) and isinstance(answer.body, Message)
    assert (answer.body.parent, answer.body.state) == (first.uid, "COMPLETED")
    assert [(part.type, part.name) for part in first.body.parts] == [("text", ""), ("file", "report.pdf")]
    assert answer.body.parts[0].citations[0].title == "N"
    assert answer.times.updated == datetime(2024, 2, 1, 0, 11, tzinfo=UTC)
    (space,) = outcome.of("scope")
    assert outcome.of("conversation")[0].scope == space.uid
    rest = ADAPTER.unmapped(answer, API["entries"][1])
    assert rest["blocks"][0] == {"intended_usage": "ask_text", "markdown_block": {}}
    assert rest["related_queries"] == ["A"]


def test_the_answer_to_a_request_for_ones_data() -> None:
    outcome = read(REQUESTED)
    assert said(outcome) == [
        ("user", "Is this DDR2?"),
        ("assistant", "It is. [1][2]"),
        ("user", "Sure?"),
        ("user", "Is this DDR2?"),
        ("assistant", "Yes."),
    ]
    first, second = outcome.of("conversation")
    assert (first.body.title, first.origin.version, first.origin.id) == ("DDR2 or DDR3", "account", "")  # type: ignore[union-attr]
    assert first.times.created == datetime(2026, 1, 31, 14, 25, 58, tzinfo=UTC)
    assert first.scope and not second.scope and first.uid != second.uid
    answer = outcome.of("message")[1]
    assert isinstance(answer.body, Message)
    assert (answer.body.state, answer.times.created) == ("COMPLETED", datetime(2026, 1, 31, 14, 25, 58, 123456, tzinfo=UTC))
    # What is not understood is kept, and said to be.
    assert outcome.codes() == {"no-answer": 1, "unknown-shape": 1}
    talk = REQUESTED["conversations"][0]
    assert ADAPTER.unmapped(answer, talk["entries"][0]) == {"mode": "COPILOT"}
    assert ADAPTER.unmapped(first, talk) == {"mode": "COPILOT", "collection_uuid": "sp"}


def test_the_same_thread_in_a_later_answer_is_the_same() -> None:
    later = copy.deepcopy(REQUESTED)
    later["conversations"].reverse()
    later["conversations"][-1]["entries"].append({"query": "More", "answer": "No.", "created_at": "2026-03-01T00:00:00Z"})
    before, after = ({record.uid for record in read(value).of("conversation")} for value in (REQUESTED, later))
    assert before == after


def test_exchanges_of_an_account_are_gathered_by_thread() -> None:
    outcome = read(ACCOUNT)
    assert said(outcome) == [
        ("user", "q1"),
        ("assistant", "a1"),
        ("user", "q2"),
        ("assistant", "a2"),
        ("user", "q9"),
        ("assistant", "a9"),
    ]
    assert [record.origin.id for record in outcome.of("conversation")] == ["t1", "t9"]
    assert json.loads(outcome.originals[0].native) == {"entries": [ACCOUNT[0], ACCOUNT[2]]}
    # A Space of which only the id is told is no record.
    assert outcome.of("scope") == []
    assert outcome.of("conversation")[0].scope


def test_without_an_id_the_first_exchange_stands_for_it() -> None:
    bare = {
        "entries": [{"query_str": "q", "answer": "a", "entry_created_datetime": "2024-01-01T00:00:00Z", "display_model": "m"}]
    }
    more = copy.deepcopy(bare)
    more["entries"].append({"query_str": "q2", "answer": "a2", "entry_created_datetime": "2024-01-01T00:01:00Z"})
    assert read(bare).originals[0].uid == read(more).originals[0].uid
    assert read(bare).of("message")[0].uid == read(more).of("message")[0].uid


def test_missing_times_stay_missing() -> None:
    outcome = read([{**ACCOUNT[0], "timestamp": "soon"}, {**ACCOUNT[2], "timestamp": None}])
    assert [record.times.created for record in outcome.of("message")] == [None] * 4
    assert outcome.codes() == {"bad-time": 1}


def test_what_is_no_thread_is_kept_unread() -> None:
    outcome = read([7, {"entries": []}, API, None])
    assert outcome.codes() == {"unknown-shape": 3}
    assert len(outcome.of("conversation")) == 1


def test_limits_and_depth_are_findings() -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = [deep]
    bad = copy.deepcopy(API)
    bad["entries"][0]["context_uuid"] = "d"
    bad["entries"][0]["deep"] = deep
    assert read([bad, LEGACY]).codes() == {"limit": 1, "no-answer": 1}
    wide = [{**entry, "answer": "x" * 400} for entry in ACCOUNT]
    outcome = read(wide, limits=Limits(element_bytes=700))
    assert (outcome.codes(), len(outcome.of("conversation"))) == ({"limit": 1}, 1)
    assert read(API, limits=Limits(document_bytes=100)).codes() == {"limit": 1}


JUNK = st.sampled_from([None, 0, -1, 1.5, 10**400, True, "", "x", [], [None], ["x"], [[]], {}, {"a": 1}])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([LEGACY, API, ACCOUNT, REQUESTED, [API, LEGACY]]),
    st.lists(st.tuples(st.integers(0, 10**6), JUNK), min_size=1, max_size=4),
)
def test_wrong_types_anywhere_never_raise(value: Any, changes: list[tuple[int, Any]]) -> None:
    value = broken(value, changes)
    outcome = read(value)
    uids = [record.uid for record in outcome.records if record.kind != "scope"]
    assert len(set(uids)) == len(uids)
    for record in outcome.records:
        for junk in (value, value[0] if isinstance(value, list) and value else {}, None):
            ADAPTER.unmapped(record, junk)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**6), st.binary(max_size=3))
def test_damaged_bytes_never_raise(at: int, damage: bytes) -> None:
    data = json.dumps(API).encode()
    at %= len(data)
    read(data[:at] + damage + data[at + len(damage) :])
    read(data[:at])


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared samples are not beside this clone")
def test_other_platforms_samples_are_not_claimed() -> None:
    for path in sorted((SHARED / "fixtures").iterdir()):
        if path.is_dir() and path.name != "perplexity":
            assert run(ADAPTER, folder(path)).roles == {}, path


def test_a_thread_in_two_files_is_one() -> None:
    outcome = run(ADAPTER, {"1.json": ACCOUNT[:2], "2.json": ACCOUNT[2:]})
    assert [original.uid for original in outcome.originals] == [original.uid for original in read(ACCOUNT).originals]
