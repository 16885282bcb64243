"""Recall, ranks, contexts, abstention and errors, against figures worked out by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from satchel.recall.evaluation.cases import Case, Question, Talk, Turn
from satchel.recall.evaluation.measuring import InContext, Outcome, Plan, ask, best_option, by_talk, share
from satchel.recall.evaluation.scoring import Mean, Sheet, mean
from satchel.recall.retrieval import Evidence, Retrieved
from tests.recall.made import NOW
from tests.recall.made import talk as made_talk


def talk(id: str, *texts: str, author: str = "Ana", days: int = 0) -> Talk:
    turns = tuple(Turn(f"{id}.{at}", "user", text, author) for at, text in enumerate(texts))
    return Talk(id, turns, NOW - timedelta(days=days))


def asked(text: str, *evidence: str, **more: object) -> Question:
    talks = tuple(dict.fromkeys(id.split(".")[0] for id in evidence))
    return Question(id=text, text=text, category="c", evidence=evidence, talks=talks, **more)  # type: ignore[arg-type]


def outcome(case: Case, plan: Plan | None = None) -> Outcome:
    (found,) = ask(case, plan or Plan(ks=(1, 2), budgets=(3000,)))
    return found


def test_recall_and_rank_of_what_is_found_and_what_is_not() -> None:
    talks = (talk("a", "The kayak is red"), talk("b", "Tulips bloom in April"), talk("c", "Nothing to see"))
    found = outcome(Case("x", talks, (asked("Which colour has the kayak?", "a.0", "b.0"),)))
    assert found.turns == {1: 0.5, 2: 0.5} and found.talks == {1: 0.5, 2: 0.5} and found.first == 1.0
    missed = outcome(Case("x", talks, (asked("Which colour has the kayak?", "b.0"),)))
    assert missed.turns == {1: 0.0, 2: 0.0} and missed.first == 0.0 and missed.hit is False


def test_the_second_rank_is_half() -> None:
    talks = (talk("a", "kayak kayak kayak"), talk("b", "A long talk of many things, of which the kayak is one, and rope"))
    found = outcome(Case("x", talks, (asked("kayak", "b.0"),)))
    assert found.first == 0.5 and found.turns == {1: 0.0, 2: 1.0}


def test_what_stands_in_a_context_and_what_stands_there_whole() -> None:
    long = "The kayak is red. " + "It rained all day long. " * 400
    case = Case("x", (talk("a", long), talk("b", "We bought the kayak")), (asked("Tell me of the kayak", "a.0", "b.0"),))
    small, large = (outcome(case, Plan(ks=(5,), budgets=(size,))).contexts[size] for size in (3000, 60_000))
    assert small == InContext(1.0, 0.5), "the long turn stands as an extract"
    assert large.standing == 1.0


def test_a_question_without_evidence_has_no_recall() -> None:
    found = outcome(Case("x", (talk("a", "tea"),), (asked("Where is the zeppelin?", is_answerable=False),)))
    assert (found.turns, found.talks, found.first, found.contexts, found.covered) == ({}, {}, None, {}, 0.0)


def test_coverage_is_of_what_was_asked() -> None:
    talks = (talk("a", "The red kayak leaks"),)
    assert outcome(Case("x", talks, (asked("kayak leaks", "a.0"),))).covered == 1.0
    half = outcome(Case("x", talks, (asked("kayak zeppelin", "a.0"),))).covered
    assert 0.0 < half < 0.5, "the word that nothing holds weighs more"


def test_hidden_turns_are_in_no_context() -> None:
    turns = (Turn("0", "system", "The kayak is red", is_hidden=True), Turn("1", "user", "What of the kayak"))
    found = outcome(
        Case("x", (Talk("a", turns),), (Question(id="q", text="kayak", category="c", evidence=("0",), talks=("a",)),))
    )
    assert found.contexts[3000] == InContext(0.0, 0.0) and found.turns == {1: 0.0, 2: 0.0}


def test_talks_by_their_turns_each_half_of_the_one_before() -> None:
    """One turn of 0.6 stands before three of 0.3, which make 0.3 + 0.15 + 0.075; four of 0.4 make 0.75."""
    scores = [("many", 0.4)] * 4 + [("one", 0.6)] + [("three", 0.3)] * 3 + [("elsewhere", 9.0)]
    (record, *_) = made_talk("1", [])
    found = [Retrieved(record, Evidence(score, score, 0.0, 0.0, 0.0, 0.0), uid) for uid, score in scores]
    assert by_talk(found, {"one": "A", "three": "B", "many": "C"}) == ["C", "A", "B"]
    assert by_talk([], {"one": "A"}) == []


def test_the_option_that_memory_speaks_for() -> None:
    options = ("You play the violin.", "You play the drums.", "You play chess.")
    case = Case("x", (talk("a", "These days I play drums"),), (asked("Which music do I play?", options=options, right=1),))
    assert outcome(case).chosen is True
    assert best_option(options, []) == 0


def test_share() -> None:
    assert share({"a", "b", "c", "d"}, ["a", "x", "b", "a"]) == 0.5


def test_the_error_of_a_mean_is_over_cases() -> None:
    """Two cases of two: deviations from 0.5 add up to +1 and -1, so the error is sqrt(2 · 2/1) / 4."""
    assert mean([(0, 1.0), (0, 1.0), (1, 0.0), (1, 0.0)]) == Mean(0.5, pytest.approx(0.5))  # type: ignore[arg-type]
    assert mean([(0, 1.0), (0, 0.0)]) == Mean(0.5, None), "one case tells no error"
    # Where each case has one question it is the usual standard error: s / sqrt(n) = sqrt(1/3) / 2 for two of four.
    assert mean([(n, float(n % 2)) for n in range(4)]).error == pytest.approx((1 / 3) ** 0.5 / 2)


def of(category: str, turns: float | None, covered: float, *, answerable: bool = True) -> Outcome:
    question = Question(id="q", text="q", category=category, is_answerable=answerable)
    if turns is None:
        return Outcome(question=question, covered=covered)
    return Outcome(question=question, turns={5: turns}, first=turns, hit=turns > 0, covered=covered, retrieve_s=turns)


def test_a_report_by_category_with_abstention() -> None:
    sheet = Sheet("made", Plan(ks=(5,), budgets=()))
    sheet.add([of("a", 1.0, 0.9), of("b", 0.0, 0.4)], 10)
    sheet.add([of("a", 0.5, 0.6), of("none", None, 0.45, answerable=False)], 20)
    report = sheet.report()
    rows = {row.category: row for row in report.rows}
    assert list(rows) == ["all", "a", "b", "none"] and (report.cases, report.turns) == (2, 30)
    assert rows["all"].turns[5].value == 0.5 and (rows["all"].questions, rows["all"].with_evidence) == (4, 3)
    assert rows["a"].turns[5].value == 0.75 and rows["none"].turns == {} and rows["none"].reciprocal_rank is None
    at = {each.threshold: each for each in report.abstaining}
    assert (at[0.5].answered, at[0.5].found, at[0.5].declined) == (pytest.approx(2 / 3), 1.0, 1.0)
    assert (at[0.2].answered, at[0.2].declined) == (1.0, 0.0)
    assert report.retrieve is not None and report.retrieve.p95_ms == 1000.0 and report.context is None


def test_nothing_to_abstain_from_tells_nothing() -> None:
    sheet = Sheet("made", Plan(ks=(5,), budgets=()))
    sheet.add([of("a", 1.0, 0.9)], 1)
    assert sheet.report().abstaining == () and len(sheet.report().rows) == 1
