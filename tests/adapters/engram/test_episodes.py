"""What an engram and a PLUR episode say, rule by rule (dossier 9.5, "Collect" and the table)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from satchel.adapters.engram.values import canonical, moment, timestamp
from satchel.errors import CanonicalError
from satchel.model.times import from_iso
from tests.adapters.engram.harness import CONSTANTS, NOW, episode_of, one, run


def engram(**members: Any) -> dict[str, Any]:
    """The episode of one engram."""
    return episode_of(one(json.dumps([{"id": "E", "statement": "S", **members}])))


def plur(**members: Any) -> dict[str, Any]:
    """The episode of one PLUR episode."""
    return episode_of(one(json.dumps([{"id": "P", "summary": "S", "timestamp": "2026-02-01", **members}])))


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


# Collect


def test_json_is_tried_first() -> None:
    assert one(' \n[{"statement": "a\\ud83d\\ude00", "n": 18446744073709551616}]').body.text == "a😀"  # type: ignore[union-attr]
    assert run("[{statement: a}, {statement: b}]").texts() == ["a", "b"]
    assert run("{statement: a").texts() == ["a"]


def test_lists_are_gone_into_and_wrappers_opened() -> None:
    text = '[[{"statement": "a"}, [{"engrams": [{"statement": "b"}], "episodes": [{"summary": "c"}]}]], {"statement": "d"}]'
    outcome = run(text)
    assert outcome.texts() == ["a", "b", "d", "c"]
    assert [record.native.pointer for record in outcome.records] == ["/0/0", "/0/1/0/engrams/0", "/1", "/0/1/0/episodes/0"]
    assert run("engrams:\n- statement: a\n---\nepisodes:\n- summary: b\n").texts() == ["a", "b"]


@pytest.mark.parametrize("mark", ["timestamp", "agent", "session_id"])
def test_a_summary_with_one_mark_is_an_episode(mark: str) -> None:
    assert one(f"- summary: a\n  {mark}: b\n").origin.kind == "engram.episode"


def test_a_statement_makes_an_engram_even_beside_an_episodes_members() -> None:
    assert one("- statement: a\n  summary: b\n  timestamp: c\n").origin.kind == "engram.engram"


def test_engrams_come_before_episodes_and_the_first_of_an_id_wins() -> None:
    outcome = run(
        "- {id: X, summary: c, agent: z}\n- {id: X, statement: a}\n- {id: X, statement: b}\n- {id: Y, statement: d}\n"
    )
    assert outcome.texts() == ["a", "d"]
    assert outcome.codes() == {"duplicate-id": 2}


def test_an_engram_that_lists_ids_under_such_a_name_stays_one() -> None:
    assert run("- statement: a\n  episodes: [P1, P2]\n").texts() == ["a"]


def test_what_is_neither_is_told() -> None:
    outcome = run("name: pack\nengrams: [1, {statement: a}]\n---\ntitle: x\n")
    assert (outcome.texts(), outcome.codes()) == (["a"], {"unread-member": 3})
    outcome = run("a: 1\n")
    assert (outcome.originals, outcome.codes()) == ([], {"unknown-shape": 1})


# The table


def test_ids() -> None:
    assert engram(id="E1")["id"] == "E1"
    for id in ("", None, 5):
        assert engram(id=id)["id"] == "eng_" + hashed("S")
        assert plur(id=id)["id"] == "epx_" + hashed("2026-02-01\nS")
    assert plur(id=None, timestamp=None, agent="a")["id"] == "epx_" + hashed("\nS")


def test_a_blank_statement_without_an_id_is_left_out() -> None:
    outcome = run(json.dumps([{"statement": " \n"}, {"id": "E", "statement": None}, {"statement": "a"}]))
    assert (outcome.texts(), outcome.codes()) == (["", "a"], {"blank-memory": 1})


def test_an_episodes_summary_must_be_text() -> None:
    rows = [{"id": "P", "summary": summary, "agent": "a"} for summary in (None, 5, " ", ["x"])]
    assert run(json.dumps(rows)).codes() == {"unknown-shape": 1}


@pytest.mark.parametrize(
    ("statement", "details"),
    [(" a ", " a "), (None, ""), ({"b": 1.0, "a": [None, True]}, '{"a":[null,true],"b":1}'), (1e-5, "1e-05"), (True, "true")],
)
def test_details_are_the_statement(statement: Any, details: str) -> None:
    assert engram(statement=statement)["details"] == details


def test_summaries() -> None:
    assert engram(statement="\n  a \nb")["summary"] == "a "
    assert engram(statement="x" * 130)["summary"] == "x" * 120
    assert engram(statement="x", summary="y" * 130)["summary"] == "y" * 120
    assert engram(statement="x", summary="")["summary"] == "x"
    assert engram(statement="x", summary=5)["summary"] == "x"
    assert plur(summary="  " + "é" * 130 + "\nb")["summary"] == "é" * 120


def test_times() -> None:
    times = {"temporal": {"learned_at": "2026-01-01"}, "created_at": "2026-01-02", "updated_at": "2026-01-03T10:00:00+02:00"}
    found = engram(**times)
    assert (found["eventTime"], found["mentionTime"]) == ("2026-01-01T00:00:00Z", "2026-01-03T08:00:00Z")
    found = engram(**{**times, "temporal": None, "updated_at": None})
    assert (found["eventTime"], found["mentionTime"]) == ("2026-01-02T00:00:00Z",) * 2
    found = engram(temporal={"learned_at": "soon"}, created_at="2026-01-02")
    assert found["eventTime"] == "2026-01-02T00:00:00Z"
    assert (engram()["eventTime"], engram()["ingestionTime"]) == (timestamp(NOW),) * 2
    assert (plur()["eventTime"], plur()["mentionTime"]) == ("2026-02-01T00:00:00Z",) * 2


def test_a_missing_time_stays_missing() -> None:
    record = one("- statement: a\n")
    assert record.times == type(record.times)()
    record = one("- {id: E, statement: a, temporal: {learned_at: 2026-01-01, valid_until: 2027-01-01}, updated_at: 2026-01-02}")
    assert (record.times.created, record.times.valid_from) == (None, None)
    assert record.times.observed == from_iso("2026-01-01")
    assert record.times.updated == from_iso("2026-01-02")
    assert record.times.valid_to == from_iso("2027-01-01")


def test_activation() -> None:
    found = engram(activation={"last_accessed": "2026-01-30", "frequency": 5.0, "retrieval_strength": 1.5})
    assert (found["lastAccessed"], found["accessCount"], found["importance"]) == ("2026-01-30T00:00:00Z", 5, 1)
    found = engram(activation={"last_accessed": "x", "frequency": -3, "retrieval_strength": -1})
    assert ("lastAccessed" in found, found["accessCount"], found["importance"]) == (False, 0, 0)
    for odd in (True, "5", 5.5, None, []):
        assert engram(activation={"frequency": odd})["accessCount"] == 0
    for odd in (True, "0.9", None):
        assert engram(activation={"retrieval_strength": odd})["importance"] == 0.5
    assert engram(activation=[])["importance"] == 0.5
    assert engram(activation={"frequency": 10**40, "retrieval_strength": 10**400})["accessCount"] == 2**63 - 1


@pytest.mark.parametrize(
    ("level", "confidence"), [(1, 0.1), (9, 0.9), (10, 1), (7.0, 0.7), (0, 0.7), (11, 0.7), (7.5, 0.7), ("9", 0.7), (True, 0.7)]
)
def test_confidence(level: Any, confidence: float) -> None:
    assert engram(episodic={"confidence": level})["confidence"] == confidence


def test_tags_scope_and_pin() -> None:
    found = engram(tags=["a", 1, None, "b", "a"], scope="agent:x", pinned=True)
    assert (found["categories"], found["contextID"], found["pinned"]) == (["a", "b", "a"], "agent:x", True)
    found = engram(tags="a", scope="", pinned="true")
    assert (found["categories"], "contextID" in found, found["pinned"]) == ([], False, False)


@pytest.mark.parametrize(
    ("status", "state"),
    [("active", "HOT"), ("candidate", "HOT"), ("dormant", "COLD"), ("retired", "ARCHIVED"), ("x", "HOT"), (1, "HOT")],
)  # fmt: skip
def test_lifecycle(status: Any, state: str) -> None:
    assert engram(status=status)["lifecycleState"] == state


def test_valid_until_is_the_expiration() -> None:
    assert engram(temporal={"valid_until": "2027-03-02"})["expirationDate"] == "2027-03-02T00:00:00Z"
    assert "expirationDate" not in engram(temporal={"valid_until": "never"})


def test_kind_and_speaker() -> None:
    assert (engram(agent="a")["sourceType"], "speaker" in engram(agent="a")) == ("note", False)
    found = plur(agent="a", session_id="s", pinned=True, tags=["t"])
    assert (found["sourceType"], found["speaker"], found["contextID"]) == ("event", "a", "s")
    assert (found["pinned"], found["categories"]) == (False, [])


def test_metadata_keeps_every_member_texts_as_they_are() -> None:
    found = engram(version=2, pinned=False, x="", y=None, z={"b": 1.50, "a": "é"}, rationale="1")
    assert found["metadata"] == {
        "engram_record": "engram", "engram_version": "2", "engram_pinned": "false", "engram_x": "", "engram_y": "null",
        "engram_z": '{"a":"é","b":1.5}', "engram_rationale": "1",
    }  # fmt: skip
    assert plur(statements=[])["metadata"] == {
        "engram_record": "episode", "engram_timestamp": "2026-02-01", "engram_statements": "[]",
    }  # fmt: skip


def test_a_member_called_record_does_not_hide_what_it_is() -> None:
    outcome = run("- {id: E, statement: a, record: b}")
    assert outcome.records[0].residue["portable-memory"]["metadata"] == {"engram_record": "engram"}
    assert outcome.codes() == {"reserved-member": 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31", "2026-01-31T00:00:00Z"), ("2026-01-31T10:20:30", "2026-01-31T10:20:30Z"),
        ("2026-01-31 10:20:30.999999999z", "2026-01-31T10:20:30Z"), ("2026-01-31T10:20:30.5-02:30", "2026-01-31T12:50:30Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
    ],
)  # fmt: skip
def test_dates(text: str, expected: str) -> None:
    found = moment(text)
    assert found is not None
    assert timestamp(found) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "2026-1-31", "2026-02-30", "2026-01-31T10:20", "2026-01-31T10:20:60Z", "2026-01-31T24:00:00Z", " 2026-01-31",
        "2026-01-31T10:20:30+0200", "2026-01-31T10:20:30+24:00", "0001-01-01T00:00:00+01:00", "２０２６-01-31", "20260131",
        "2026", 5, None,
    ],
)  # fmt: skip
def test_what_is_no_date_is_ignored(text: Any) -> None:
    assert moment(text) is None


def test_canonical_json_of_the_dialect() -> None:
    value = {"b": [1.0, -0.0, 1e16, 5e-05, 1.5e-07, 10**30], "a": "é\x7f\u2028\x01\n/", "B": True, "\U00010000": 1, "\ue000": 2}
    text = '{"B":true,"a":"é\x7f\u2028\\u0001\\n/","b":[1,0,1e+16,5e-05,1.5e-07,1' + "0" * 30 + '],"\ue000":2,"\U00010000":1}'
    assert canonical(value) == text
    for odd in (float("nan"), float("inf"), {1, 2}):
        with pytest.raises(CanonicalError):
            canonical([odd])


def test_the_constants_are_the_dossiers() -> None:
    from satchel.adapters.engram.episode import DEFAULTS

    assert DEFAULTS == CONSTANTS
