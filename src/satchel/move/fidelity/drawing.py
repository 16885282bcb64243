"""The matrix as a heat map in SVG: a number in every cell, so that no colour has to be told from another.

The colour is the share of fields that survive without a package riding along, for texts that of records, from light to dark
(Okabe and Ito's blue); the numbers stand in black or white, whichever is read better on it (WCAG 2.2, 1.4.3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from xml.sax.saxutils import escape

from satchel.move.fidelity.figures import Cell, Matrix
from satchel.move.fidelity.showing import Shown, both, shown

_LABEL, _CELL, _HIGH, _GAP = 236, 128, 66, 3
_HEAD, _TITLE = 66, 44
_COLUMN_CHARACTERS = 18
_NOTHING, _ALL = (247, 250, 253), (0, 84, 142)
#: Below this luminance white, from it on black has a contrast of 4.5 and more.
_DARK = 0.183
_STYLE = (
    "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;font-size:13px}"
    ".h{font-size:18px;font-weight:600}.n{font-size:14px;font-weight:600}.s{font-size:12px}"
)
_KEY = "first line: records, second: fields that survive, in per cent; → with the package that rides along for the way back"


def draw(matrix: Matrix) -> str:
    """The picture, a whole SVG document."""
    parts: list[str] = []
    width, top = 0, 16
    for title, cells in (("Made-up packages of each standard", matrix.generated), ("Given files", matrix.given)):
        if cells:
            lines, wide, high = _panel(title, cells, top)
            parts += lines
            width, top = max(width, wide), top + high
    parts += [
        _text(16, top + 12, _KEY, "s"),
        _text(
            16,
            top + 30,
            "↺ the way back gives the same bytes; of several samples: how many of how many do",
            "s",
        ),
    ]
    height = top + 46
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        'aria-labelledby="t d">'
    )
    said = "What survives from each format into each, in per cent. The same figures stand in the tables of the page."
    return "\n".join(
        [
            head,
            '<title id="t">The fidelity matrix</title>',
            f'<desc id="d">{escape(said)}</desc>',
            f"<style>{_STYLE}</style>",
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _panel(title: str, cells: Sequence[Cell], top: int) -> tuple[list[str], int, int]:
    """The lines of a panel, its width and its height."""
    columns = list(dict.fromkeys(cell.target for cell in cells))
    rows = list(dict.fromkeys(cell.source for cell in cells))
    by_place = {(cell.source, cell.target): cell for cell in cells}
    lines = [_text(16, top + 20, title, "h")]
    for number, column in enumerate(columns):
        x = _LABEL + number * _CELL + _CELL // 2
        for line, text in enumerate(_column(column)):
            lines.append(_text(x, top + _TITLE + 16 + 15 * line, text, "s", anchor="middle"))
    begin = top + _TITLE + _HEAD - 14
    for number, row in enumerate(rows):
        y = begin + number * _HIGH
        found = next(cell for cell in cells if cell.source == row)
        samples = f", {found.samples} samples" if found.samples > 1 else ""
        for line, text in enumerate((*_broken(row), f"{found.records.total:,} records{samples}")):
            lines.append(_text(_LABEL - 12, y + 18 + 16 * line, text, "s" if line else "n", anchor="end"))
        for at, column in enumerate(columns):
            cell = by_place.get((row, column))
            if cell is not None:
                lines += _cell(_LABEL + at * _CELL, y, cell)
    return lines, _LABEL + len(columns) * _CELL + 16, _TITLE + _HEAD + len(rows) * _HIGH + 8


def _cell(x: int, y: int, cell: Cell) -> Iterator[str]:
    found = shown(cell)
    share = found.own_fields if cell.fields is not None else found.own_records
    red, green, blue = _colour(share)
    ink = "#fff" if _luminance(red, green, blue) < _DARK else "#000"
    wide, high = _CELL - _GAP, _HIGH - _GAP
    yield f"<g><title>{escape(_said(cell, found))}</title>"
    yield f'<rect x="{x}" y="{y}" width="{wide}" height="{high}" rx="4" fill="rgb({red},{green},{blue})" stroke="#b8c4ce"/>'
    middle = x + wide // 2
    yield _text(middle, y + 20, both(found.own_records, found.all_records), "n", anchor="middle", ink=ink)
    if cell.fields is not None:
        yield _text(middle, y + 38, both(found.own_fields, found.all_fields), "n", anchor="middle", ink=ink)
        yield _text(middle, y + 55, _mark(found.trip), "s", anchor="middle", ink=ink)
    else:
        yield _text(middle, y + 40, "one way", "s", anchor="middle", ink=ink)
    yield "</g>"


def _mark(trip: str) -> str:
    return {"": "no way back", "yes": "↺ same bytes", "no": "✗ other bytes"}.get(trip, f"↺ {trip}")


def _said(cell: Cell, found: Shown) -> str:
    fields = f"; fields {both(found.own_fields, found.all_fields)} %" if cell.fields is not None else ""
    trip = f"; the same bytes come back: {found.trip}" if found.trip else ""
    return f"{cell.source} into {cell.target}: records {both(found.own_records, found.all_records)} %{fields}{trip}"


def _broken(name: str) -> tuple[str, ...]:
    """A format's name over its profile."""
    head, _, tail = name.partition("=")
    return (head, tail) if tail else (head,)


def _column(name: str) -> tuple[str, ...]:
    """The same in lines that are no wider than a column."""
    head, *tail = _broken(name)
    first, dash, last = head.rpartition("-")
    return (first + dash, last, *tail) if len(head) > _COLUMN_CHARACTERS else (head, *tail)


def _colour(share: Fraction | None) -> tuple[int, int, int]:
    if share is None:
        return (255, 255, 255)
    red, green, blue = (round(low + float(share) * (high - low)) for low, high in zip(_NOTHING, _ALL, strict=True))
    return red, green, blue


def _luminance(*colour: int) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [value / 255 for value in colour]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _text(x: int, y: int, text: str, style: str, *, anchor: str = "start", ink: str = "#000") -> str:
    return f'<text class="{style}" x="{x}" y="{y}" text-anchor="{anchor}" fill="{ink}">{escape(text)}</text>'
