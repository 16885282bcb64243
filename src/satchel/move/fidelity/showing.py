"""Shares and marks as people read them: what the page, the picture and the command line have in common."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from satchel.move.fidelity.figures import Cell


class Shown(NamedTuple):
    """A cell in figures from 0 to 1, None where there is nothing to have a share of.

    ``own``: what is read where no package rides along; ``all``: where it does. ``trip``: how many round trips are byte-exact,
    "yes", "no" or "3 of 4"; "" where there is no way back.
    """

    own_records: Fraction | None
    all_records: Fraction | None
    own_fields: Fraction | None
    all_fields: Fraction | None
    trip: str


def shown(cell: Cell) -> Shown:
    """The figures of a cell. A record counts as found too where its words stand in a record of another kind."""
    records, fields = cell.records, cell.fields
    leaving = records.leaving
    return Shown(
        _share(records.same + records.moved, leaving),
        _share(records.same + records.moved + records.carried, leaving),
        _share(fields.kept, fields.total) if fields else None,
        _share(fields.kept + fields.carried, fields.total) if fields else None,
        trip(cell),
    )


def trip(cell: Cell) -> str:
    """How many round trips were byte-exact."""
    if not cell.returning:
        return ""
    if cell.returned in (0, cell.returning):
        return "yes" if cell.returned else "no"
    return f"{cell.returned} of {cell.returning}"


def percent(share: Fraction | None) -> str:
    """Whole per cent, rounded down: 100 is all of it; and up from 0: 0 is none."""
    if share is None:
        return "–"
    floor = share * 100 // 1
    return str(1 if share and not floor else floor)


def both(own: Fraction | None, all: Fraction | None) -> str:
    """``41``, or ``41 → 100`` where residue adds to it."""
    one, other = percent(own), percent(all)
    return one if one == other else f"{one} → {other}"


def _share(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None
