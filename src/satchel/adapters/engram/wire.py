"""What the adapter's modules share: its name, the id space, and findings of one file."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from satchel.adapters.base import AdapterInfo
from satchel.adapters.engram.values import moment
from satchel.errors import Place
from satchel.model.findings import Finding, Outcome, Severity
from satchel.model.ids import provider_uid

INFO = AdapterInfo(name="engram", version=1, title="Engram / PLUR")
PLATFORM = INFO.name


def uid_of(account: str, native_id: str) -> str:
    """The uid of an engram or episode. Both have one id space, and an id such as ENG-2026-0131-001 is unique in it alone."""
    return provider_uid(PLATFORM, account, "engram", native_id)


class Notes:
    """Findings of one file; many alike are counted, not repeated."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._counted: dict[str, Finding] = {}

    def add(self, code: str, text: str, severity: Severity = "info", outcome: Outcome = "noticed", *, count: int = 1) -> None:
        """Tell of ``count`` parts; none is nothing to tell."""
        if count < 1:
            return
        known = self._counted.get(code)
        if known is None:
            self._counted[code] = Finding(code, severity, text, self._place, outcome, count)
        else:
            self._counted[code] = msgspec.structs.replace(known, count=known.count + count)

    def time(self, value: Any) -> datetime | None:
        """The time that ``value`` spells; one that spells none is counted, a missing one stays missing."""
        at = moment(value)
        if at is None and value is not None and value != "":
            self.add("bad-time", "a time could not be read and is left out", "warning", "changed")
        return at

    def findings(self) -> tuple[Finding, ...]:
        return tuple(self._counted.values())
