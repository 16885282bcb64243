"""Figures that are held: they may get better and never worse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import msgspec

from satchel.errors import InputError, MalformedInput, Place
from satchel.move.fidelity.figures import Cell, Fields, Matrix, Records


class Worse(NamedTuple):
    """A figure that fell: which cell, what of it, what is held and what is now (shares, or counts)."""

    generated: bool
    source: str
    target: str
    figure: str
    held: Fraction
    now: Fraction

    def __str__(self) -> str:
        said = [f"{float(value):.4g}" for value in (self.held, self.now)]
        return f"{self.source} into {self.target}: {self.figure} was {said[0]}, is {said[1]}"


def load(path: Path) -> Matrix:
    """The figures of a file that ``dump`` made.

    Raises:
        InputError: it cannot be read, or holds no such figures.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Matrix)
    except OSError as error:
        raise InputError(f"cannot read the figures: {error.strerror}", place=Place(file=str(path))) from None
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise MalformedInput(f"holds no figures of satchel fidelity: {error}", place=Place(file=str(path))) from None


def dump(matrix: Matrix, *, members: bool = False) -> bytes:
    """The figures as indented JSON, each cell's members only if asked for: they are ten times the rest."""
    kept = matrix
    if not members:
        bare = {"generated": [_bare(cell) for cell in matrix.generated], "given": [_bare(cell) for cell in matrix.given]}
        kept = msgspec.structs.replace(matrix, **bare)
    return msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n"


def _bare(cell: Cell) -> Cell:
    return msgspec.structs.replace(cell, members={})


def worse(held: Matrix, now: Matrix) -> Iterator[Worse]:
    """What is worse now than it is held to be, in the cells that both have."""
    for generated, before, after in ((True, held.generated, now.generated), (False, held.given, now.given)):
        found = {(cell.source, cell.target): cell for cell in after}
        for cell in before:
            other = found.get((cell.source, cell.target))
            if other is not None:
                yield from (Worse(generated, cell.source, cell.target, *fell) for fell in _fallen(cell, other))


def missing(held: Matrix, now: Matrix) -> list[tuple[str, str]]:
    """Held cells that were not measured, by source and target, where any of their sort was."""
    both = ((held.generated, now.generated), (held.given, now.given))
    return [key for before, after in both if after for key in _keys(before) - _keys(after)]


def _keys(cells: list[Cell]) -> set[tuple[str, str]]:
    return {(cell.source, cell.target) for cell in cells}


def _fallen(held: Cell, now: Cell) -> Iterator[tuple[str, Fraction, Fraction]]:
    for figure, share in _SHARES.items():
        one, other = share(held), share(now)
        if one is not None and (other is None or other < one):
            yield figure, one, other or Fraction(0)
    for name in ("raised", "widened"):
        one, other = Fraction(getattr(held, name)), Fraction(getattr(now, name))
        if other > one:
            yield f"records that were {name}", one, other
    before, after = sum(held.failed.values()), sum(now.failed.values())
    if after > before:
        yield "failures", Fraction(before), Fraction(after)
    for kind, records in held.kinds.items():
        one, other = _seen(records), _seen(now.kinds.get(kind, Records()))
        if one is not None and (other is None or other < one):
            yield f"records of kind {kind} that survive", one, other or Fraction(0)


def _share(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None


def _seen(records: Records) -> Fraction | None:
    return _share(records.same + records.carried + records.moved, records.leaving)


def _of(fields: Fields | None, count: Callable[[Fields], int]) -> Fraction | None:
    return _share(count(fields), fields.total) if fields is not None else None


#: What is held of each cell: shares, None where there is nothing to have a share of.
_SHARES: dict[str, Callable[[Cell], Fraction | None]] = {
    "records that stand there as themselves": lambda cell: _share(cell.records.same, cell.records.leaving),
    "records that survive": lambda cell: _seen(cell.records),
    "records that come home": lambda cell: _share(cell.records.home, cell.records.leaving) if cell.returning else None,
    "fields that stand there as they were": lambda cell: _of(cell.fields, lambda fields: fields.kept),
    "fields that survive": lambda cell: _of(cell.fields, lambda fields: fields.kept + fields.carried),
    "fields that come home": lambda cell: _of(cell.fields, lambda fields: fields.home) if cell.returning else None,
    "round trips that are byte-exact": lambda cell: _share(cell.returned, cell.returning),
}
