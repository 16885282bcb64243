"""The spans of time that a question names: "last week", "in May 2023", "on 7 May", "2023-05-07", "yesterday".

Nothing is guessed: a month without a year is the last one that has begun; a day that could be read two ways (5/7/2023) is not
read at all.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import msgspec

#: A question is no book: times are looked for this far.
SCAN_CHARACTERS = 10_000

_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_NUMBER = (
    {name: number for number, name in enumerate(_MONTHS, 1)}
    | {name[:3]: number for number, name in enumerate(_MONTHS, 1) if name != "may"}
    | {"sept": 9}
)
_WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_MONTH = "|".join(sorted(_NUMBER, key=len, reverse=True))
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_PATTERNS = tuple(
    re.compile(rf"\b{pattern}\b", re.IGNORECASE)
    for pattern in (
        rf"{_YEAR}-(?P<number>\d\d)-(?P<day>\d\d)",
        rf"{_DAY}\s+(?:of\s+)?(?P<month>{_MONTH})\.?,?(?:\s+{_YEAR})?",
        rf"(?P<month>{_MONTH})\.?\s+{_DAY}(?:,?\s+{_YEAR})?",
        rf"(?P<month>{_MONTH})\.?,?\s+{_YEAR}",
        rf"(?:in|during|since|last|this)\s+(?P<month>{_MONTH})",
        rf"(?:in|during|of|since)\s+{_YEAR}",
    )
)
_RELATIVE = re.compile(
    rf"\b(?:(?P<named>today|yesterday|tonight)|(?P<which>last|this|past|previous)\s+(?P<unit>week|month|year|weekend|{'|'.join(_WEEKDAYS)})"
    r"|(?P<count>\d{1,3}|a|an|two|three|four|five|six|seven)\s+(?P<ago>day|week|month|year)s?\s+ago)\b",
    re.IGNORECASE,
)
_COUNTS = {"a": 1, "an": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7}
_DAY_LONG = timedelta(days=1)


class Span(msgspec.Struct, frozen=True, order=True):
    """From ``begin`` to before ``end``; both aware, in UTC."""

    begin: datetime
    end: datetime


def spans(text: str, now: datetime) -> tuple[Span, ...]:
    """What ``text``, said at ``now``, names; in order of time, each once."""
    text = text[:SCAN_CHARACTERS]
    found: set[Span] = set()
    taken: list[tuple[int, int]] = []
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            # What names a day that is none is not read as its month.
            taken.append(match.span())
            span = _named(match.groupdict(), now)
            if span is not None:
                found.add(span)
    for match in _RELATIVE.finditer(text):
        span = _relative(match, now)
        if span is not None:
            found.add(span)
    return tuple(sorted(found))


def _named(groups: dict[str, str | None], now: datetime) -> Span | None:
    year = int(groups.get("year") or 0)
    month = int(groups.get("number") or 0) or _NUMBER.get((groups.get("month") or "").lower(), 0)
    day = int(groups.get("day") or 0)
    try:
        if not year:
            year = now.year
            if datetime(year, month, day or 1, tzinfo=UTC) > now:
                year -= 1
        begin = datetime(year, month or 1, day or 1, tzinfo=UTC)
        if day:
            return Span(begin, begin + _DAY_LONG)
        return Span(begin, _month_after(begin) if month else datetime(year + 1, 1, 1, tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def _month_after(begin: datetime) -> datetime:
    return begin.replace(year=begin.year + 1, month=1) if begin.month == 12 else begin.replace(month=begin.month + 1)


def _month_before(begin: datetime, count: int = 1) -> datetime:
    months = begin.year * 12 + begin.month - 1 - count
    return begin.replace(year=months // 12, month=months % 12 + 1)


def _relative(match: re.Match[str], now: datetime) -> Span | None:
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    monday = today - today.weekday() * _DAY_LONG
    try:
        if named := match["named"]:
            begin = today - _DAY_LONG if named.lower() == "yesterday" else today
            return Span(begin, begin + _DAY_LONG)
        if unit := match["ago"]:
            return _ago(unit.lower(), _COUNTS.get(match["count"].lower()) or int(match["count"]), today, monday)
        unit, this = match["unit"].lower(), match["which"].lower() == "this"
        if unit == "week":
            return Span(monday, monday + 7 * _DAY_LONG) if this else Span(monday - 7 * _DAY_LONG, monday)
        if unit == "weekend":
            saturday = monday + 5 * _DAY_LONG if this else monday - 2 * _DAY_LONG
            return Span(saturday, saturday + 2 * _DAY_LONG)
        if unit == "month":
            first = today.replace(day=1)
            return Span(first, _month_after(first)) if this else Span(_month_before(first), first)
        if unit == "year":
            year = today.year if this else today.year - 1
            return Span(datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC))
        back = (today.weekday() - _WEEKDAYS.index(unit)) % 7 or (0 if this else 7)
        return Span(today - back * _DAY_LONG, today - (back - 1) * _DAY_LONG)
    except (ValueError, OverflowError):
        return None


def _ago(unit: str, count: int, today: datetime, monday: datetime) -> Span:
    """What was said to be so long ago, as wide as people mean it."""
    if unit == "day":
        return Span(today - count * _DAY_LONG, today - (count - 1) * _DAY_LONG)
    if unit == "week":
        begin = monday - 7 * count * _DAY_LONG
        return Span(begin, begin + 7 * _DAY_LONG)
    if unit == "month":
        begin = _month_before(today.replace(day=1), count)
        return Span(begin, _month_after(begin))
    begin = datetime(today.year - count, 1, 1, tzinfo=UTC)
    return Span(begin, datetime(today.year - count + 1, 1, 1, tzinfo=UTC))
