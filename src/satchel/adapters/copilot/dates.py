"""The times of Copilot's tables, in whatever spelling of whatever place (providers.md 3.8; portable-ai-memory.md 7.5).

``M/D/YYYY H:MM:SS +00:00`` and ISO 8601 are the spellings that are documented. A table that a program or a person wrote anew
has the place's own: day first, a twelve-hour clock, dots, named months. Which of two numbers is the month is settled by the
other rows of the table and never guessed: a date that can be read in two ways stays unread.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from satchel.model import times

# en, de, fr, es, pt, it, nl; a month may be cut after its third letter.
_MONTH_NAMES = (
    "january januar janvier enero janeiro gennaio januari",
    "february februar février fevrier febrero fevereiro febbraio februari",
    "march märz maerz mrz mars marzo março marco maart mrt",
    "april avril abril aprile",
    "may mai mayo maio maggio mei",
    "june juni juin junio junho giugno",
    "july juli juillet julio julho luglio",
    "august août aout agosto augustus",
    "september septembre septiembre setiembre setembro settembre sept",
    "october oktober octobre octubre outubro ottobre",
    "november novembre noviembre novembro",
    "december dezember décembre decembre diciembre dezembro dicembre",
)
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}
_SPACES = re.compile(r"[\s\u00a0\u2007\u2009\u202f]+")
_MARKS = re.compile(r"[\u200e\u200f\u202a-\u202e]")
_AM = r"(?P<am>a\.?\s?m\.?|vorm\.|上午|午前|오전)"
_PM = r"(?P<pm>p\.?\s?m\.?|nachm\.|下午|午後|오후)"
_TIME = (
    rf"(?:(?:{_AM}|{_PM})\s?)?(?P<hour>[0-9]{{1,2}})[:.](?P<minute>[0-9]{{2}})(?:[:.](?P<second>[0-9]{{2}})(?:[.,][0-9]+)?)?"
    rf"(?:\s?(?:{_AM.replace('am>', 'am2>')}|{_PM.replace('pm>', 'pm2>')}))?"
)
_ZONE = r"(?P<zone>Z|(?:UTC|GMT)?\s?(?P<sign>[+\-\u2212])(?P<zh>[0-9]{1,2}):?(?P<zm>[0-9]{2})?|UTC|GMT)"
_CLOCK = re.compile(rf"(?:,|\bum\b|\bat\b|\bà\b|\bàs\b|\balle\b|\bom\b|T)?\s*{_TIME}(?:\s?{_ZONE})?\Z", re.IGNORECASE)
_YEAR_FIRST = re.compile(r"(?P<y>[0-9]{4})\s?[-/.年]\s?(?P<m>[0-9]{1,2})\s?[-/.月]\s?(?P<d>[0-9]{1,2})(?:\.(?!\d)|日)?")
_YEAR_LAST = re.compile(r"(?P<a>[0-9]{1,2})(?P<mark>[-/.])\s?(?P<b>[0-9]{1,2})(?P=mark)\s?(?P<y>[0-9]{4})")
_DAY_NAMED = re.compile(
    r"(?P<d>[0-9]{1,2})(?:\.|st|nd|rd|th|er|º)?[\s-](?:de )?(?P<name>[^\W\d_]{3,10})\.?(?:,|-| de)?\s?(?P<y>[0-9]{4})"
)
_NAMED_DAY = re.compile(r"(?P<name>[^\W\d_]{3,10})\.? (?P<d>[0-9]{1,2})(?:st|nd|rd|th)?,? (?P<y>[0-9]{4})")
_WEEKDAY = re.compile(r"[^\W\d_]{2,12}\.?,\s?")


class Spelled(NamedTuple):
    """What a text can mean: the same twice when there is one way to read it, None where it cannot be read so.

    ``spelling`` tells apart those that may differ in their order: mark between the numbers, and whether an offset follows.
    ``is_zoned`` is False where the text does not say of which zone it speaks; it is read as UTC then.
    """

    month_first: datetime | None = None
    day_first: datetime | None = None
    spelling: str = ""
    is_zoned: bool = True

    @property
    def is_read(self) -> bool:
        return self.month_first is not None or self.day_first is not None


_UNREAD = Spelled()


def spelled(text: str) -> Spelled:
    """The ways in which ``text`` can be read as a time; none for what is no time."""
    text = _SPACES.sub(" ", _MARKS.sub("", text)).strip()
    if not text or len(text) > 64:
        return _UNREAD
    found = _YEAR_FIRST.match(text)
    if found:
        moment = times.from_iso(text) or _on(text, found.end(), int(found["y"]), int(found["m"]), int(found["d"]))
        return Spelled(moment, moment, is_zoned=_is_zoned(text)) if moment else _UNREAD
    found = _YEAR_LAST.match(text)
    if found:
        return _numbers(text, found)
    weekday = _WEEKDAY.match(text)
    if weekday:
        text = text[weekday.end() :]
    found = _DAY_NAMED.match(text) or _NAMED_DAY.match(text)
    month = _month(found["name"].lower()) if found else 0
    if found and month:
        moment = _on(text, found.end(), int(found["y"]), month, int(found["d"]))
        return Spelled(moment, moment, is_zoned=_is_zoned(text)) if moment else _UNREAD
    return _UNREAD


def _numbers(text: str, found: re.Match[str]) -> Spelled:
    a, b, year = int(found["a"]), int(found["b"]), int(found["y"])
    day_first = _on(text, found.end(), year, b, a)
    # Dots mean day, month and year wherever they are written.
    month_first = day_first if found["mark"] == "." else _on(text, found.end(), year, a, b)
    is_zoned = _is_zoned(text)
    return Spelled(month_first, day_first, found["mark"] + ("z" if is_zoned else ""), is_zoned)


def _is_zoned(text: str) -> bool:
    return bool(re.search(rf"[0-9mM.]\s?{_ZONE}\Z", text, re.IGNORECASE)) and ":" in text


def _month(name: str) -> int:
    """The number of the month that ``name`` is, or is cut from; 0 when it is none or could be two."""
    exact = _MONTHS.get(name, 0)
    if exact:
        return exact
    found = {number for full, number in _MONTHS.items() if full.startswith(name)}
    return found.pop() if len(found) == 1 else 0


def _on(text: str, at: int, year: int, month: int, day: int) -> datetime | None:
    rest = text[at:].strip()
    clock = _CLOCK.fullmatch(rest) if rest else None
    if rest and clock is None:
        return None
    try:
        moment = datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
    if clock is None:
        return moment
    hour, minute, second = int(clock["hour"]), int(clock["minute"]), int(clock["second"] or 0)
    is_morning, is_evening = clock["am"] or clock["am2"], clock["pm"] or clock["pm2"]
    if is_morning or is_evening:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if is_evening else 0)
    try:
        return (moment.replace(hour=hour, minute=minute, second=second, tzinfo=_zone(clock))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(clock: re.Match[str]) -> timezone:
    if not clock["sign"]:
        return UTC
    offset = timedelta(hours=int(clock["zh"]), minutes=int(clock["zm"] or 0))
    return timezone(offset if clock["sign"] == "+" else -offset)


class Orders:
    """What the rows of a table tell about the order of day and month in each spelling."""

    #: Documented: the month comes first where the offset is written.
    _DOCUMENTED = "/z"

    def __init__(self) -> None:
        self._months: set[str] = set()
        self._days: set[str] = set()

    def learn(self, found: Spelled) -> None:
        """Take a row's date as evidence when it can be read in one way only."""
        if found.month_first is None and found.day_first is not None:
            self._days.add(found.spelling)
        elif found.day_first is None and found.month_first is not None:
            self._months.add(found.spelling)

    def settle(self, found: Spelled) -> datetime | None:
        """The time that a row means; None when nothing tells which of two."""
        if found.month_first == found.day_first or found.day_first is None:
            return found.month_first
        if found.month_first is None:
            return found.day_first
        months, days = found.spelling in self._months, found.spelling in self._days
        if not months and not days:
            return found.month_first if found.spelling == self._DOCUMENTED else None
        return None if months and days else found.month_first if months else found.day_first
