"""mem0's JSON as records and as episodes, rule by rule (portable-memory.md 9.1)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from portable_memory import to_wire
from portable_memory.adapters import mem0 as sdk

from satchel.adapters.mem0 import ADAPTER
from satchel.model.ids import provider_uid
from satchel.model.record import Record
from tests.adapters.episodes import DEFAULTS, NOW, run

UUID = "0b0e6c4f-3c1e-4c55-9d5c-0f6f8f6f2f11"


def record(item: dict[str, Any], **options: Any) -> Record:
    (found,) = run(ADAPTER, {"m.json": [{"memory": "x", **item}]}, **options).records
    return found


def residue(item: dict[str, Any]) -> dict[str, Any]:
    return dict(record(item).residue["portable-memory"])


def metadata(item: dict[str, Any]) -> dict[str, str]:
    return dict(residue(item)["metadata"])


def test_a_memory_as_the_sdk_of_mem0_gives_it() -> None:
    item = {
        "id": UUID, "memory": "Likes tea.", "hash": "abc", "metadata": {"source": "chat"}, "created_at": "2025-01-10T14:30:00Z",
        "updated_at": "2025-02-01T00:00:00-08:00", "user_id": "alice", "run_id": "r1", "role": "user", "categories": ["food"],
    }  # fmt: skip
    found = record(item, account="acme")
    assert (found.body.text, found.body.type) == ("Likes tea.", "fact")  # type: ignore[union-attr]
    assert found.times.created == datetime(2025, 1, 10, 14, 30, tzinfo=UTC)
    assert found.times.updated == datetime(2025, 2, 1, 8, tzinfo=UTC)
    assert (found.times.observed, found.tags) == (None, ("food",))
    assert found.provenance.platform == "mem0"
    assert (found.provenance.account, found.provenance.actor, found.provenance.method) == ("acme", "alice", "llm_inference")
    assert found.scope == provider_uid("mem0", "acme", "run", "r1")
    assert (found.origin.format, found.origin.id, found.origin.kind) == ("mem0", UUID, "mem0.memory")
    (episode,) = run(ADAPTER, {"m.json": [item]}).episodes()
    assert episode == {
        **DEFAULTS,
        "id": UUID,
        "sourceID": UUID,
        "details": "Likes tea.",
        "summary": "Likes tea.",
        "eventTime": "2025-01-10T14:30:00Z",
        "ingestionTime": "2025-01-10T14:30:00Z",
        "mentionTime": "2025-02-01T08:00:00Z",
        "sourceType": "chat",
        "speaker": "user",
        "actors": ["alice"],
        "contextID": "r1",
        "categories": ["food"],
        "metadata": {
            "source": "chat",
            "mem0_id": UUID,
            "mem0_hash": "abc",
            "mem0_role": "user",
            "mem0_user_id": "alice",
            "mem0_run_id": "r1",
            "mem0_created_at": "2025-01-10T14:30:00Z",
            "mem0_updated_at": "2025-02-01T00:00:00-08:00",
        },
    }


def test_a_uuid_is_known_without_its_account_and_another_id_is_not() -> None:
    assert record({"id": UUID}).uid == record({"id": UUID}, account="acme").uid == provider_uid("mem0", "", "memory", UUID)
    assert record({"id": "m1"}).uid != record({"id": "m1"}, account="acme").uid


def test_without_an_id_the_same_words_of_the_same_person_are_one_memory() -> None:
    item = {"user_id": "u", "created_at": "2025-01-01T00:00:00Z"}
    assert record(item).uid == record(item).uid
    others = [{}, {"user_id": "v"}, {**item, "created_at": None}, {**item, "memory": "y"}, {**item, "agent_id": "u"}]
    assert len({record(other).uid for other in [item, *others]}) == 6
    assert record(item).origin.id == ""
    assert record({"id": ""}).uid == record({}).uid


def test_a_number_is_an_id_too_and_is_kept_as_metadata() -> None:
    found = record({"id": 5})
    assert found.origin.id == "5"
    assert metadata({"id": 5}) == {"mem0_id": "5"}
    assert "sourceID" not in residue({"id": 5})


def test_the_first_string_of_three_is_the_text() -> None:
    def text(item: dict[str, Any]) -> list[str]:
        return run(ADAPTER, {"m.json": [item]}).texts()

    assert text({"memory": "a", "text": "b", "data": "c"}) == ["a"]
    assert text({"memory": 5, "text": "b", "data": "c"}) == ["b"]
    assert text({"data": "c"}) == ["c"]
    assert text({"memory": " a\n"}) == [" a\n"]


@pytest.mark.parametrize(
    "item", [{"memory": ""}, {"memory": "", "text": "b"}, {"memory": " \n"}, {}, {"memory": 5}, {"data": {}}]
)
def test_a_memory_without_text_is_told_and_its_bytes_kept(item: dict[str, Any]) -> None:
    outcome = run(ADAPTER, {"m.json": [item]})
    assert outcome.records == []
    assert outcome.codes() == {"empty-memory": 1}
    assert json.loads(outcome.originals[0].native) == item


def test_missing_times_stay_missing() -> None:
    found = record({"created_at": None, "updated_at": "yesterday"})
    assert (found.times.created, found.times.updated, found.times.observed) == (None, None, None)
    assert run(ADAPTER, {"m.json": [{"memory": "x", "updated_at": "yesterday"}]}).codes() == {"bad-time": 1}


def test_the_mention_is_the_update_else_the_creation() -> None:
    both, one, other = run(
        ADAPTER,
        {"m.json": [
            {"memory": "a", "created_at": "2025-01-01", "updated_at": "2025-01-02T03:04:05.999999Z"},
            {"memory": "b", "created_at": "2025-01-01"},
            {"memory": "c", "updated_at": "2025-01-02"},
        ]},
    ).episodes()  # fmt: skip
    assert (both["eventTime"], both["mentionTime"]) == ("2025-01-01T00:00:00Z", "2025-01-02T03:04:05Z")
    assert one["mentionTime"] == one["ingestionTime"] == "2025-01-01T00:00:00Z"
    assert (other["eventTime"], other["ingestionTime"], other["mentionTime"]) == (NOW, NOW, "2025-01-02T00:00:00Z")


def test_an_expiration_date_is_a_day_or_a_moment() -> None:
    found = record({"expiration_date": "2026-12-31"})
    assert found.times.valid_to == datetime(2026, 12, 31, tzinfo=UTC)
    assert found.residue["portable-memory"]["expirationDate"] == "2026-12-31T00:00:00Z"
    assert "expirationDate" not in residue({"expiration_date": "never"})
    assert metadata({"expiration_date": "never"}) == {"mem0_expiration_date": "never"}


def test_a_role_makes_it_chat_and_two_roles_speak() -> None:
    assert residue({})["sourceType"] == "text"
    assert residue({"role": ""}) == {"sourceType": "chat", "metadata": {}}
    assert "speaker" not in residue({"role": "system"})
    assert residue({"role": "assistant"})["speaker"] == "assistant"
    assert residue({"role": 5})["sourceType"] == "text"


def test_actors_stand_in_order_and_may_repeat() -> None:
    assert residue({"actor_id": "a", "agent_id": "", "user_id": "a"})["actors"] == ["a", "a"]
    assert "actors" not in residue({"user_id": 5})


def test_who_said_it() -> None:
    assert record({"user_id": "u", "agent_id": "g", "role": "assistant"}).provenance.actor == "g"
    assert record({"user_id": "u", "agent_id": "g", "role": "user"}).provenance.actor == "u"
    assert record({"user_id": "u", "actor_id": "a"}).provenance.actor == "a"


def test_the_context_is_the_run() -> None:
    assert residue({"run_id": "r"})["contextID"] == "r"
    assert "contextID" not in residue({"run_id": ""})
    assert record({"run_id": ""}).scope == ""


def test_categories_only_where_all_are_strings() -> None:
    assert residue({"categories": ["a", "", "a"]})["categories"] == ["a", "", "a"]
    assert record({"categories": ["a", "", "a"]}).tags == ("a",)
    assert "categories" not in residue({"categories": ["a", 5]})


def test_metadata_is_spelled_as_strings() -> None:
    own = {"s": "t", "e": "", "t": True, "f": False, "i": 10**30, "d": 1.0, "small": 0.00005, "big": 1e16, "n": None}
    own |= {"list": [1.0, {"b": None, "a": "é"}], "empty": {}}
    assert metadata({"metadata": own}) == {
        "s": "t", "e": "", "t": "1", "f": "0", "i": "1" + "0" * 30, "d": "1", "small": "5e-05", "big": "1e+16", "n": "None",
        "list": '[1,{"a":"é","b":null}]', "empty": "{}",
    }  # fmt: skip


def test_members_are_overlaid_and_others_yield() -> None:
    item = {"id": "real", "metadata": {"mem0_id": "a", "mem0_score": "b"}, "score": 0.5, "owner": {"z": 1}, "none": None}
    assert metadata(item) == {"mem0_id": "real", "mem0_score": "b", "mem0_owner": '{"z":1}'}
    assert metadata({"hash": "", "attributed_to": "user"}) == {"mem0_attributed_to": "user"}


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("id", 5, "5"),
        ("hash", ["q"], '["q"]'),
        ("created_at", 1700000000, "1700000000"),
        ("user_id", 7.0, "7"),
        ("categories", "food", '"food"'),
        ("categories", ["a", 1], '["a",1]'),
        ("metadata", ["a"], '["a"]'),
        ("text", "second", '"second"'),
        ("data", {"b": 1, "a": 2}, '{"a":2,"b":1}'),
        ("role", True, "true"),
    ],
)
def test_what_the_reference_loses_is_kept(name: str, value: Any, kept: str) -> None:
    assert metadata({name: value}) == {f"mem0_{name}": kept}


def test_a_number_is_a_time() -> None:
    assert record({"created_at": 1700000000}).times.created == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_a_type_of_ours_is_kept_and_another_is_metadata() -> None:
    assert record({"type": "preference"}).body.type == "preference"  # type: ignore[union-attr]
    assert record({"type": "procedural_memory"}).body.type == "fact"  # type: ignore[union-attr]
    assert metadata({"type": "procedural_memory"}) == {"mem0_type": "procedural_memory"}


def test_unmapped_is_what_no_field_carries() -> None:
    item = {
        "id": "a",
        "memory": "x",
        "created_at": "2025-01-01",
        "updated_at": "soon",
        "categories": ["c"],
        "hash": "h",
        "z": None,
    }
    assert ADAPTER.unmapped(record(item), item) == {"updated_at": "soon", "hash": "h"}
    assert ADAPTER.unmapped(record(item), ["x"]) == {}


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**25), 10**25),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=6,
)  # fmt: skip
TIMES = st.one_of(
    st.datetimes(datetime(1970, 1, 2), datetime(2025, 1, 1)).map(lambda moment: moment.isoformat() + "Z"),
    st.dates(datetime(1990, 1, 1).date(), datetime(2025, 1, 1).date()).map(lambda day: day.isoformat()),
    st.sampled_from(["yesterday", "", "2024-13-01", "2024-05-05T10:11:12-07:00", "2024-05-05 10:11:12.123456z"]),
    st.integers(1, 10**9),
    st.none(),
    st.just([]),
)
WORDS = st.one_of(st.text(max_size=5), st.sampled_from(["user", "assistant", "system", "a"]), VALUES)
ITEMS = st.fixed_dictionaries(
    {},
    optional={
        "memory": st.one_of(st.text(max_size=200), VALUES),
        "text": st.one_of(st.text(max_size=5), VALUES),
        "data": VALUES,
        "created_at": TIMES,
        "updated_at": TIMES,
        "expiration_date": TIMES,
        "categories": st.one_of(st.lists(st.text(max_size=4), max_size=3), VALUES),
        "metadata": st.one_of(
            st.dictionaries(st.one_of(st.text(max_size=4), st.just("mem0_hash")), VALUES, max_size=4), VALUES
        ),
        **dict.fromkeys(("id", "hash", "role", "user_id", "agent_id", "actor_id", "run_id", "attributed_to"), WORDS),
        **dict.fromkeys(("score", "owner", "type", "mem0_id"), VALUES),
    },
)


def lost(item: dict[str, Any]) -> set[str]:
    """The metadata that the dossier calls lost in the reference."""
    strings = ("id", "hash", "role", "user_id", "agent_id", "actor_id", "run_id", "created_at", "updated_at", "attributed_to")
    names = {name for name in (*strings, "expiration_date") if not isinstance(item.get(name), str)}
    names |= {"memory", "text", "data", "categories", "metadata"}
    return {f"mem0_{name}" for name in names if item.get(name) is not None}


def judged(items: list[Any], root: Any) -> None:
    started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    expected = [to_wire(episode) for episode in sdk.parse_episodes(json.dumps(root))]
    outcome = run(ADAPTER, {"m.json": root})
    sources = [json.loads(original.native) for original in outcome.originals if original.kind == "mem0.memory"]
    sources = [item for item in sources if isinstance(first_text(item), str) and first_text(item).strip()]
    assert len(outcome.episodes()) == len(sources)
    for theirs, ours, item in zip(expected, outcome.episodes(), sources, strict=True):
        for name in ("eventTime", "mentionTime", "ingestionTime"):
            if theirs[name] >= started:
                theirs[name] = NOW
            if isinstance(item.get("created_at"), int) or isinstance(item.get("updated_at"), int):
                # A number for a time is lost in the reference.
                theirs[name] = ours[name]
        if not (isinstance(item.get("id"), str) and item["id"]):
            theirs["id"] = ours["id"]
        kept = ours["metadata"]
        assert kept.keys() - theirs["metadata"].keys() <= lost(item)
        ours["metadata"] = {name: value for name, value in kept.items() if name in theirs["metadata"]}
        assert ours == theirs


def first_text(item: dict[str, Any]) -> Any:
    return next((item[name] for name in ("memory", "text", "data") if isinstance(item.get(name), str)), None)


def distinct(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """No memory twice: the reference keeps both, we say that it is there again."""
    seen: dict[str, dict[str, Any]] = {}
    for item in items:
        seen.setdefault(json.dumps(item), item)
    return list(seen.values())


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ITEMS, max_size=4).map(distinct), st.sampled_from(["", "results", "memories", "data"]))
def test_every_memory_is_the_episode_of_the_public_sdk(items: list[dict[str, Any]], envelope: str) -> None:
    judged(items, {envelope: items} if envelope else items)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(ITEMS, SCALARS), max_size=4))
def test_a_bare_list_skips_what_is_no_object(items: list[Any]) -> None:
    kept = distinct([item for item in items if isinstance(item, dict)])
    judged(kept, [*(item for item in items if not isinstance(item, dict)), *kept])
