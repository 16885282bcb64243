"""The dates of a transfer text (portable-memory.md 9.4, step 7): what an assistant puts before a memory.

English month names and ASCII digits only. What is no such date is no date, never a guess and never the clock.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T([0-9]{2}):([0-9]{2}):([0-9]{2})Z\Z)?")
_MONTH_ONLY = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?")
_YEAR = re.compile(r"[0-9]{4}")
_DAY = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)?", re.IGNORECASE)
_NAMES = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_MONTHS = {form: number for number, name in enumerate(_NAMES, 1) for form in (name, name[:3])} | {"sept": 9}
#: A longer text that does not begin with an ISO date names no month.
_MAX_WORDS = 3


def date_of(raw: str) -> datetime | None:
    """The day that ``raw`` names, at midnight UTC; with its time only when that is written as ``YYYY-MM-DDTHH:MM:SSZ``."""
    raw = raw.strip()
    iso = _ISO.match(raw)
    if iso:
        year, month, day = int(iso[1]), int(iso[2]), int(iso[3])
        if iso[4]:
            return _moment(year, month, day, int(iso[4]), int(iso[5]), int(iso[6])) or _moment(year, month, day)
        return _moment(year, month, day)
    found = _MONTH_ONLY.fullmatch(raw)
    if found:
        return _moment(int(found[1]), int(found[2] or 1), 1)
    words = raw.replace(",", " ").split(maxsplit=_MAX_WORDS)
    if not 2 <= len(words) <= _MAX_WORDS or not _YEAR.fullmatch(words[-1]):
        return None
    year = int(words[-1])
    month = _MONTHS.get(words[0].lower(), 0)
    if month:
        return _moment(year, month, 1) if len(words) == 2 else _on(year, month, words[1])
    return _on(year, _MONTHS.get(words[1].lower(), 0), words[0]) if len(words) == 3 else None


def hashed_day(moment: datetime | None) -> str:
    """The day as an id's hash has it: ``YYYY-MM-DD``, nothing without a date.

    Before the year 1000 the year is not padded and what is hashed is still ten characters (9.4, "Quirks"): ids were given so.
    """
    if moment is None:
        return ""
    return f"{moment.year}-{moment:%m-%dT%H:%M:%SZ}"[:10]


def _on(year: int, month: int, word: str) -> datetime | None:
    day = _DAY.fullmatch(word)
    return _moment(year, month, int(day[1])) if day else None


def _moment(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime | None:
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
