"""The loss ledger: what became of each record, and of each field that the other side could not hold.

Counted: a line speaks for all records of a kind that met the same fate for the same reason. With a witness it is told one by
one as well, as each record's fate is known, so that nobody holds them all. Codes are stable.

A field is named by its place in the record: ``body.text``, ``times.created``, ``access.sensitivity``, ``tags``; what is no
member of a record has a name of its own, such as ``unmapped`` (what the source said besides).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Literal, NamedTuple

import msgspec

from satchel.model.record import Record

#: accepted: it stands there as what it is. transformed: as something else. omitted: left out, for a reason of its own or the
#: format's. unresolved: what it needs is not there, or nobody can say what became of it. rejected: it could not be taken.
Fate = Literal["accepted", "transformed", "omitted", "unresolved", "rejected"]
#: kept: as it came, byte for byte, or the same value under the same name. mapped: the same value, said in the format's own way.
#: widened: more is said than the record said. narrowed: less of it is. carried: as residue, in the place for foreign data.
FieldFate = Literal["kept", "mapped", "widened", "narrowed", "carried", "lost"]

FATES: tuple[Fate, ...] = ("rejected", "unresolved", "omitted", "transformed", "accepted")
FIELD_FATES: tuple[FieldFate, ...] = ("lost", "narrowed", "widened", "carried", "mapped", "kept")


class LedgerLine(msgspec.Struct, frozen=True, order=True):
    """``count`` records of ``kind`` met ``fate``; ``field`` names the field for a fate of fields, else is ""."""

    kind: str
    field: str
    fate: str
    code: str
    text: str
    count: int


class FieldTold(NamedTuple):
    """What became of one field of one record."""

    field: str
    fate: FieldFate
    code: str


class Told(NamedTuple):
    """What became of one record. ``record`` is it, where there is one at hand.

    ``whole``: it left as the bytes that came, every field of it kept, but for those that are told.
    """

    uid: str
    kind: str
    fate: Fate
    code: str
    fields: tuple[FieldTold, ...]
    record: Record | None
    whole: bool


#: Called with each record's fate, once.
Witness = Callable[[Told], None]


class Ledger:
    """Collects fates while a writer runs.

    A record is named by ``uid``, or by itself (``of``). Its fields are told before the record: that ends the account of it.
    What has neither is counted alone.
    """

    def __init__(self, witness: Witness | None = None) -> None:
        self._counts: Counter[tuple[str, str, str, str, str]] = Counter()
        self._witness = witness
        #: Fields of records whose own fate is not told yet.
        self._open: dict[str, dict[FieldTold, None]] = {}

    @property
    def is_witnessed(self) -> bool:
        """Whether anybody asks for single records."""
        return self._witness is not None

    def record(
        self,
        kind: str,
        fate: Fate,
        code: str = "",
        text: str = "",
        *,
        count: int = 1,
        uid: str = "",
        of: Record | None = None,
        whole: bool = False,
    ) -> None:
        """The fate of ``count`` records; ``code`` and ``text`` give the reason where it is not plain acceptance."""
        self._counts[kind, "", fate, code, text] += count
        if self._witness is not None and (uid or of is not None):
            named = uid or of.uid  # type: ignore[union-attr]
            fields = tuple(self._open.pop(named, ()))
            self._witness(Told(named, kind, fate, code, fields, of, whole))

    def field(self, kind: str, field: str, fate: FieldFate, code: str, text: str, *, count: int = 1, uid: str = "") -> None:
        """One field's fate in ``count`` records; plain mapping is not told."""
        self._counts[kind, field, fate, code, text] += count
        if self._witness is not None and uid:
            self._open.setdefault(uid, {})[FieldTold(field, fate, code)] = None

    def lines(self) -> list[LedgerLine]:
        """All lines, sorted."""
        return sorted(LedgerLine(*key, count) for key, count in self._counts.items())

    def total(self, fate: Fate) -> int:
        """How many records met this fate."""
        return sum(count for key, count in self._counts.items() if key[1] == "" and key[2] == fate)

    def total_fields(self, fate: FieldFate) -> int:
        """How many fields were told to have met this fate."""
        return sum(count for key, count in self._counts.items() if key[1] and key[2] == fate)
