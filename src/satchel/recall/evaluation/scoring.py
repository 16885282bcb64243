"""From outcomes to a report: means with their sampling error, by category.

Questions of one case share its memory, so they are not independent: the error of a mean is taken over cases (the cluster-robust
standard error of a ratio). With one case there is no error to tell, and none is told.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec

from satchel.recall.evaluation.measuring import InContext, Outcome, Plan

#: Thresholds of coverage that the abstention table looks at.
THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
ALL = "all"


class Mean(msgspec.Struct, frozen=True):
    """A mean and its standard error (None: not known), both 0 to 1."""

    value: float
    error: float | None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A category. Keys of the maps are k or the budget; ``questions`` counts all, ``with_evidence`` those that recall is of."""

    category: str
    questions: int
    with_evidence: int
    turns: dict[int, Mean]
    talks: dict[int, Mean]
    reciprocal_rank: Mean | None
    in_context: dict[int, Mean]
    whole_in_context: dict[int, Mean]
    #: Of choices: how often the right option was the best supported, and how often a blind guess is right.
    chosen: Mean | None = None
    by_chance: float | None = None


class Abstaining(msgspec.Struct, frozen=True):
    """If nothing were answered whose best hit covers less than ``threshold`` of what was asked: the share of questions with an
    answer that would still be answered (``found``: of those whose evidence was found), and of those without that would not."""

    threshold: float
    answered: float
    found: float
    declined: float


class Latency(msgspec.Struct, frozen=True):
    """Milliseconds of CPU."""

    p50_ms: float
    p95_ms: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured. ``unresolved`` counts ids of evidence that name no turn."""

    data_set: str
    cases: int
    turns: int
    unresolved: int
    counter: str
    #: The embedder's name; "" where words alone were gone by.
    embedder: str
    rows: tuple[Row, ...]
    with_answer: int
    without_answer: int
    abstaining: tuple[Abstaining, ...]
    retrieve: Latency | None
    context: Latency | None


class Sheet:
    """Outcomes as they come, case by case."""

    def __init__(self, data_set: str, plan: Plan) -> None:
        self._data_set = data_set
        self._plan = plan
        self._outcomes: list[tuple[int, Outcome]] = []
        self.cases = 0
        self._turns = 0

    def add(self, outcomes: Sequence[Outcome], turns: int) -> None:
        """The outcomes of one case, and how many turns it has."""
        self._outcomes += [(self.cases, outcome) for outcome in outcomes]
        self.cases += 1
        self._turns += turns

    def report(self) -> Report:
        """What came of all so far."""
        outcomes = [outcome for _, outcome in self._outcomes]
        categories = dict.fromkeys(outcome.question.category for outcome in outcomes)
        names = [ALL, *sorted(categories)] if len(categories) > 1 else [ALL]
        with_answer = [outcome for outcome in outcomes if outcome.hit is not None and outcome.question.is_answerable]
        without = [outcome for outcome in outcomes if not outcome.question.is_answerable]
        return Report(
            data_set=self._data_set,
            cases=self.cases,
            turns=self._turns,
            unresolved=sum(outcome.question.unresolved for outcome in outcomes),
            counter=self._plan.counter.name,
            embedder="" if self._plan.embedder is None else self._plan.embedder.name,
            rows=tuple(self._row(name) for name in names),
            with_answer=len(with_answer),
            without_answer=len(without),
            abstaining=_abstaining(with_answer, without),
            retrieve=_latency([outcome.retrieve_s for outcome in outcomes]),
            context=_latency([outcome.context_s for outcome in outcomes]) if self._plan.budgets else None,
        )

    def _row(self, category: str) -> Row:
        listed = [pair for pair in self._outcomes if category == ALL or pair[1].question.category == category]
        choices = [1 / len(outcome.question.options) for _, outcome in listed if outcome.chosen is not None]

        def of(read: Callable[[Outcome], float | None]) -> Mean | None:
            values = [(case, value) for case, outcome in listed if (value := read(outcome)) is not None]
            return mean(values) if values else None

        def each(keys: Sequence[int], read: Callable[[Outcome, int], float | None]) -> dict[int, Mean]:
            found = {key: of(lambda outcome, key=key: read(outcome, key)) for key in keys}  # type: ignore[misc]
            return {key: value for key, value in found.items() if value is not None}

        budgets = self._plan.budgets
        contexts = [(case, outcome.contexts) for case, outcome in listed]

        def within(read: Callable[[InContext], float]) -> dict[int, Mean]:
            found = {size: [(case, read(each[size])) for case, each in contexts if size in each] for size in budgets}
            return {size: mean(values) for size, values in found.items() if values}

        return Row(
            category=category,
            questions=len(listed),
            with_evidence=sum(1 for _, outcome in listed if outcome.turns or outcome.talks),
            turns=each(self._plan.ks, lambda outcome, k: outcome.turns.get(k)),
            talks=each(self._plan.ks, lambda outcome, k: outcome.talks.get(k)),
            reciprocal_rank=of(lambda outcome: outcome.first),
            in_context=within(lambda found: found.standing),
            whole_in_context=within(lambda found: found.whole),
            chosen=of(lambda outcome: None if outcome.chosen is None else float(outcome.chosen)),
            by_chance=sum(choices) / len(choices) if choices else None,
        )


def mean(values: Sequence[tuple[int, float]]) -> Mean:
    """The mean of values, each with the number of its case, and its standard error over cases."""
    count = len(values)
    whole = sum(value for _, value in values) / count
    apart: dict[int, float] = {}
    for case, value in values:
        apart[case] = apart.get(case, 0.0) + value - whole
    cases = len(apart)
    if cases < 2:
        return Mean(whole, None)
    squares = sum(deviation**2 for deviation in apart.values())
    return Mean(whole, math.sqrt(squares * cases / (cases - 1)) / count)


def _abstaining(with_answer: Sequence[Outcome], without: Sequence[Outcome]) -> tuple[Abstaining, ...]:
    if not with_answer or not without:
        return ()
    found = [outcome for outcome in with_answer if outcome.hit]

    def over(outcomes: Sequence[Outcome], threshold: float) -> float:
        return sum(outcome.covered >= threshold for outcome in outcomes) / len(outcomes) if outcomes else 0.0

    return tuple(Abstaining(at, over(with_answer, at), over(found, at), 1 - over(without, at)) for at in THRESHOLDS)


def _latency(seconds: Sequence[float]) -> Latency | None:
    if not seconds:
        return None
    ordered = sorted(seconds)

    def at(share: float) -> float:
        return 1000 * ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]

    return Latency(at(0.5), at(0.95))
