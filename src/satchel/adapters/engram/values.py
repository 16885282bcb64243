"""Values as the Portable Memory format has them: canonical JSON, dates, whole numbers (dossier 3, 9.5)."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from satchel.codec.canonical import encode
from satchel.model.times import to_rfc3339

_MOMENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))?)?"
)


def canonical(value: Any) -> str:
    """Canonical JSON in the Portable Memory dialect (dossier 3). Raises CanonicalError."""
    return encode(value, "mem").decode()


def as_text(value: Any) -> str:
    """A string as it is, anything else as canonical JSON: a metadata value."""
    return value if type(value) is str else canonical(value)


def moment(value: Any) -> datetime | None:
    """The time that a text spells in one of the two known ways, in UTC; None for anything else. Without a zone it is UTC."""
    found = _MOMENT.fullmatch(value) if type(value) is str else None
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, hours, minutes = found.groups()
    zone = UTC
    try:
        if sign:
            offset = timedelta(hours=int(hours), minutes=int(minutes))
            zone = timezone(-offset if sign == "-" else offset)
        micros = int((fraction or "0")[:6].ljust(6, "0"))
        at = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), micros, zone)
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def timestamp(at: datetime) -> str:
    """``YYYY-MM-DDTHH:MM:SSZ``, the fraction cut off (dossier 3.4)."""
    return to_rfc3339(at.replace(microsecond=0))


def whole(value: Any) -> int | None:
    """A number without a fraction, as an integer; None for anything else, truth values among it."""
    if type(value) is int:
        return value
    return int(value) if type(value) is float and math.isfinite(value) and value == int(value) else None


def first_line(text: str) -> str:
    """The first line of a text stripped of white space, at most 120 characters: the default summary."""
    return text.strip().split("\n", 1)[0][:120]
