"""Findings of one source object, as a reader makes them: many alike are counted, not repeated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from satchel.errors import Place, SatchelError
from satchel.model.findings import Finding, Outcome, Severity, from_error

#: The time that a platform's value is, or None.
ReadTime = Callable[[Any], datetime | None]


class Notes:
    """``read_time`` is how the platform writes times; ``no_time`` are values by which it says that there is none."""

    def __init__(self, place: Place, read_time: ReadTime, no_time: tuple[Any, ...] = (None, "")) -> None:
        self.place = place
        self._read_time = read_time
        self._no_time = no_time
        self._counted: dict[str, Finding] = {}
        self._errors: list[Finding] = []

    def add(self, code: str, text: str, severity: Severity = "info", outcome: Outcome = "noticed", *, count: int = 1) -> None:
        """Tell of ``count`` parts; none is nothing to tell."""
        if count < 1:
            return
        known = self._counted.get(code)
        if known is None:
            self._counted[code] = Finding(code, severity, text, self.place, outcome, count)
        else:
            self._counted[code] = msgspec.structs.replace(known, count=known.count + count)

    def error(self, error: SatchelError) -> None:
        """Tell of what could not be read; each by itself."""
        self._errors.append(from_error(error, place=self.place))

    def time(self, value: Any) -> datetime | None:
        """The time that ``value`` is; a value that is no time is counted, a missing one stays missing."""
        if value is None or value == "":
            return None
        moment = self._read_time(value)
        if moment is None and value not in self._no_time:
            self.add("bad-time", "a time could not be read and is left out", "warning", "changed")
        return moment

    def findings(self) -> tuple[Finding, ...]:
        return (*self._errors, *self._counted.values())
