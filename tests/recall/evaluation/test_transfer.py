"""Transfer Continuity Score, Re-hydration Fidelity and their report (checklist MET-01 to MET-05 of the dossier)."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.errors import InputError, MalformedInput
from satchel.recall.evaluation.transfer import (
    Agent,
    Probes,
    Question,
    Task,
    continuity,
    continuity_band,
    fidelity,
    fidelity_band,
    is_done,
    lexical,
    read_probes,
    report,
    warnings,
)

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def probes(value: Any) -> Probes:
    return read_probes(json.dumps(value).encode(), "probes.json")


def done(*pairs: tuple[bool, bool]) -> tuple[Task, ...]:
    return tuple(Task(id=str(n), source_success=a, target_success=b) for n, (a, b) in enumerate(pairs))


# MET-01


def test_met_01_continuity_is_the_ratio_of_success_rates() -> None:
    assert continuity([True, True, True, False], [True, False, True, False]) == pytest.approx(2 / 3)
    assert continuity([True, False], [True, True]) == 2.0


@pytest.mark.parametrize(("source", "target"), [([False], [True]), ([], []), ([True], [True, False])])
def test_met_01_continuity_is_undefined_without_a_source(source: list[bool], target: list[bool]) -> None:
    with pytest.raises(InputError, match="Transfer Continuity Score"):
        continuity(source, target)


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (1.2, "matches"),
        (1.0, "matches"),
        (0.99, "minor"),
        (0.8, "minor"),
        (0.79, "significant"),
        (0.5, "significant"),
        (0.49, "severe"),
        (0.0, "severe"),
    ],
)
def test_met_01_bands(value: float, word: str) -> None:
    assert continuity_band(value).startswith(word)


# MET-02, MET-03


def test_met_02_fewer_than_thirty_probes_are_warned_of() -> None:
    few = Probes(probe_tasks=done(*[(True, True)] * 29), probe_questions=tuple(Question(id=str(n)) for n in range(29)))
    assert [told for told in warnings(few) if "fewer than 30" in told] == [
        "tasks: 29, and fewer than 30 tell little",
        "questions: 29, and fewer than 30 tell little",
    ]
    assert not [told for told in warnings(Probes(probe_tasks=done(*[(True, True)] * 30))) if "fewer" in told]


def test_met_03_categories_that_are_not_covered_are_warned_of() -> None:
    tasks = tuple(Task(id=name, category=name, expect_substring="x") for name in ("recall", "reasoning"))  # type: ignore[arg-type]
    assert "no task of procedural" in warnings(Probes(probe_tasks=tasks))
    whole = (*tasks, Task(id="p", category="procedural", expect_substring="x"))
    assert not [told for told in warnings(Probes(probe_tasks=whole)) if "no task of" in told]


# MET-04


def test_met_04_fidelity_is_the_mean_of_cosines() -> None:
    # (1,1)·(1,0) / (√2·1) and 1.
    assert fidelity([("red kayak", "red"), ("tea", "Tea!")]) == pytest.approx((2**-0.5 + 1) / 2)
    assert (
        fidelity([("a", "b")], lambda first, second: 7.0) == 1.0 and fidelity([("a", "b")], lambda first, second: -1.0) == 0.0
    )
    with pytest.raises(InputError):
        fidelity([])


@pytest.mark.parametrize(
    ("first", "second", "value"),
    [("a a b", "a b b", 4 / 5), ("x", "", 0.0), ("", "", 0.0), ("?!", "?!", 0.0), ("AbC-1", "abc 1", 1.0), ("a b", "c d", 0.0)],
)
def test_met_04_the_lexical_embedding_counts_words(first: str, second: str, value: float) -> None:
    assert lexical(first, second) == pytest.approx(value)


@given(st.text(max_size=60), st.text(max_size=60))
def test_met_04_lexical_is_symmetric_and_bounded(first: str, second: str) -> None:
    value = lexical(first, second)
    assert 0.0 <= value <= 1.0 + 1e-9 and value == pytest.approx(lexical(second, first))
    assert lexical(first, first) in (0.0, pytest.approx(1.0))


@pytest.mark.parametrize(
    ("value", "word"), [(0.9, "high"), (0.89, "good"), (0.7, "good"), (0.69, "moderate"), (0.5, "moderate"), (0.49, "low")]
)
def test_met_04_bands(value: float, word: str) -> None:
    assert fidelity_band(value) == word


def test_answers_that_the_lexical_measure_cannot_compare_are_warned_of() -> None:
    asked = Question(id="1", source_response="京都です", target_response="Kyoto")
    assert any("no Latin letter" in told for told in warnings(Probes(probe_questions=(asked,))))


# MET-05


def test_met_05_the_report_has_the_protocols_form() -> None:
    made = report(
        Probes(
            probe_tasks=done((True, True), (True, False)),
            probe_questions=(Question(id="q", source_response="a b", target_response="a b"),),
            source_agent=Agent("one", "claude"),
            target_agent=Agent("two", "gpt"),
            artifact_id="urn:x",
            rehydration_config={"token_budget": 4096, "relevance_threshold": 0.3, "format_style": "structured"},
        ),
        at=AT,
        number=7,
    )
    assert msgspec.to_builtins(made) == {
        "evaluation_id": "eval:2026-11-22-007",
        "source_agent": {"name": "one", "model_family": "claude"},
        "target_agent": {"name": "two", "model_family": "gpt"},
        "artifact_id": "urn:x",
        "rehydration_config": {"token_budget": 4096, "relevance_threshold": 0.3, "format_style": "structured"},
        "metrics": {"tcs": 0.5, "rhf": pytest.approx(1.0), "probe_task_count": 2, "probe_question_count": 1},
        "timestamp": made.timestamp,
    }
    assert re.fullmatch(r"2026-11-22T12:00:00(\.0+)?Z", made.timestamp)


def test_met_05_either_half_may_be_missing() -> None:
    only = report(Probes(probe_tasks=done((True, True))), at=AT)
    assert (only.metrics.tcs, only.metrics.rhf) == (1.0, None)
    with pytest.raises(InputError, match="both sides"):
        report(Probes(probe_tasks=(Task(id="1", prompt="x"),)), at=AT)


# The default grader and the file


@pytest.mark.parametrize(
    ("expected", "answer", "found"),
    [
        ("Lisbon", "she lives in LISBON.", True),
        ("Lisbon", "Porto", False),
        ("", "anything", False),
        ("straße", "STRASSE", True),
    ],
)
def test_the_grader_looks_for_what_is_expected(expected: str, answer: str, found: bool) -> None:
    assert is_done(Task(id="1", expect_substring=expected), answer) is found


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        {"probe_tasks": []},
        {"probe_tasks": [{"prompt": "no id"}]},
        {"probe_tasks": [{"id": "1"}]},
        {"probe_tasks": [{"id": "1", "prompt": " "}]},
        {"probe_tasks": [{"id": "1", "source_success": True}]},
        {"probe_tasks": [{"id": "1", "source_success": "yes", "target_success": True}]},
        {"probe_tasks": [{"id": "1", "prompt": "x", "category": "other"}]},
        {"probe_tasks": [{"id": "1", "prompt": "x"}, {"id": "1", "prompt": "y"}]},
        {"probe_questions": [{"id": "1", "source_response": "x"}]},
    ],
)
def test_what_is_no_probe_set_is_refused(value: Any) -> None:
    with pytest.raises(MalformedInput, match=r"probes\.json"):
        probes(value)


def test_what_is_no_json_is_refused() -> None:
    for data in (b"", b"{", b"\xff", b'{"probe_tasks": [' + b"[" * 5000):
        with pytest.raises(InputError):
            read_probes(data, "probes.json")


def test_members_of_others_are_passed_over() -> None:
    found = probes({"probe_tasks": [{"id": "1", "source_success": True, "target_success": False, "note": 1}], "comment": "x"})
    assert found.is_answered
