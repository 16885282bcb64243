"""Times as they stand in entries: which spelling, which instant, and the order of episodic entries (dossier 1.1, 1.3)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

_STRICT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", re.ASCII)
_NEVER = datetime.min.replace(tzinfo=UTC)


def instant(text: Any) -> datetime | None:
    """The instant that ``text`` names in ISO 8601, UTC where it does not say; None where it names none."""
    if type(text) is not str or len(text) < 10:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def is_strict(text: str) -> bool:
    """Whether ``text`` is an instant in UTC that ends in ``Z``, the one spelling that the specification has."""
    return _STRICT.fullmatch(text) is not None and instant(text) is not None


def sort_key(entry: dict[str, Any]) -> tuple[datetime, str]:
    """What episodic entries are in order of: the event's time, then the id. A time that is none comes first."""
    own = entry.get("id")
    return instant(entry.get("timestamp")) or _NEVER, own if type(own) is str else ""
