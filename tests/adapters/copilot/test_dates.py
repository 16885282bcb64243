"""Times of tables: every spelling that is documented or that a place writes, and none that is guessed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.adapters.copilot.dates import Orders, spelled

AFTERNOON = datetime(2026, 2, 17, 14, 36, 11, tzinfo=UTC)
NO_SECONDS = AFTERNOON.replace(second=0)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-02-17T14:36:11", AFTERNOON),
        ("2026-02-17T14:36:11Z", AFTERNOON),
        ("2026-02-17T16:36:11+02:00", AFTERNOON),
        ("2026-02-17 14:36:11.0000000 +00:00", AFTERNOON),
        ("2026/2/17 14:36", NO_SECONDS),
        ("17.02.2026 14:36:11", AFTERNOON),
        ("17.2.2026, 14.36.11", AFTERNOON),
        ("2026年2月17日 14:36:11", AFTERNOON),
        ("2026/2/17 下午2:36:11", AFTERNOON),
        ("2026. 2. 17. 오후 2:36:11", AFTERNOON),
        ("Feb 17, 2026, 2:36:11\u202fPM", AFTERNOON),
        ("Tuesday, February 17, 2026 2:36 PM", NO_SECONDS),
        ("17. Februar 2026 um 14:36 UTC", NO_SECONDS),
        ("17 févr. 2026 à 14:36", NO_SECONDS),
        ("17 de fev. de 2026, 14:36:11", AFTERNOON),
        ("17 feb 2026 14:36:11 GMT+0", AFTERNOON),
        ("Tue, 17 Feb 2026 14:36:11 GMT", AFTERNOON),
    ],
)
def test_spellings_with_one_meaning(text: str, moment: datetime) -> None:
    found = spelled(text)
    assert (found.month_first, found.day_first) == (moment, moment)


@pytest.mark.parametrize(
    ("text", "month_first", "day_first"),
    [
        ("2/17/2026 2:36:11 PM +00:00", AFTERNOON, None),
        ("2/17/2026 14:36:11 +00:00", AFTERNOON, None),
        ("17/02/2026 14:36:11", None, AFTERNOON),
        ("17-02-2026 02:36:11 p.m.", None, AFTERNOON),
        ("3/4/2026 10:00", datetime(2026, 3, 4, 10, tzinfo=UTC), datetime(2026, 4, 3, 10, tzinfo=UTC)),
        ("12/12/2026 12:00:00 AM", datetime(2026, 12, 12, tzinfo=UTC), datetime(2026, 12, 12, tzinfo=UTC)),
        ("1/1/2026 12:00:00 PM", datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 1, 1, 12, tzinfo=UTC)),
    ],
)
def test_numbers_may_have_two_meanings(text: str, month_first: datetime | None, day_first: datetime | None) -> None:
    assert spelled(text)[:2] == (month_first, day_first)


@pytest.mark.parametrize(
    "text",
    [
        "", "soon", "2026", "1739802971", "2/30/2026 10:00", "31/02/2026", "13/13/2026", "2/17/26", "2/17/2026 25:00",
        "2/17/2026 0:36 PM", "2/17/2026 14:36 PM", "2/17/2026 14:36:11 EST", "17 jui 2026", "2026-02-30T10:00:00",
        "1/1/2026 10:00:00 +99:00", "0/0/0000", "1/1/0000", "9" * 300, "\ud800/1/2026", "1/1/2026 " + " " * 60 + "x",
    ],
)  # fmt: skip
def test_what_is_no_time_is_none(text: str) -> None:
    assert not spelled(text).is_read


@given(st.text(alphabet="0123456789/-.: ,+TZapmAPM年月日feb", max_size=40))
def test_no_text_raises(text: str) -> None:
    found = spelled(text)
    for moment in found[:2]:
        assert moment is None or moment.tzinfo is UTC


@given(st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC)))
def test_the_documented_spelling_reads_back(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    text = f"{moment.month}/{moment.day}/{moment.year} {moment.hour}:{moment:%M:%S} +00:00"
    assert Orders().settle(spelled(text)) == moment


def settle(*texts: str) -> list[datetime | None]:
    orders = Orders()
    for text in texts:
        orders.learn(spelled(text))
    return [orders.settle(spelled(text)) for text in texts]


def test_other_rows_tell_the_order() -> None:
    march, april = datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 4, 3, tzinfo=UTC)
    assert settle("3/4/2026", "17/2/2026")[0] == april
    assert settle("3/4/2026", "2/17/2026")[0] == march
    assert settle("3/4/2026")[0] is None
    assert settle("3/4/2026", "17/2/2026", "2/17/2026")[0] is None
    # Another spelling is no evidence: it may come of another place.
    assert settle("3/4/2026", "17-2-2026")[0] is None
    # The documented spelling has the month first, unless its own rows say otherwise.
    assert settle("3/4/2026 0:00:00 +00:00", "17/2/2026")[0] == march
    assert settle("3/4/2026 0:00:00 +00:00", "17/2/2026 0:00:00 +00:00")[0] == april
