"""Times as they stand in files: what they say, how well they are spelled, and what the reference SDK makes of them.

Written times follow rule 4 of the dual-stable profile (dossier 3.4), which is what ``model.times.to_rfc3339``
gives.
"""

from __future__ import annotations

import functools
import re
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from satchel.model.times import EPOCH, from_epoch, to_microseconds, to_rfc3339

_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
#: The one form that we write, and nearly everyone: the library reads it in one go.
_USUAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", re.ASCII)
_MICROSECOND = timedelta(microseconds=1)
_LOOSE = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)"
    r"(?:[Tt _](?P<time>\d\d:\d\d)(?P<second>:\d\d)?(?:[.,](?P<fraction>\d+))?(?P<zone>[Zz]|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_DIGITS = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


class Moment(NamedTuple):
    """``instant`` in microseconds since 1970, a naive time read as UTC (dossier 11.4); ``strict``: it is RFC 3339."""

    instant: int
    strict: bool


@functools.lru_cache(1024)
def read(text: str) -> Moment | None:
    """The moment that ``text`` names, or None when it names none.

    A leap second is read as the second before it. The year 0, which no calendar here knows, is read as the year 1.
    """
    if _USUAL.fullmatch(text) and not text.startswith("0000"):
        try:
            return Moment((datetime.fromisoformat(text) - EPOCH) // _MICROSECOND, True)
        except ValueError:
            pass
    if _RFC3339.fullmatch(text):
        instant = _instant(text)
        return None if instant is None else Moment(instant, not text.startswith("0000"))
    if _LOOSE.fullmatch(text):
        instant = _instant(text)
        return None if instant is None else Moment(instant, False)
    if _DIGITS.fullmatch(text):
        moment = from_epoch(float(text)) if len(text) < 32 else None
        return None if moment is None else Moment(to_microseconds(moment), False)
    return None


def _instant(text: str) -> int | None:
    parts = _LOOSE.fullmatch(text)
    if parts is None:
        return None
    date, second = parts["date"], parts["second"] or ":00"
    if date.startswith("0000"):
        date = "0001" + date[4:]
    if second == ":60":
        second = ":59"
    try:
        moment = datetime.fromisoformat(f"{date}T{parts['time'] or '00:00'}{second}")
        fraction = timedelta(microseconds=int(((parts["fraction"] or "") + "000000")[:6]))
        return (moment - EPOCH.replace(tzinfo=None) + fraction - _offset(parts["zone"])) // _MICROSECOND
    except (ValueError, OverflowError):
        return None


def _offset(zone: str | None) -> timedelta:
    """The offset that ``Z``, ``+05:30``, ``+0530`` or ``+05`` names. Raises ValueError beyond 23:59."""
    if zone is None or zone in "Zz":
        return timedelta(0)
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or "0")
    if hours > 23 or minutes > 59:
        raise ValueError("no such offset")
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if zone[0] == "-" else offset


def sdk_spelling(value: Any) -> Any:
    """How the reference SDK writes a time that it has read (dossier 3.4); what it refuses comes back as it is."""
    if type(value) in (int, float) or (type(value) is str and _DIGITS.fullmatch(value)):
        moment = from_epoch(float(value))
        return value if moment is None else to_rfc3339(moment)
    parts = _LOOSE.fullmatch(value) if type(value) is str else None
    if parts is None:
        return value
    second, zone = parts["second"] or ":00", parts["zone"]
    try:
        datetime.fromisoformat(f"{parts['date']}T{parts['time'] or '00:00'}{second}")
        offset = _offset(zone)
    except ValueError:
        return value
    fraction = ((parts["fraction"] or "") + "000000")[:6]
    text = f"{parts['date']}T{parts['time'] or '00:00'}{second}"
    if fraction != "000000":
        text += "." + fraction
    if zone is None:
        return text
    if not offset:
        return text + "Z"
    digits = zone[1:].replace(":", "")
    return f"{text}{zone[0]}{digits[:2]}:{digits[2:] or '00'}"
