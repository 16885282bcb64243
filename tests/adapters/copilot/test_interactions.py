"""Graph's aiInteraction: sessions, pairs, HTML bodies, files."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satchel.adapters.copilot import ADAPTER
from satchel.adapters.copilot.interactions import plain
from satchel.limits import Limits
from tests.adapters.reading import Outcome, broken, run


def item(kind: str, text: str, at: int, session: str = "s1", **members: Any) -> dict[str, Any]:
    who = {"user": {"id": "u1"}} if kind == "userPrompt" else {"application": {"id": "a"}}
    return {
        "id": f"{session}-{kind}-{at}",
        "sessionId": session,
        "requestId": f"r{at}",
        "appClass": "IPM.SkypeTeams.Message.Copilot.BizChat",
        "interactionType": kind,
        "conversationType": "bizchat",
        "createdDateTime": f"2026-01-01T10:00:{at:02d}.123Z",
        "body": {"contentType": "text", "content": text},
        "from": who,
        "contexts": [],
        "attachments": [],
        "links": [],
        **members,
    }


HTML = "<p>a &amp; b</p><script>x()</script><ul><li>c</li></ul>"
ITEMS = [
    item("aiResponse", "answer", 1, links=[{"linkUrl": "https://l", "displayName": "L", "linkType": "url"}]),
    item("userPrompt", "other", 0, "s2"),
    item("userPrompt", "question", 1, attachments=[{"attachmentId": "f", "contentUrl": "https://c", "name": "n.docx"}]),
    item("aiResponse", "", 3, body={"contentType": "html", "content": HTML}),
]


def read(value: Any, **how: Any) -> Outcome:
    return run(ADAPTER, {"x.json": value}, **how)


def texts(outcome: Outcome) -> list[tuple[str, str]]:
    return [(body.role, body.parts[0].text) for body in outcome.bodies("message")]


@pytest.mark.parametrize(
    ("value", "role"),
    [(ITEMS, "interactions"), ({"@odata.context": "…", "value": ITEMS}, "interactions-page"), (ITEMS[0], "interaction")],
)
def test_the_ways_in_which_it_comes(value: Any, role: str) -> None:
    outcome = read(value)
    assert outcome.roles == {"x.json": role}
    assert outcome.codes() == {}
    assert len(outcome.of("message")) == (1 if role == "interaction" else 4)


def test_sessions_are_conversations() -> None:
    outcome = read(ITEMS)
    assert texts(outcome) == [("user", "question"), ("assistant", "answer"), ("assistant", "a & b\n\nc"), ("user", "other")]
    heads = outcome.of("conversation")
    assert [head.origin.id for head in heads] == ["s1", "s2"]
    assert heads[0].provenance.account == "u1"
    first, second = outcome.of("message")[:2]
    assert (second.body.parent, second.native.pointer) == (first.uid, "/0")  # type: ignore[union-attr]
    natives = [json.loads(original.native) for original in outcome.originals]
    assert natives == [[ITEMS[0], ITEMS[2], ITEMS[3]], [ITEMS[1]]]
    assert [(part.type, part.url, part.name) for part in first.body.parts[1:]] == [("file", "https://c", "n.docx")]  # type: ignore[union-attr]
    assert second.body.parts[0].citations[0].url == "https://l"  # type: ignore[union-attr]


def test_what_no_field_carries() -> None:
    """PAM-199."""
    outcome = read(ITEMS)
    record = outcome.of("message")[2]
    rest = ADAPTER.unmapped(record, ITEMS[3])
    assert rest["body"] == ITEMS[3]["body"]
    assert {"requestId", "appClass", "conversationType", "from"} <= rest.keys()
    assert "contexts" not in rest
    assert ADAPTER.unmapped(outcome.of("conversation")[0], ITEMS) == {}


def test_a_page_of_several_is_told() -> None:
    assert read({"@odata.nextLink": "https://next", "value": ITEMS}).codes() == {"one-page": 1}


def test_what_is_no_interaction_is_kept_unread() -> None:
    outcome = read([*ITEMS, 7, {"a": 1}, item("aiResponse", " ", 5, body={"content": None})])
    assert outcome.codes() == {"unknown-shape": 2, "empty-message": 1}
    assert [original.native for original in outcome.originals if original.kind == "copilot.unread"] == [b"7", b'{"a": 1}']


def test_other_json_is_not_claimed() -> None:
    for value in ([{"interactionType": "visit", "sessionId": "x"}], {"value": [1]}, {"value": [{"sessionId": "s"}]}, [], {}):
        assert read(value).roles == {}


def test_depth_and_size_are_findings() -> None:
    deep: Any = "x"
    for _ in range(127):
        deep = [deep]
    outcome = read([item("userPrompt", "a", 0, "s1", contexts=deep), item("userPrompt", "b", 0, "s2")])
    assert [body.parts[0].text for body in outcome.bodies("message")] == ["b"]
    assert outcome.codes()["limit"] == 1
    small = read(
        [item("userPrompt", "x" * 400, 0, "s1"), item("userPrompt", "x" * 400, 1, "s1")], limits=Limits(element_bytes=1200)
    )
    assert small.codes() == {"limit": 1}


def test_html_is_linear_and_survives_anything() -> None:
    assert plain("<p>one<br>two</p><style>p{}</style><div>three</div>") == "one\ntwo\n\nthree"
    assert plain("a < b &lt;c&gt; <unclosed") == "a < b <c> <unclosed"
    for piece in ("<!--", "<script>", "<p", "<", "&"):
        plain(piece * 100_000)


JUNK = st.sampled_from([None, 0, -1, 1.5, 10**400, True, "", "x", [], [None], {}, {"a": 1}])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 10**6), JUNK), min_size=1, max_size=4))
def test_wrong_types_anywhere_never_raise(changes: list[tuple[int, Any]]) -> None:
    read(broken(ITEMS, changes))
    read(broken({"value": ITEMS}, changes))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**6), st.binary(max_size=3))
def test_damaged_bytes_never_raise(at: int, damage: bytes) -> None:
    data = json.dumps(ITEMS).encode()
    at %= len(data)
    read(data[:at] + damage + data[at + len(damage) :])
    read(data[:at])


def test_a_session_that_goes_on_in_the_next_page_is_one() -> None:
    pages = {"1.json": {"value": ITEMS[:2]}, "2.json": {"value": ITEMS[2:]}}
    whole, paged = read(ITEMS), run(ADAPTER, pages)
    assert [original.uid for original in paged.originals] == [original.uid for original in whole.originals]
    assert texts(paged) == texts(whole)
