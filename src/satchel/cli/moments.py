"""Dates and times as a person types them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from satchel.errors import UsageError
from satchel.model.times import from_iso

_SPANS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment_of(text: str, option: str, *, end: bool = False) -> datetime | None:
    """The moment that ``text`` names, None of nothing; with ``end`` a day's is the beginning of the next.

    Raises:
        UsageError: it names none.
    """
    if not text:
        return None
    moment = from_iso(text)
    if moment is None:
        raise UsageError(f"{option} takes a date or time such as 2026-01-31 or 2026-01-31T12:00Z, not {text!r}")
    return moment + timedelta(days=1) if end and len(text.strip()) <= 10 else moment


def as_of_moment(text: str) -> datetime | None:
    """The moment of ``--as-of``: a day's is its last. Raises as ``moment_of``."""
    moment = moment_of(text, "--as-of", end=True)
    return moment - timedelta(microseconds=1) if moment and len(text.strip()) <= 10 else moment


def ahead(text: str, option: str, now: datetime) -> datetime:
    """The moment that ``text`` names, in whole seconds: so long from ``now`` (30m, 24h, 7d), or a date or time; a day's is its
    beginning.

    Raises:
        UsageError: it names none.
    """
    found = re.fullmatch(r"(\d{1,6})([smhdw])", text.strip())
    if found:
        span = timedelta(**{_SPANS[found[2]]: int(found[1])})
        try:
            return (now + span).replace(microsecond=0)
        except OverflowError:
            raise UsageError(f"{option} {text} is beyond any calendar") from None
    moment = from_iso(text)
    if moment is None:
        raise UsageError(f"{option} takes 30m, 24h, 7d, or a date or time such as 2026-01-31, not {text!r}")
    return moment.replace(microsecond=0)
