"""Times as providers write them; what is none is None, never the present."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.model import times


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1750537482.970556, "2025-06-21T20:24:42.970556Z"),
        (1704067200, "2024-01-01T00:00:00Z"),
        ("1704067200.5", "2024-01-01T00:00:00.500000Z"),
        (1704067200000, "2024-01-01T00:00:00Z"),
        ("2024-10-29T15:59:18.774635+00:00", "2024-10-29T15:59:18.774635Z"),
        ("2026-01-23T10:11:12.345000+08:00", "2026-01-23T02:11:12.345000Z"),
        ("2024-01-15T10:30:00Z", "2024-01-15T10:30:00Z"),
        ("2024-08-08T19:12:06.120414", "2024-08-08T19:12:06.120414Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
        ("2025-05-02", "2025-05-02T00:00:00Z"),
    ],
)
def test_read_and_written(value: Any, expected: str) -> None:
    moment = times.from_any(value)
    assert moment is not None
    assert times.to_rfc3339(moment) == expected


@pytest.mark.parametrize(
    "value",
    [None, 0, 0.0, "", "garbage", [], {}, True, float("nan"), float("inf"), 10**400, -(10**30), "0", b"2024", "24:00",
     "0001-01-01T00:00:00+14:00"],
)  # fmt: skip
def test_what_is_no_time_is_none(value: Any) -> None:
    assert times.from_any(value) is None


@given(st.datetimes(timezones=st.just(UTC)))
def test_microseconds_are_exact(moment: datetime) -> None:
    assert times.from_microseconds(times.to_microseconds(moment)) == moment
    assert times.from_iso(times.to_rfc3339(moment)) == moment


@given(st.floats() | st.floats(0, 2e11) | st.sampled_from([1e11, 1e14, 1e18, -1e11, -1e14]))
def test_a_number_means_the_same_whichever_spelling_was_expected(value: float) -> None:
    assert times.from_any(value) == times.from_epoch(value)


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers())))
def test_nothing_crashes_it(value: Any) -> None:
    moment = times.from_any(value)
    assert moment is None or moment.utcoffset() == timedelta(0)
