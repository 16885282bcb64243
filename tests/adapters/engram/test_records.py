"""Engrams as our records: identity, status, links, access, what their silence means."""

from __future__ import annotations

import json
from typing import Any

import pytest

from satchel.model.findings import Finding
from satchel.model.ids import make_uid, provider_uid
from satchel.model.record import Link
from tests.adapters.engram.harness import one, run


def uid(native_id: str, account: str = "") -> str:
    return provider_uid("engram", account, "engram", native_id)


def test_a_uid_is_of_the_account_and_the_id_alone() -> None:
    text = "- {id: E1, statement: a}\n- {id: P1, summary: b, agent: c}\n"
    assert [record.uid for record in run(text).records] == [uid("E1"), uid("P1")]
    assert [record.uid for record in run(text, account="me").records] == [uid("E1", "me"), uid("P1", "me")]
    assert run("- statement: a\n").records[0].uid == run("x: 1\n---\n- statement: a\n  tags: [b]\n").records[0].uid


def test_a_file_is_known_again_when_it_has_grown() -> None:
    first, second = run("- {id: E1, statement: a}\n"), run("# new\n- {id: E1, statement: a}\n- {id: E2, statement: b}\n")
    assert first.originals[0].uid == second.originals[0].uid == make_uid("engram", "file", uid("E1"))
    assert first.originals[0].native == b"- {id: E1, statement: a}\n"


def test_a_files_age_is_its_last_time() -> None:
    outcome = run("- {statement: a, created_at: 2026-01-01, activation: {last_accessed: 2026-03-01}}\n- statement: b\n")
    assert str(outcome.originals[0].updated) == "2026-03-01 00:00:00+00:00"
    assert run("- {statement: a, temporal: {valid_until: 2030-01-01}}\n").originals[0].updated is None


def test_silence_is_no_default() -> None:
    record = one("- statement: a\n")
    assert (record.body.confidence, record.body.salience) == (None, None)  # type: ignore[union-attr]
    assert (record.trust, record.status, record.body.type) == ("imported", "active", "fact")  # type: ignore[union-attr]
    record = one("- {statement: a, episodic: {confidence: 7}, activation: {retrieval_strength: 0.5}, tags: [x, y, x]}")
    assert (record.body.confidence, record.body.salience, record.tags) == (0.7, 0.5, ("x", "y"))  # type: ignore[union-attr]
    assert {"confidence", "importance"} & record.residue["portable-memory"].keys() == set()


def test_an_episode_names_its_agent() -> None:
    record = one("- {summary: a, agent: hermes, timestamp: 2026-02-01}")
    assert (record.body.type, record.provenance.actor) == ("episode", "hermes")  # type: ignore[union-attr]
    assert str(record.times.observed) == "2026-02-01 00:00:00+00:00"


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({"status": "active"}, "active"), ({"status": "candidate"}, "active"), ({"status": "dormant"}, "active"),
        ({"status": "retired"}, "archived"), ({"status": "deprecated"}, "deprecated"), ({"status": "retracted"}, "retracted"),
        ({"status": "superseded"}, "superseded"), ({"relations": {"superseded_by": "E2"}}, "superseded"),
        ({"status": []}, "active"),
    ],
)  # fmt: skip
def test_status(members: dict[str, Any], status: str) -> None:
    assert one(json.dumps([{"statement": "a", **members}])).status == status


@pytest.mark.parametrize(
    ("visibility", "ours"),
    [("private", "private"), ("public", "public"), ("shared", "shared"), ("template", "public"), ("x", "private")],
)  # fmt: skip
def test_visibility(visibility: Any, ours: str) -> None:
    assert one(json.dumps([{"statement": "a", "visibility": visibility}])).access.visibility == ours


def test_links_to_other_engrams() -> None:
    value = {
        "id": "E1",
        "statement": "a",
        "relations": {"related": ["E2", "E1", 5], "conflicts": "E3", "supersedes": ["E4"], "broader": [{"id": "E5"}]},
        "derived_from": "E6",
        "associations": [{"target": "E2", "type": "semantic"}, {"target": "E7"}, {"target": None}, "E8", 5],
    }
    found = one(json.dumps([value])).links
    assert found == (
        Link("related_to", uid("E2")),
        Link("contradicts", uid("E3")),
        Link("supersedes", uid("E4")),
        Link("related_to", uid("E5")),
        Link("derived_from", uid("E6")),
        Link("related_to", uid("E7")),
        Link("related_to", uid("E8")),
    )
    assert one('[{"statement": "a", "relations": [], "associations": {"target": "x"}}]').links == ()


def test_a_bad_time_is_told_and_no_content_with_it() -> None:
    outcome = run("- {id: secret-id, statement: secret words, created_at: secret time, temporal: {learned_at: 2026}}")
    assert outcome.codes() == {"bad-time": 2}
    assert all("secret" not in repr(finding) for finding in outcome.findings)
    assert isinstance(outcome.findings[0], Finding)
