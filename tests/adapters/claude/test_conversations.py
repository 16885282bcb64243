"""Conversations: identity, tree, stubs, times, roles, trust (providers.md 3.2, "Conversation", "Message", "Edge")."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from satchel.model.bodies import Message
from satchel.model.ids import make_uid, provider_uid
from satchel.model.record import Record
from tests.adapters.claude.harness import ACCOUNT, ROOT, Outcome, messages, run

ID = "11111111-2222-4333-8444-555555555555"


def message(uuid: str | None, parent: Any = ..., text: str = "x", sender: str = "human", **members: Any) -> dict[str, Any]:
    item: dict[str, Any] = {"sender": sender, "text": text, "content": [], **members}
    if uuid is not None:
        item["uuid"] = uuid
    if parent is not ...:
        item["parent_message_uuid"] = parent
    return item


def tree(outcome: Outcome) -> dict[str, str]:
    """Each message's native id and its parent's."""
    names = {record.uid: record.origin.id for record in outcome.of("message")}
    return {record.origin.id: names.get(body(record).parent, "") for record in outcome.of("message")}


def body(record: Record) -> Message:
    assert isinstance(record.body, Message)
    return record.body


def test_head() -> None:
    export = messages(
        message("m1"),
        uuid=ID,
        name="Title",
        summary="**Sum**",
        model="claude-3",
        is_starred=True,
        created_at="2026-01-01T10:00:00.123456Z",
        updated_at="2026-01-01T12:00:00+02:00",
        is_temporary=True,
    )
    outcome = run({"conversations.json": export})
    (head,) = outcome.of("conversation")
    (original,) = outcome.originals
    assert head.uid == original.uid == provider_uid("claude", "", "conversation", ID)
    assert (head.body.title, head.body.summary, head.body.model, head.body.is_starred) == ("Title", "**Sum**", "claude-3", True)
    assert head.times.created == datetime(2026, 1, 1, 10, 0, 0, 123456, UTC)
    assert head.times.updated == original.updated == datetime(2026, 1, 1, 10, tzinfo=UTC)
    assert (head.provenance.platform, head.provenance.account, head.provenance.method) == ("claude", ACCOUNT, "api_export")
    assert (original.kind, original.reader) == ("claude.conversation", "claude/1")
    assert json.loads(original.native) == export[0]


def test_native_bytes_are_exact() -> None:
    first, second = b'{"uuid":"a" ,"chat_messages":[ ]}', b'{"chat_messages":[],"uuid":"\\u0062"}'
    outcome = run({"x.json": b"\xef\xbb\xbf [" + first + b" ,\n" + second + b"\n]\n"})
    assert [original.native for original in outcome.originals] == [first, second]
    assert [(original.place.element, original.place.offset) for original in outcome.originals] == [(0, 5), (1, 5 + 33 + 3)]
    alone = run({"x.json": b"\xef\xbb\xbf" + first + b"\n"})
    assert [original.native for original in alone.originals] == [first]


def test_layouts_give_the_same_records() -> None:
    (conversation,) = messages(message("m1"), message("m2", sender="assistant"), uuid=ID)
    layouts = [
        run({"conversations.json": [conversation]}),
        run({"a/b.json": {"conversations": [conversation]}}),
        run({"b.json": conversation}),
        run({"conversations.json": [conversation], "users.json": [{"uuid": "u", "full_name": "F", "email_address": "e"}]}),
    ]
    assert all(layout.records == layouts[0].records for layout in layouts)
    assert len(layouts[0].records) == 3


def test_branches_by_parent() -> None:
    outcome = run(
        {
            "c.json": messages(
                message("a", ROOT),
                message("b", "a", sender="assistant"),
                message("b2", "a", sender="assistant"),
                message("a2", ROOT),
                message("n", None),
            )
        }
    )
    assert tree(outcome) == {"a": "", "b": "a", "b2": "a", "a2": "", "n": ""}
    assert outcome.findings == []


def test_without_the_member_the_array_is_the_order() -> None:
    outcome = run({"c.json": messages(message("a"), message("b"), message("c"))})
    assert tree(outcome) == {"a": "", "b": "a", "c": "b"}


def test_parent_comes_before_child_whatever_the_order_and_the_times() -> None:
    same = "2026-01-01T00:00:00Z"
    outcome = run(
        {
            "c.json": messages(
                message("m3", "m2", created_at=same), message("m2", "m1", created_at=same), message("m1", None, created_at=same)
            )
        }
    )
    assert [record.origin.id for record in outcome.of("message")] == ["m1", "m2", "m3"]
    assert [body(record).position for record in outcome.of("message")] == [0, 1, 2]
    assert [record.native.pointer for record in outcome.of("message")] == [f"/chat_messages/{i}" for i in (2, 1, 0)]


def test_stubs_are_bridged() -> None:
    outcome = run(
        {"c.json": messages(message("a", ROOT), message("s1", "a", text=""), message("s2", "s1", text=""), message("b", "s2"))}
    )
    assert tree(outcome) == {"a": "", "b": "a"}
    assert outcome.codes() == {"empty-message": 2}


def test_only_stubs_give_no_messages() -> None:
    outcome = run({"c.json": messages(message("a", ROOT, text=""), message("b", "a", text=None))})
    assert (len(outcome.of("conversation")), outcome.of("message")) == (1, [])


def test_dangling_parent_is_a_root_and_told_once() -> None:
    outcome = run({"c.json": messages(message("a", "gone"), message("b", "gone too"))})
    assert tree(outcome) == {"a": "", "b": ""}
    assert outcome.codes() == {"dangling-parent": 2}
    assert len(outcome.findings) == 1


@pytest.mark.parametrize("parents", [{"a": "a"}, {"a": "b", "b": "a"}, {"a": "c", "b": "a", "c": "b", "d": "c"}])
def test_cycles_are_cut(parents: dict[str, str]) -> None:
    outcome = run({"c.json": messages(*(message(uuid, parent) for uuid, parent in parents.items()))})
    assert sorted(tree(outcome)) == sorted(parents)
    assert list(tree(outcome).values()).count("") == 1
    assert outcome.codes() == {"parent-cycle": 1}


def test_current_is_the_named_leaf() -> None:
    export = messages(message("a", ROOT), message("b", "a"), message("c", "a"), current_leaf_message_uuid="b")
    outcome = run({"c.json": export})
    assert outcome.bodies("conversation")[0].current == outcome.of("message")[1].uid


def test_current_is_else_the_leaf_with_the_newest_message() -> None:
    outcome = run(
        {
            "c.json": messages(
                message("a", ROOT, created_at="2026-01-09T00:00:00Z"),
                message("b", "a", created_at="2026-01-03T00:00:00Z"),
                message("c", "a", created_at="2026-01-02T00:00:00Z"),
                current_leaf_message_uuid="gone",
            )
        }
    )
    assert outcome.bodies("conversation")[0].current == outcome.of("message")[1].uid
    tied = run({"c.json": messages(message("a", ROOT), message("b", "a"), message("c", "a"))})
    assert tied.bodies("conversation")[0].current == tied.of("message")[2].uid


def test_times_are_never_made_up() -> None:
    outcome = run({"c.json": messages(message("a", created_at="garbage", updated_at="also"), message("b"), created_at=None)})
    assert all(record.times.created is record.times.updated is None for record in outcome.records)
    assert outcome.codes() == {"bad-time": 2}
    naive = run({"c.json": messages(message("a", created_at="2026-01-01T10:00:00"))})
    assert naive.of("message")[0].times.created == datetime(2026, 1, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sender", "role"),
    [
        ("human", "user"),
        ("user", "user"),
        ("assistant", "assistant"),
        ("ai", "assistant"),
        ("system", "system"),
        ("tool", "tool"),
    ],
)
def test_roles(sender: str, role: str) -> None:
    assert run({"c.json": messages(message("a", sender=sender))}).bodies("message")[0].role == role


def test_an_unknown_sender_never_speaks_for_the_person() -> None:
    outcome = run({"c.json": messages(message("a", sender="oracle"))})
    assert (outcome.bodies("message")[0].role, outcome.bodies("message")[0].author) == ("assistant", "oracle")
    assert outcome.codes() == {"unknown-role": 1}


def test_tool_results_alone_are_untrusted() -> None:
    result = {"type": "tool_result", "tool_use_id": "t", "content": "web"}
    outcome = run(
        {
            "c.json": messages(
                message("a", text="", content=[result]), message("b", text="", content=[result, {"type": "text", "text": "x"}])
            )
        }
    )
    assert [record.trust for record in outcome.of("message")] == ["untrusted", "imported"]


def test_messages_key_variant() -> None:
    outcome = run(
        {
            "c.json": [
                {"uuid": "abc", "name": "T", "messages": [{"role": "human", "content": "Q1"}, {"role": "ai", "content": "A1"}]}
            ]
        }
    )
    assert [(item.role, item.parts[0].text) for item in outcome.bodies("message")] == [("user", "Q1"), ("assistant", "A1")]
    assert outcome.of("message")[1].native.pointer == "/messages/1"
    assert body(outcome.of("message")[1]).parent == outcome.of("message")[0].uid


def test_uids_name_the_provider_the_account_and_the_id() -> None:
    outcome = run({"c.json": messages(message("m1"), message(None))})
    head = provider_uid("claude", ACCOUNT, "conversation", "c1")
    assert [record.uid for record in outcome.records] == [
        head, make_uid(head, "message", "m1"), make_uid(head, "message", "1"),
    ]  # fmt: skip


def test_an_account_is_the_objects_own_else_the_given_one() -> None:
    own = run({"c.json": messages(message("m"), account={"uuid": "mine"})}, account="given")
    bare = run({"c.json": messages(message("m"), account="main")}, account="given")
    none = run({"c.json": messages(message("m"), account=None)}, account="given")
    assert [outcome.records[0].provenance.account for outcome in (own, bare, none)] == ["mine", "main", "given"]
    assert len({outcome.records[0].uid for outcome in (own, bare, none)}) == 3


def test_conversations_without_ids_are_told_apart_and_known_again() -> None:
    def bare(text: str, **members: Any) -> dict[str, Any]:
        return {"created_at": "2026-01-01T00:00:00Z", "chat_messages": [message(None, text=text)], **members}

    first = run({"c.json": [bare("one"), bare("two"), bare("one")]})
    again = run({"other.json": [bare("zero"), bare("one", name="renamed"), bare("two"), bare("one")]})
    uids = [original.uid for original in first.originals]
    assert len(set(uids)) == 3
    assert set(uids) < {original.uid for original in again.originals}


def test_a_message_stored_twice_is_kept_once_and_two_with_one_id_both() -> None:
    twin = message("a", ROOT, text="same")
    outcome = run({"c.json": messages(twin, twin, message("a", ROOT, text="other"), message("b", "a"))})
    assert [item.parts[0].text for item in outcome.bodies("message")] == ["same", "other", "x"]
    assert len({record.uid for record in outcome.of("message")}) == 3
    assert outcome.codes() == {"duplicate-message": 1, "repeated-id": 1}


def test_malformed_elements_are_told_and_passed_over() -> None:
    good = messages(message("m"))[0]
    outcome = run({"c.json": [None, 5, "x", [], {"mapping": {}}, {}, good, {"uuid": "z"}]})
    assert [original.place.element for original in outcome.originals] == [6, 7]
    assert outcome.codes() == {"unknown-shape": 6, "no-messages": 1}
    assert sorted(finding.place.element or 0 for finding in outcome.findings if finding.code == "unknown-shape") == [
        0,
        1,
        2,
        3,
        4,
        5,
    ]


def test_malformed_messages_are_told_and_the_rest_is_read() -> None:
    outcome = run({"c.json": messages(message("a"), None, 5, message("b"))})  # type: ignore[arg-type]
    assert tree(outcome) == {"a": "", "b": "a"}
    assert outcome.codes() == {"malformed-message": 2}
    none = run({"c.json": [{"uuid": "c", "name": "n", "chat_messages": "x", "messages": None}, messages(message("m"))[0]]})
    assert none.codes()["malformed-messages"] == 1
    assert len(none.of("conversation")) == 2


def test_a_torn_file_gives_what_came_before() -> None:
    data = json.dumps([messages(message("a"), uuid="1")[0], messages(message("b"), uuid="2")[0]]).encode()
    outcome = run({"c.json": data[:-20]})
    assert [record.origin.id for record in outcome.of("message")] == ["a"]
    assert outcome.codes() == {"malformed": 1}


@pytest.mark.parametrize(("bad", "shown"), [(b"\\ud800", "\ufffd"), (b"\xff", "\ufffd")])
def test_text_that_is_no_unicode_is_repaired_and_told(bad: bytes, shown: str) -> None:
    data = b'{"uuid":"c","name":"n","chat_messages":[{"uuid":"m","sender":"human","text":"a' + bad + b' b"}]}'
    outcome = run({"c.json": data})
    assert outcome.parts()[0].text == f"a{shown} b"
    assert outcome.codes() == {"repaired-text": 1}
    assert outcome.originals[0].native == data


def test_text_that_is_no_unicode_stops_nothing_behind_it() -> None:
    bad = b'{"uuid":"b","name":"n","chat_messages":[{"uuid":"m","sender":"human","text":"\\ud83d"}]}'
    good = json.dumps(messages(message("m"))[0]).encode()
    outcome = run({"c.json": b"[" + bad + b"," + good + b"]"})
    assert [part.text for part in outcome.parts()] == ["\ufffd", "x"]
    assert outcome.codes() == {"repaired-text": 1}


def test_members_beside_wrapped_conversations_are_told() -> None:
    outcome = run({"c.json": {"conversations": messages(message("m")), "projects": [{"uuid": "p"}], "version": 1}})
    assert outcome.codes() == {"unread-member": 1}
    assert len(outcome.of("message")) == 1


def test_state_and_model() -> None:
    outcome = run({"c.json": messages(message("a", stop_reason="stop_sequence", model="m"), message("b", truncated=True))})
    assert [(item.state, item.model) for item in outcome.bodies("message")] == [("stop_sequence", "m"), ("truncated", "")]
