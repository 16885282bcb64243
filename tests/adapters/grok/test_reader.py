"""Grok's export in its forms: conversations, sides, assets, what is told."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satchel.adapters.grok import ADAPTER
from satchel.adapters.grok.wire import moment_of
from satchel.limits import Limits
from satchel.model.bodies import Message, Part
from satchel.model.record import Record
from tests.adapters.reading import Outcome, broken, folder, run
from tests.conftest import SHARED

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared samples are not beside this clone")
FIXTURES = SHARED / "fixtures" / "grok"
PAM = SHARED / "conformance" / "portable-ai-memory"
PROBES = PAM / "derived" / "provider-probes"
ASSET = "0f6b23a1-4e97-43b3-b2e1-dc6e3f94d9c8"
CARD = '<grok:render card_id="6a0785" card_type="citation_card"><argument name="citation_id">31</argument></grok:render>'


def bson(milliseconds: int) -> dict[str, Any]:
    return {"$date": {"$numberLong": str(milliseconds)}}


def response(id: str, sender: str, message: Any, parent: str | None = None, **members: Any) -> dict[str, Any]:
    inner = {"_id": id, "conversation_id": "c1", "sender": sender, "message": message, "create_time": bson(1_700_000_000_000)}
    return {"response": {**inner, "parent_response_id": parent, **members}, "share_link": None}


def talk(*responses: dict[str, Any], **members: Any) -> dict[str, Any]:
    about = {"id": "c1", "user_id": "u1", "title": "T", "create_time": "2026-01-01T10:00:00.123456Z", **members}
    return {"conversation": about, "responses": list(responses)}


def backend(*talks: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"conversations": list(talks), "projects": [], "tasks": [], "media_posts": [], **members}


def read(value: Any, **how: Any) -> Outcome:
    return run(ADAPTER, {"ttl/30d/export_data/u/prod-grok-backend.json": value}, **how)


def said(outcome: Outcome) -> list[tuple[str, str]]:
    return [(body.role, "".join(part.text for part in body.parts)) for body in outcome.bodies("message")]


def message(record: Record) -> Message:
    assert isinstance(record.body, Message)
    return record.body


FULL = backend(
    talk(
        response("r1", "human", "q", file_attachments=[ASSET]),
        response(
            "r2", "ASSISTANT", f"a {CARD} z", "r1", model="grok-4", thinking_trace="hm",
            agent_thinking_traces=[{"agent_id": "a1", "thinking_trace": "deep"}], steps=[{"s": 1}], metadata={"m": 1},
            cited_web_search_results=[{"url": "https://c", "title": "C", "preview": "P"}], web_search_results=[{"url": "x"}],
            card_attachments_json=['{"id":"6a0785","cardType":"citation_card","url":"https://card","title":"Card"}'],
            generated_image_urls=[f"users/{ASSET[:-1]}0/generated/{ASSET}/image.jpg"],
            thinking_start_time=bson(1_700_000_000_000),
        ),
        response("r3", "grok-3", "other branch", "r1"),
        response("r4", "assistant", "", "r3", error="Failed to respond."),
        leaf_response_id="r2", starred=True, temporary=False, new_member={"x": 1},
    ),
    projects=[{"workspace_id": "w1", "name": "P", "custom_personality": "Be brief", "preferred_model": "grok-4"}],
    tasks=[{"t": 1}, {"task_id": "k", "title": "Daily", "prompt": "News"}],
    media_posts=[
        {"id": "m1", "original_prompt": "a cat", "media_type": "image", "link": "https://l", "create_time": "2026-01-01"},
    ],
)  # fmt: skip


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-01-01T10:00:00Z", datetime(2026, 1, 1, 10, tzinfo=UTC)),
        (bson(1_735_689_600_000), datetime(2025, 1, 1, tzinfo=UTC)),
        ({"$date": 1_735_689_600_000}, datetime(2025, 1, 1, tzinfo=UTC)),
        ({"$date": "2025-01-01T00:00:00Z"}, datetime(2025, 1, 1, tzinfo=UTC)),
        ({"$numberLong": "1735689600000"}, datetime(2025, 1, 1, tzinfo=UTC)),
        ({"$date": {"$numberLong": "1000"}}, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)),
        (1_735_689_600, datetime(2025, 1, 1, tzinfo=UTC)),
        (1_735_689_600_000, datetime(2025, 1, 1, tzinfo=UTC)),
        ("1735689600000", datetime(2025, 1, 1, tzinfo=UTC)),
        (None, None), ("", None), ("soon", None), ("2026", None), ({}, None), ({"$date": {}}, None), ({"$date": None}, None),
        ({"$date": {"$numberLong": "x"}}, None), (10**400, None), ({"$date": 10**400}, None), ([], None), (True, None),
        ({"$date": {"$numberLong": "9" * 400}}, None), ({"$date": {"$numberDouble": "NaN"}}, None), (float("inf"), None),
    ],
)  # fmt: skip
def test_times(value: Any, moment: datetime | None) -> None:
    """PAM-251: both time formats, and the ones between; what is none is missing."""
    assert moment_of(value) == moment


def test_roles_ignore_case_and_all_but_people_are_the_assistant() -> None:
    """PAM-250, PAM-193."""
    senders = ["human", "HUMAN", "assistant", "ASSISTANT", "grok-3", "Grok", "system"]
    outcome = read(backend(talk(*(response(str(i), sender, "x") for i, sender in enumerate(senders)))))
    assert [body.role for body in outcome.bodies("message")] == ["user", "user"] + ["assistant"] * 5
    assert outcome.bodies("message")[4].model == "grok-3"


def test_the_tree() -> None:
    """PAM-251, PAM-194: unwrapped twice, parents kept, so that children are their inverse."""
    outcome = read(FULL)
    r1, r2, r3, r4 = outcome.of("message")
    assert [message(record).parent for record in (r1, r2, r3, r4)] == ["", r1.uid, r1.uid, r3.uid]
    head = outcome.bodies("conversation")[0]
    assert (head.current, head.model, head.is_starred) == (r2.uid, "grok-4", True)
    assert outcome.of("conversation")[0].provenance.account == "u1"


def test_linear_exports_are_one_chain() -> None:
    """PAM-195."""
    flat = {
        "conversations": [{"title": "F", "responses": [{"sender": "user", "message": "a"}, {"sender": "grok", "message": "b"}]}]
    }
    first, second = read(flat).of("message")
    assert (message(first).parent, message(second).parent) == ("", first.uid)


def test_parts() -> None:
    """PAM-196, PAM-252: mixed content in order; ``preview`` is the snippet, a card its citation."""
    outcome = read(FULL)
    answer = message(outcome.of("message")[1])
    assert [(part.type, part.text) for part in answer.parts] == [
        ("reasoning", "hm"), ("reasoning", "deep"), ("text", f"a {CARD} z"), ("image", ""),
    ]  # fmt: skip
    card, cited = answer.parts[2].citations
    assert (card.title, card.url, card.marker) == ("Card", "https://card", CARD)
    assert (cited.title, cited.url, cited.snippet) == ("C", "https://c", "P")
    question = message(outcome.of("message")[0])
    assert [(part.type, part.ref) for part in question.parts] == [("text", ""), ("file", ASSET)]
    assert question.parts[1].asset == answer.parts[3].asset
    assert [(part.type, part.text) for part in message(outcome.of("message")[3]).parts] == [("error", "Failed to respond.")]


def test_a_card_without_its_source_keeps_its_id() -> None:
    outcome = read(backend(talk(response("r", "assistant", f"{CARD} <grok:render x"))))
    (citation,) = outcome.parts()[0].citations
    assert (citation.title, citation.marker) == ("citation 31", CARD)


def test_unmapped_members_are_verbatim() -> None:
    """PAM-199, PAM-252: ``metadata`` is ``grok_metadata``; times of thinking are ISO."""
    outcome = read(FULL)
    element = FULL["conversations"][0]
    rest = dict(ADAPTER.unmapped(outcome.of("conversation")[0], element))
    assert rest == {"leaf_response_id": "r2", "temporary": False, "new_member": {"x": 1}}
    rest = dict(ADAPTER.unmapped(outcome.of("message")[1], element["responses"][1]))
    assert rest["grok_metadata"] == {"m": 1}
    assert rest["steps"] == [{"s": 1}]
    assert rest["web_search_results"] == [{"url": "x"}]
    assert rest["thinking_start_time"] == "2023-11-14T22:13:20Z"
    assert not {"message", "sender", "create_time", "metadata", "thinking_trace"} & rest.keys()
    shared = {**element["responses"][0], "share_link": {"id": "s"}}
    assert ADAPTER.unmapped(outcome.of("message")[0], shared)["share_link"] == {"id": "s"}
    for odd in (1.5, True, "x", {"a": 1}, [{}], [1, {}]):
        strange = {**element["responses"][0], "file_attachments": odd}
        assert ADAPTER.unmapped(outcome.of("message")[0], strange)["file_attachments"] == odd
    for junk in (None, [], 1, "x", {"conversation": 1}, {"response": 1}):
        for record in outcome.records:
            ADAPTER.unmapped(record, junk)


def test_sides() -> None:
    outcome = read(FULL)
    assert [(body.name, body.type) for body in outcome.bodies("scope")] == [("P", "project")]
    assert [(body.text, body.about) for body in outcome.bodies("instruction")] == [("Be brief", "project")]
    assert [(body.title, body.text) for body in outcome.bodies("task")] == [("Daily", "News")]
    assert [body.type for body in outcome.bodies("foreign")] == ["grok.task"]
    assert [(body.name, body.url) for body in outcome.bodies("document")] == [("a cat", "https://l")]
    assert ADAPTER.unmapped(outcome.of("scope")[0], FULL["projects"][0]) == {"preferred_model": "grok-4"}
    assert outcome.codes() == {}


def test_account_data_is_never_kept() -> None:
    files = {
        "e/prod-grok-backend.json": FULL,
        "e/prod-mc-auth-mgmt-api.json": {"user": {"userId": "u", "email": "e@x", "givenName": "G"}, "sessions": [{"ip": "1"}]},
        "e/prod-mc-billing.json": {"card": "4111"},
    }
    outcome = run(ADAPTER, files)
    assert outcome.codes() == {"account-data": 2}
    assert len(outcome.originals) == 5
    assert not any(word in str(outcome.findings) + str(outcome.originals) for word in ("e@x", "4111"))


def test_assets_are_found_by_their_folder() -> None:
    png = b"\x89PNG\r\n\x1a\n" + b"x" * 20
    files = {
        "ttl/30d/export_data/u/prod-grok-backend.json": FULL,
        f"ttl/30d/export_data/u/prod-mc-asset-server/{ASSET}/content": png,
        "ttl/30d/export_data/u/prod-mc-asset-server/nobody-names-me/content": b"\x00RIFF",
        "ttl/30d/export_data/u/prod-mc-asset-server/profile-picture.webp": b"RIFF\0\0\0\0WEBP",
        "ttl/elsewhere/picture.png": png,
    }
    outcome = run(ADAPTER, files)
    found = {asset.record.origin.id: asset for asset in outcome.assets}
    assert set(found) == {ASSET, "nobody-names-me", "profile-picture.webp"}
    named = found[ASSET].record
    assert (named.body.name, named.body.media_type) == (f"{ASSET}.png", "image/png")  # type: ignore[union-attr]
    assert named.uid == message(outcome.of("message")[0]).parts[1].asset
    assert named.linked("part_of") == outcome.of("conversation")[0].uid
    assert found["nobody-names-me"].record.links == ()
    assert found[ASSET].open().read() == png


@pytest.mark.parametrize(
    ("value", "role"),
    [
        (FULL, "backend"),
        (FULL["conversations"], "conversations"),
        (FULL["conversations"][0], "conversation"),
        ({"conversations": [None, FULL["conversations"][0]]}, "backend"),
        ({"projects": FULL["projects"], "conversations": FULL["conversations"]}, "backend"),
        ({"conversations": []}, "backend"),
        ({"conversations": [{"title": "x", "mapping": {}}]}, None),
        ({"conversations": [{"name": "x", "chat_messages": []}]}, None),
        ({"conversations": [{"query": "x", "answer": "y"}], "metadata": {}}, None),
        ({"data_files": [{"category": "c", "filename": "f"}], "conversations": FULL["conversations"]}, None),
        ({"conversations": [{"responses": [{"role": "user", "content": "x"}]}]}, None),
        ({}, "backend"),
        ([], None),
    ],
)
def test_detection(value: Any, role: str | None) -> None:
    assert read(value).roles == ({"ttl/30d/export_data/u/prod-grok-backend.json": role} if role else {})


def test_a_name_alone_claims_nothing_that_has_another_shape() -> None:
    assert run(ADAPTER, {"x.json": {"conversations": []}}).roles == {}
    assert run(ADAPTER, {"prod-grok-backend.json": {"conversations": [], "users": []}}).roles == {}


def test_messages_that_hold_nothing_are_bridged() -> None:
    outcome = read(
        backend(talk(response("a", "human", "q"), response("b", "assistant", " ", "a"), response("c", "human", "x", "b")))
    )
    first, second = outcome.of("message")
    assert message(second).parent == first.uid
    assert outcome.codes() == {"empty-message": 1}


def test_repeated_and_dangling_and_circular() -> None:
    circle = [response("a", "human", "1", "c"), response("b", "human", "2", "a"), response("c", "human", "3", "b")]
    outcome = read(backend(talk(*circle)))
    assert outcome.codes() == {"parent-cycle": 1}
    assert len(outcome.of("message")) == 3
    twin = response("a", "human", "1")
    outcome = read(
        backend(talk(twin, copy.deepcopy(twin), response("a", "human", "else"), response("z", "human", "o", "gone")))
    )
    assert outcome.codes() == {"duplicate-message": 1, "repeated-id": 1, "dangling-parent": 1}
    assert len({record.uid for record in outcome.records}) == len(outcome.records) == 4


def test_ids_hold_over_exports() -> None:
    """A conversation without an id is known by when it began and its first message."""
    small = {
        "conversation": {"title": "A", "create_time": "2026-01-01T00:00:00Z"},
        "responses": [{"sender": "human", "message": "q"}],
    }
    renamed = copy.deepcopy(small)
    renamed["conversation"]["title"] = "B"
    renamed["responses"].append({"sender": "grok", "message": "a"})
    before, after = read(backend(small)), read(backend(renamed))
    assert before.originals[0].uid == after.originals[0].uid
    assert len(read(backend(small, small)).of("conversation")) == 2


def test_the_two_exports_are_told_apart() -> None:
    """PAM-200, PAM-201: the version of the export by its structure; one reader, whose version counts up, reads both."""
    old = {"response": {"response_id": "r", "sender": "human", "message": "q", "create_time": "2025-06-21T19:28:21Z"}}
    assert read(backend(talk(old))).of("conversation")[0].origin.version == "2025"
    assert read(FULL).of("conversation")[0].origin.version == "2026"
    assert {original.reader for original in (*read(FULL).originals, *read(backend(talk(old))).originals)} == {"grok/1"}


def test_an_empty_export_says_so() -> None:
    assert read({"conversations": []}).codes() == {"no-conversations": 1}


def test_limits_and_depth_are_findings() -> None:
    big = talk(response("r", "human", "x" * 5000), id="c2")
    outcome = read(backend(big, talk(response("r", "human", "y"))), limits=Limits(element_bytes=2000))
    assert outcome.codes() == {"limit": 1}
    assert said(outcome) == [("user", "y")]
    deep: Any = "x"
    for _ in range(200):
        deep = [deep]
    outcome = read(backend(talk(response("r", "human", "x", metadata=deep), id="c2"), talk(response("r", "human", "y"))))
    assert outcome.codes() == {"limit": 1}
    assert read(b'{"conversations":[{"conversation":{},"responses":' + b"[" * 5000).records == []


def test_lone_surrogates_are_repaired_and_told() -> None:
    data = (
        json.dumps(FULL)
        .encode()
        .replace(b'"Be brief"', b'"Be \\ud800 brief"')
        .replace(b'"message": "q"', b'"message": "q\\udc00"')
    )
    outcome = read(data)
    assert outcome.codes() == {"repaired-text": 2}
    assert outcome.bodies("instruction")[0].text == "Be \ufffd brief"


def test_a_long_chain_in_reverse_and_a_great_circle() -> None:
    chain = [response(str(i), "human", "x", str(i - 1) if i else None) for i in reversed(range(20_000))]
    outcome = read(backend(talk(*chain)))
    assert [message(record).position for record in outcome.of("message")] == list(range(20_000))
    assert outcome.of("message")[0].origin.id == "0"


def test_marks_without_end_take_linear_time() -> None:
    text = "<grok:render card_id=" * 50_000 + "<grok:render>" * 50_000
    assert read(backend(talk(response("r", "assistant", text)))).parts()[0].text == text


JUNK = st.sampled_from(
    [None, 0, -1, 1.5, 10**400, True, "", "x", "2026", "[", [], [None], ["x"], [[]], {}, {"a": 1}, {"$date": []}]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 10**6), JUNK), min_size=1, max_size=4))
def test_wrong_types_anywhere_never_raise(changes: list[tuple[int, Any]]) -> None:
    value = broken(FULL, changes)
    outcome = read(value)
    assert len({record.uid for record in outcome.records}) == len(outcome.records)
    natives = {original.uid: json.loads(original.native) for original in outcome.originals}
    for record in outcome.records:
        ADAPTER.unmapped(record, natives.get(record.uid, value))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**6), st.binary(max_size=3))
def test_damaged_bytes_never_raise(at: int, damage: bytes) -> None:
    data = json.dumps(FULL).encode()
    at %= len(data)
    read(data[:at] + damage + data[at + len(damage) :])
    read(data[:at])


def test_a_duplicate_name_is_no_crash() -> None:
    read(
        b'{"conversations":[{"conversation":{"id":"a","id":"b"},"responses":[],"responses":[{"message":"x","sender":"human"}]}]}'
    )


def words(value: Any) -> list[str]:
    responses = [item.get("response", item) for talk in value["conversations"] for item in talk["responses"]]
    return [item["message"] for item in responses if item.get("message")]


@needs_shared
@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*")) if FIXTURES.exists() else [], ids=lambda path: path.name)
def test_fixtures(path: Any) -> None:
    files = folder(path)
    outcome = run(ADAPTER, dict(files))
    assert len(outcome.roles) == len(files)
    value = json.loads(next(iter(files.values())))
    assert [text for _, text in said(outcome)] == words(value)
    assert len(outcome.of("conversation")) == len(value["conversations"])
    assert all(record.times.created for record in outcome.of("message")) or path.name == "polylogue-blank-messages"
    assert {body.role for body in outcome.bodies("message")} <= {"user", "assistant"}


@needs_shared
def test_probes() -> None:
    """portable-ai-memory.md 7.6 and 11.3: what crashes the reference, or gets the time of the day, is read or told."""
    outcomes = {path.name: run(ADAPTER, folder(path / "input")) for path in sorted(PROBES.glob("x_*"))}
    assert {name: len(outcome.of("message")) for name, outcome in outcomes.items()} == {
        "x_empty": 0, "x_intms": 1, "x_nested": 1, "x_ok": 4, "x_senderlist": 1, "x_steps": 1,
    }  # fmt: skip
    assert outcomes["x_intms"].of("message")[0].times.created == datetime(2025, 1, 1, tzinfo=UTC)
    assert outcomes["x_senderlist"].codes() == {"unknown-role": 1}
    assert outcomes["x_empty"].codes() == {"no-conversations": 1}
    assert "e@x" not in str(outcomes["x_ok"])


@needs_shared
def test_other_platforms_samples_are_not_claimed() -> None:
    for path in sorted((SHARED / "fixtures").iterdir()):
        if path.is_dir() and path.name != "grok":
            assert run(ADAPTER, folder(path)).roles == {}


def test_no_part_is_empty() -> None:
    assert Part(type="text") not in read(FULL).parts()
