"""The loss ledger: what became of each record, and of each field that the other side could not hold.

Counted, not listed: a line speaks for all records of a kind that met the same fate for the same reason. Codes are stable.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal

import msgspec

Fate = Literal["accepted", "transformed", "omitted", "unresolved", "rejected"]
FieldFate = Literal["mapped", "widened", "narrowed", "carried", "lost"]


class LedgerLine(msgspec.Struct, frozen=True, order=True):
    """``count`` records of ``kind`` met ``fate``; ``field`` names the field for a fate of fields, else is ""."""

    kind: str
    field: str
    fate: str
    code: str
    text: str
    count: int


class Ledger:
    """Collects fates while a writer runs."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str, str, str, str]] = Counter()

    def record(self, kind: str, fate: Fate, code: str = "", text: str = "", *, count: int = 1) -> None:
        """The fate of ``count`` records; ``code`` and ``text`` give the reason where it is not plain acceptance."""
        self._counts[kind, "", fate, code, text] += count

    def field(self, kind: str, field: str, fate: FieldFate, code: str, text: str, *, count: int = 1) -> None:
        """One field's fate in ``count`` records; plain mapping is not told."""
        self._counts[kind, field, fate, code, text] += count

    def lines(self) -> list[LedgerLine]:
        """All lines, sorted."""
        return sorted(LedgerLine(*key, count) for key, count in self._counts.items())

    def total(self, fate: Fate) -> int:
        """How many records met this fate."""
        return sum(count for key, count in self._counts.items() if key[1] == "" and key[2] == fate)
