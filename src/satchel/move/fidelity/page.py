"""The matrix as tables of a Markdown page, between two marks; what stands round them is left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from satchel.errors import InputError
from satchel.move.fidelity.figures import Cell, Matrix
from satchel.move.fidelity.showing import both, shown

BEGIN = "<!-- satchel fidelity: from here on made by the command -->"
END = "<!-- satchel fidelity: up to here -->"

_NEW = f"""# Fidelity

What survives on the way from one format into another, and whether the way back gives the same bytes. Made by
`satchel fidelity`.

{BEGIN}
{END}
"""


def page(matrix: Matrix, before: str = "") -> str:
    """The page with the matrix in it; ``before`` is the page as it was, "" for a new one.

    Raises:
        InputError: the page has no marks, or has them twice or in another order.
    """
    before = before or _NEW
    head, begun, rest = before.partition(BEGIN)
    _, ended, tail = rest.partition(END)
    if not begun or not ended or BEGIN in rest or END in tail:
        raise InputError("the page has no place for the tables", hint=f"it stands between the lines {BEGIN} and {END}")
    return head + BEGIN + "\n\n" + "\n".join(tables(matrix)) + "\n\n" + END + tail


def tables(matrix: Matrix) -> Iterator[str]:
    """The lines of the tables."""
    for title, cells in (("Made-up packages", matrix.generated), ("Given files", matrix.given)):
        if not cells:
            continue
        yield f"## {title}"
        yield ""
        yield from _grid("Records that survive, in per cent", cells, lambda cell: _records(cell))
        readable = [cell for cell in cells if cell.fields is not None]
        yield from _grid("Fields that survive, in per cent", readable, lambda cell: _fields(cell))
        returning = [cell for cell in readable if cell.returning]
        yield from _grid("The way back gives the same bytes", returning, lambda cell: shown(cell).trip)
    if matrix.refused:
        told = ", ".join(f"{count} {code}" for code, count in matrix.refused.items())
        yield f"Not measured, since they are refused or hold nothing: {told}."


def _records(cell: Cell) -> str:
    found = shown(cell)
    return both(found.own_records, found.all_records)


def _fields(cell: Cell) -> str:
    found = shown(cell)
    return both(found.own_fields, found.all_fields)


def _grid(title: str, cells: Sequence[Cell], say: Callable[[Cell], str]) -> Iterator[str]:
    if not cells:
        return
    columns = list(dict.fromkeys(cell.target for cell in cells))
    rows = list(dict.fromkeys(cell.source for cell in cells))
    by_place = {(cell.source, cell.target): cell for cell in cells}
    yield f"### {title}"
    yield ""
    yield "| from \\ to | records |" + "".join(f" {column} |" for column in columns)
    yield "|---|---:|" + "---:|" * len(columns)
    for row in rows:
        found = [by_place.get((row, column)) for column in columns]
        total = next(cell.records.total for cell in found if cell is not None)
        yield f"| {row} | {total:,} |" + "".join(f" {say(cell) if cell is not None else ''} |" for cell in found)
    yield ""
