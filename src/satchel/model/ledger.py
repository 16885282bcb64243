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

from satchel.errors import Place
from satchel.model.fields import fields_of
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
    """What became of fields of one record: all of them the same, for the same reason."""

    fields: tuple[str, ...]
    fate: FieldFate
    code: str


class About(NamedTuple):
    """What a ledger tells of a record besides its fate: its uid, the fields in which it says something, the source's id."""

    uid: str
    fields: tuple[str, ...]
    id: str


class Told(NamedTuple):
    """What became of one record, or with no ``uid`` of what stands at ``place``.

    ``about`` is there where the record was at hand. ``kept``: it left as the bytes that came, these or so many members, and all
    of its fields were kept but for those that are told.
    """

    uid: str
    kind: str
    fate: Fate
    code: str
    fields: tuple[FieldTold, ...] = ()
    about: About | Record | None = None
    kept: bytes | int | None = None
    place: Place | None = None
    number: int = 1


#: The fields of what is told as a record.
_NONE: tuple[str, ...] = ()
#: Called with each record's fate, once.
Witness = Callable[[Told], None]


class Ledger:
    """Collects fates while a writer runs.

    A record is named by ``uid``, by itself (``of``) or by its ``place`` in the source; what has none of them is counted alone.
    Its fields are told before the record: that ends the account of it.
    """

    def __init__(self, witness: Witness | None = None) -> None:
        self._counts: Counter[tuple[str, tuple[str, ...], str, str, str]] = Counter()
        self._witness = witness
        #: Fields of records whose own fate is not told yet.
        self._open: dict[str, list[FieldTold]] = {}

    @property
    def is_witnessed(self) -> bool:
        """Whether anybody asks for single records."""
        return self._witness is not None

    def about(self, record: Record) -> About | None:
        """What ``record`` takes in place of a record that is told of later; None where nobody asks."""
        return None if self._witness is None else About(record.uid, fields_of(record), record.origin.id)

    def record(
        self,
        kind: str,
        fate: Fate,
        code: str = "",
        text: str = "",
        *,
        count: int = 1,
        uid: str = "",
        of: Record | About | None = None,
        kept: bytes | int | None = None,
        place: Place | None = None,
    ) -> None:
        """The fate of ``count`` records; ``code`` and ``text`` give the reason where it is not plain acceptance. The rest is
        for the witness: see Told."""
        self._counts[kind, _NONE, fate, code, text] += count
        if self._witness is None:
            return
        named = of.uid if of is not None else uid
        if named:
            fields = tuple(self._open.pop(named)) if named in self._open else ()
            self._witness(Told(named, kind, fate, code, fields, of, kept, place, count))
        elif place is not None:
            self._witness(Told("", kind, fate, code, (), None, None, place, count))

    def field(self, kind: str, field: str, fate: FieldFate, code: str, text: str, *, count: int = 1, uid: str = "") -> None:
        """One field's fate in ``count`` records; plain mapping is not told."""
        self.fields(kind, (field,), fate, code, text, count=count, uid=uid)

    def fields(
        self, kind: str, fields: tuple[str, ...], fate: FieldFate, code: str, text: str, *, count: int = 1, uid: str = ""
    ) -> None:
        """As ``field``, of fields that met the same fate for the same reason."""
        if not fields:
            return
        self._counts[kind, fields, fate, code, text] += count
        if self._witness is not None and uid:
            self._open.setdefault(uid, []).append(FieldTold(fields, fate, code))

    def add(self, other: Ledger, times: int) -> None:
        """Count what ``other`` counted so many times over: records that are alike are told of once."""
        for key, count in other._counts.items():
            self._counts[key] += count * times

    def lines(self) -> list[LedgerLine]:
        """All lines, sorted."""
        each: Counter[tuple[str, str, str, str, str]] = Counter()
        for (kind, fields, fate, code, text), count in self._counts.items():
            for field in fields or ("",):
                each[kind, field, fate, code, text] += count
        return sorted(LedgerLine(*key, count) for key, count in each.items())

    def total(self, fate: Fate) -> int:
        """How many records met this fate."""
        return sum(count for key, count in self._counts.items() if not key[1] and key[2] == fate)

    def total_fields(self, fate: FieldFate) -> int:
        """How many fields were told to have met this fate."""
        return sum(count * len(key[1]) for key, count in self._counts.items() if key[2] == fate)
