"""Timestamps: the grammar and the table of dossier 3.4."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.formats.portable_memory import moments

_NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-01T00:00:00Z",
        "2024-01-01t00:00:00z",
        "2024-01-01 00:00:00Z",
        "2024-01-01",
        "2024-01-01T00:00Z",
        "2024-01-01T00Z",
        "2024-01-01T00:00:00",
        "2024-01-01T02:00:00+02:00",
        "2024-01-01T02:00:30+02:00:30",
        "2024-01-01T02:00:00+0200",
        "2024-01-01T02:00:00+02",
        "2023-12-31T22:00:00-02:00",
    ],
)
def test_forms_that_some_platform_reads(text: str) -> None:
    assert moments.read(text) == _NEW_YEAR


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [(".5Z", 500_000), (".123Z", 123_000), (".123456Z", 123_456), (".123456789Z", 123_456), (",5Z", 500_000)],
)
def test_fractions_of_any_length(text: str, microsecond: int) -> None:
    assert moments.read("2024-01-01T00:00:00" + text) == _NEW_YEAR.replace(microsecond=microsecond)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024-01-01T00:00:00ZZ",
        "2024-01-01T00:00:60Z",
        "2024-01-01T24:00:00Z",
        "2024-01-01T00:00:00+24:00",
        " 2024-01-01T00:00:00Z",
        "2024-01-01T00:00:00Z\n",
        "12024-01-01T00:00:00Z",
        "٢٠٢٤-01-01T00:00:00Z",
        "2024-02-30T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "2024-W01-1",
        "20240101",
        "2024-13-01",
    ],
)
def test_what_names_no_moment(text: str) -> None:
    assert moments.read(text) is None


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])))
def test_what_is_written_reads_as_the_whole_second(moment: datetime) -> None:
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        return
    text = moments.write(utc)
    assert moments.is_canonical(text) and moments.read(text) == utc.replace(microsecond=0)


def test_years_have_four_digits() -> None:
    """Item 16: the reference writes 999 and cannot read it again."""
    assert moments.write(datetime(999, 12, 31, 23, 59, 59, 999_999, UTC)) == "0999-12-31T23:59:59Z"


@given(st.text(max_size=30))
def test_any_text_is_a_moment_or_none(text: str) -> None:
    moment = moments.read(text)
    assert moment is None or moment.tzinfo is UTC
