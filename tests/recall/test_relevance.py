"""The protocol's formula, in numbers (dossier Portable Agent Memory 6.4)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from satchel.errors import UsageError
from satchel.model.bodies import Instruction
from satchel.model.record import Origin, Record, Times
from satchel.recall.relevance import Weights, scores
from tests.recall.made import NOW, memory


@pytest.mark.parametrize(
    ("age_days", "salience", "similarity", "depth", "relevance"),
    [
        (0, 1.0, 1.0, 0, 1.0),
        (45, 0.5, 0.5, 1, 0.2 * 0.5 + 0.3 * 0.5 + 0.4 * 0.5 + 0.1 * 0.5),
        (90, 0.8, 0.25, 3, 0.3 * 0.8 + 0.4 * 0.25 + 0.1 * 0.25),
        (900, 0.0, 0.0, 0, 0.1),
        (-5, 0.5, 0.0, 0, 0.2 + 0.15 + 0.1),
    ],
)
def test_the_default_weights(age_days: float, salience: float, similarity: float, depth: int, relevance: float) -> None:
    record = memory("1", "x", salience=salience, trust="own", times=Times(created=NOW - timedelta(days=age_days)))
    assert scores(record, similarity, depth, NOW).relevance == pytest.approx(relevance)


def test_what_is_not_known_leaves_its_weight_to_the_others() -> None:
    """Without similarity: divided by 0.6; without a time by 0.8 of the whole (the dossier's Decision)."""
    timed = memory("1", "x", salience=1.0, trust="own", times=Times(created=NOW))
    assert scores(timed, None, 0, NOW).relevance == pytest.approx((0.2 + 0.3 + 0.1) / 0.6)
    untimed = memory("2", "x", salience=0.5, trust="own")
    assert scores(untimed, 1.0, 0, NOW).relevance == pytest.approx((0.15 + 0.4 + 0.1) / 0.8)


def test_an_untrusted_source_does_not_set_its_own_weight() -> None:
    boast = memory("1", "x", salience=1.0, trust="untrusted")
    assert scores(boast, 0.0, 0, NOW).salience == 0.75
    assert scores(memory("2", "x", confidence=0.0), 0.0, 0, NOW).salience == 0.25
    identity = Record(uid="0" * 40, body=Instruction(text="x"), origin=Origin(format="made"))
    assert scores(identity, 0.0, 0, NOW).salience == 1.0


@pytest.mark.parametrize(
    "wrong", [{"recency": -0.1}, {"recency": 0, "salience": 0, "similarity": 0, "depth": 0}, {"max_age_s": 0}]
)
def test_weights_that_are_none(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Weights(**wrong)
