"""Grok inside X: a script, rows of many chats, both ways of naming the sender."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satchel.adapters.grok import ADAPTER
from satchel.model.bodies import Message
from tests.adapters.reading import Outcome, broken, run


def turn(chat: str, sender: Any, message: str, second: int, **members: Any) -> dict[str, Any]:
    item = {
        "accountId": "17",
        "chatId": chat,
        "createdAt": f"2025-10-23T13:11:{second:02d}.692Z",
        "sender": sender,
        "message": message,
    }
    return {"grokChatItem": {**item, **members}}


USER = {"value": "1", "name": "User", "originalName": "USER", "annotations": {}}
AGENT = {"value": "2", "name": "Agent", "originalName": "AGENT", "annotations": {}}
TURNS = [
    turn("1", AGENT, "a &lt;b&gt; &amp; c", 1, grokMode={"value": "1", "name": "Normal"}, postIds=["9"]),
    turn("2", "User", "older archive", 5, grokMode="fun"),
    turn("1", USER, "q", 1, attachments=["x1"]),
    turn("1", USER, "next", 2),
]


def script(items: Any, part: int = 0) -> bytes:
    return f"window.YTD.grok_chat_item.part{part} = {json.dumps(items, indent=2)}".encode()


def read(*files: bytes) -> Outcome:
    return run(ADAPTER, {f"data/grok-chat-item{n or ''}.js": data for n, data in enumerate(files)})


def said(outcome: Outcome) -> list[tuple[str, str]]:
    return [(body.role, body.parts[0].text) for body in outcome.bodies("message")]


def test_chats() -> None:
    outcome = read(script(TURNS))
    assert outcome.codes() == {}
    assert said(outcome) == [("user", "q"), ("assistant", "a <b> & c"), ("user", "next"), ("user", "older archive")]
    assert [record.origin.id for record in outcome.of("conversation")] == ["1", "2"]
    first, second, *_ = outcome.of("message")
    assert isinstance(second.body, Message)
    assert (second.body.parent, second.native.pointer) == (first.uid, "/0/grokChatItem")
    assert first.body.parts[1].ref == "x1"  # type: ignore[union-attr]
    assert outcome.of("conversation")[0].provenance.account == "17"
    assert ADAPTER.unmapped(second, TURNS[0]["grokChatItem"]) == {
        "grokMode": {"value": "1", "name": "Normal"}, "postIds": ["9"], "sender": AGENT,
    }  # fmt: skip


def test_a_chat_in_two_parts_is_one() -> None:
    whole, parts = read(script(TURNS)), read(script(TURNS[:2]), script(TURNS[2:], 1))
    assert said(parts) == said(whole)
    assert [original.uid for original in parts.originals] == [original.uid for original in whole.originals]


def test_the_rest_of_an_x_archive_is_not_read() -> None:
    files = {
        "data/direct-messages.js": b'window.YTD.direct_messages.part0 = [{"dmConversation":{"x":1}}]',
        "data/grok-chat-item.js": script(TURNS),
    }
    assert run(ADAPTER, files).roles == {"data/grok-chat-item.js": "x-chat"}


def test_turns_without_times_keep_the_order_of_the_file() -> None:
    turns = [turn("1", USER, "b", 9), turn("1", AGENT, "a", 1, createdAt="soon")]
    outcome = read(script(turns))
    assert [text for _, text in said(outcome)] == ["b", "a"]
    assert outcome.codes() == {"bad-time": 1, "file-order": 1}


def test_what_is_no_turn_is_kept_unread() -> None:
    outcome = read(script([7, {"tweet": {}}, turn("1", USER, "", 1), *TURNS]))
    assert outcome.codes() == {"unknown-shape": 2, "empty-message": 1}
    assert [original.native for original in outcome.originals if original.kind == "grok.unread"] == [
        b"7",
        b'{\n    "tweet": {}\n  }',
    ]


def test_a_script_that_assigns_nothing_or_breaks_off_is_told() -> None:
    assert read(b"window.YTD.grok_chat_item.part0").codes() == {"malformed": 1}
    outcome = read(script(TURNS)[:-200])
    assert outcome.codes()["malformed"] == 1
    assert outcome.of("message")


JUNK = st.sampled_from([None, 0, 1.5, 10**400, "", "x", [], [None], {}, {"a": 1}])


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 10**6), JUNK), min_size=1, max_size=4), st.integers(0, 10**6), st.binary(max_size=2))
def test_nothing_raises(changes: list[tuple[int, Any]], at: int, damage: bytes) -> None:
    outcome = read(script(broken(TURNS, changes)))
    assert len({record.uid for record in outcome.records}) == len(outcome.records)
    data = script(TURNS)
    at = 40 + at % (len(data) - 40)
    read(data[:at] + damage + data[at + len(damage) :])
