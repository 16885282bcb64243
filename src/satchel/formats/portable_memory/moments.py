"""Timestamps: one explicit grammar for reading, whole seconds in UTC for writing (dossier 3.4).

The reference reads what its platform's parser reads, so that a bundle may be valid on one Python and not on another. Ours is
every form that any of them takes, in ASCII digits; a leap second, 24:00 and what falls off the calendar are refused.
"""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime, timedelta, timezone

_CANONICAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_FORM = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})"
    r"(?:[Tt ](\d{2})(?::(\d{2})(?::(\d{2})(?:[.,](\d+))?)?)?(Z|z|[+-]\d{2}(?::?\d{2}(?::?\d{2})?)?)?)?",
    re.ASCII,
)


@functools.lru_cache(4096)
def read(text: str) -> datetime | None:
    """The moment that ``text`` names, aware, in UTC, microseconds cut; None when it names none."""
    try:
        if _CANONICAL.fullmatch(text):
            return datetime.fromisoformat(text)
        found = _FORM.fullmatch(text)
        if found is None:
            return None
        year, month, day, hour, minute, second, fraction, zone = found.groups()
        moment = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "0")[:6].ljust(6, "0")),
            _zone(zone),
        )
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@functools.lru_cache(4096)
def is_written(text: str) -> bool:
    """Whether ``text`` names a moment and is spelled as it is written."""
    return _CANONICAL.fullmatch(text) is not None and read(text) is not None


def is_canonical(text: str) -> bool:
    """Whether ``text``, which ``read`` takes, is spelled as it is written."""
    return len(text) == 20 and text[10] == "T" and text[19] == "Z"


def write(moment: datetime) -> str:
    """``YYYY-MM-DDTHH:MM:SSZ``, what is below a second cut, four digits of year always (items 15 and 16)."""
    utc = moment.astimezone(UTC)
    return utc.replace(microsecond=0, tzinfo=None).isoformat() + "Z"


class Span:
    """The first and the last of moments given as text; None before any."""

    def __init__(self) -> None:
        self.first: datetime | None = None
        self.last: datetime | None = None
        self._first_text = self._last_text = ""

    def add_written(self, text: str) -> None:
        """As ``add``, of a moment in its written form (``is_written``), of which the order is that of the text."""
        if not self._first_text or text < self._first_text:
            self._first_text = text
            self.add(text)
        if text > self._last_text:
            self._last_text = text
            self.add(text)

    def add(self, text: str) -> None:
        """Take in a moment; text that names none counts for nothing."""
        moment = read(text)
        if moment is not None:
            if self.first is None or moment < self.first:
                self.first = moment
            if self.last is None or moment > self.last:
                self.last = moment


def _zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return UTC
    digits = text[1:].replace(":", "").ljust(6, "0")
    hours, minutes, seconds = (int(digits[at : at + 2]) for at in (0, 2, 4))
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError("no such offset")
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return timezone(-offset if text[0] == "-" else offset)
