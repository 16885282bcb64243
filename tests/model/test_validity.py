"""Which state of a record held at a moment (docs/model.md, "Times")."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.model.bodies import Memory
from satchel.model.record import Origin, Record, Status, Times
from satchel.model.validity import state_at


def day(number: int) -> datetime:
    return datetime(2026, 1, number, tzinfo=UTC)


def state(status: Status = "active", **days: int) -> Record:
    times = Times(**{name: day(number) for name, number in days.items()})
    return Record(uid="00" * 20, body=Memory(text="x"), origin=Origin(format="made"), times=times, status=status)


@pytest.mark.parametrize(
    ("states", "held"),
    [
        ([state()], {1: 0, 31: 0}),
        ([state(valid_from=10)], {9: None, 10: 0, 31: 0}),
        ([state(valid_from=10, valid_to=20)], {9: None, 19: 0, 20: None}),
        ([state(created=10, observed=5)], {4: None, 5: 0}),
        ([state(valid_from=5), state(valid_from=10)], {4: None, 5: 0, 9: 0, 10: 1}),
        ([state(valid_from=5, valid_to=8), state(valid_from=10)], {7: 0, 8: None, 10: 1}),
        ([state(created=5), state(created=5, updated=12)], {6: 0, 11: 0, 12: 1}),
        # A later state that reaches further back leaves nothing to the one before it.
        ([state(valid_from=10), state(valid_from=5)], {5: 1, 12: 1}),
        ([state(valid_from=5), state("retracted", created=5, updated=12)], {6: 0, 12: None}),
        ([state("superseded", valid_from=5, valid_to=9)], {8: 0, 9: None}),
        ([state("superseded", valid_from=5)], {8: None}),
        ([state("archived", valid_from=5)], {8: 0}),
        ([], {1: None}),
    ],
)
def test_the_state_that_held(states: list[Record], held: dict[int, int | None]) -> None:
    assert {number: state_at(states, day(number)) for number in held} == held


days = st.none() | st.integers(1, 31)


@given(
    st.lists(st.fixed_dictionaries({"valid_from": days, "valid_to": days, "created": days, "updated": days}), max_size=4),
    st.integers(1, 31),
)
def test_what_held_had_begun_and_was_not_over(made: list[dict[str, Any]], number: int) -> None:
    states = [state(**{name: value for name, value in one.items() if value is not None}) for one in made]
    place = state_at(states, day(number))
    if place is not None:
        times = states[place].times
        assert times.valid_from is None or times.valid_from <= day(number)
        assert times.valid_to is None or day(number) < times.valid_to
