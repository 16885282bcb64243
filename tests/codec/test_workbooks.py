from __future__ import annotations

import re
import warnings
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.codec.workbooks import Row, open_workbook, sheet_names
from satchel.errors import InputError, LimitExceeded, MalformedInput, UnsafeArchive
from satchel.limits import DEFAULT, Limits
from tests.codec.workbooks import SHEET, STRINGS, member, part, rewritten, sharing, written

SMALL = written(A=[["x", "y"], ["1", 2]])
SHARED = sharing(SMALL)
BOMB = b"""<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>"""


def rows(data: bytes, sheet: str = "A", limits: Limits = DEFAULT) -> list[Row]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with open_workbook(member(data), limits) as book:
            return list(book.rows(sheet))


def refused(data: bytes, limits: Limits = DEFAULT, sheet: str = "A") -> InputError:
    with pytest.raises(InputError) as caught:
        rows(data, sheet, limits)
    assert caught.value.place is not None and caught.value.place.file == "x.xlsx"
    return caught.value


def test_values_are_plain_and_empty_rows_are_not_told() -> None:
    data = written(
        A=[["t", "n", "w", "b", "at"], [], ["x", 1.5, 3, True, datetime(2024, 1, 2, 3, 4, 5)], [None, None]], B=[[1]]
    )
    with open_workbook(member(data), DEFAULT) as book:
        assert book.sheets == ("A", "B")
        assert list(book.rows("A")) == [
            Row(1, ("t", "n", "w", "b", "at")),
            Row(3, ("x", 1.5, 3, True, "2024-01-02T03:04:05")),
        ]
    assert rows(SHARED) == rows(SMALL) == [Row(1, ("x", "y")), Row(2, ("1", 2))]
    assert sheet_names(member(data), DEFAULT) == ("A", "B")


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn")), min_size=1).filter(
    lambda text: text[0] != "=" and not re.search("_x[0-9A-Fa-f]{4}_", text) and text == text.strip()
)


@given(
    st.lists(st.lists(_TEXT | st.integers(-(10**15), 10**15) | st.booleans(), min_size=2, max_size=3), min_size=1, max_size=4)
)
def test_what_was_written_is_read(table: list[list[Any]]) -> None:
    width = max(map(len, table))
    found = [row.cells for row in rows(written(A=table))]
    assert [list(cells) + [None] * (width - len(cells)) for cells in found] == [
        row + [None] * (width - len(row)) for row in table
    ]


def test_a_formula_is_what_was_stored_of_it_or_its_text() -> None:
    """openpyxl itself writes a question that begins with an equals sign as a formula without a result."""
    data = written(A=[["=1+1", "=SUM(A1) fails, why?"]])
    sheet = (
        part(data, SHEET)
        .replace(b"<f>1+1</f><v />", b"<f>1+1</f><v>2</v>")
        .replace(b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2</v>")
    )
    assert rows(rewritten(data, {SHEET: sheet})) == [Row(1, (2, "=SUM(A1) fails, why?"), 2)]


def test_escapes_of_the_format_are_characters() -> None:
    """ECMA-376 part 1, 22.9.2.19; half of a surrogate pair stays as it stands."""
    assert rows(written(A=[["a_x000D_b_x005F_x0041__xD83D_"]])) == [Row(1, ("a\rb_x0041__xD83D_",))]


@pytest.mark.parametrize("name", ["xl/workbook.xml", "xl/styles.xml", SHEET, STRINGS, "docProps/core.xml"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_no_part_may_declare_entities(name: str, encoding: str) -> None:
    content = re.sub(rb"^<\?xml[^>]*\?>\s*", b"", part(SHARED, name))
    hostile = (BOMB + content).decode().replace("1.0", f'1.0" encoding="{encoding}' if encoding != "utf-8" else "1.0")
    assert isinstance(refused(rewritten(SHARED, {name: hostile.encode(encoding)})), UnsafeArchive)


def test_two_parts_of_one_name_are_refused() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = rewritten(SMALL, {}, [(SHEET, b"<worksheet/>")])
    assert isinstance(refused(data), UnsafeArchive)


def _sheet(inner: bytes) -> bytes:
    content = part(SMALL, SHEET)
    return rewritten(SMALL, {SHEET: re.sub(rb"<sheetData>.*</sheetData>", b"<sheetData>" + inner + b"</sheetData>", content)})


@pytest.mark.parametrize(
    ("data", "limit", "value"),
    [
        (_sheet(b'<row r="1"><c><v>1</v></c></row><row r="4000000000"><c><v>1</v></c></row>'), "workbook_rows", 1000),
        (_sheet(b"<row>" + b"<c/>" * 5000 + b"</row>"), "workbook_elements", 4000),
        (_sheet(b"<x/>" * 5000), "workbook_parts", 4000),
        (_sheet(b" " * 100_000), "workbook_bytes", 50_000),
        (SMALL, "workbook_bytes", 100),
        (SMALL, "archive_members", 3),
    ],
)
def test_a_bomb_is_refused_and_the_limit_named(data: bytes, limit: str, value: int) -> None:
    error = refused(data, msgspec.structs.replace(DEFAULT, **{limit: value}))
    assert isinstance(error, LimitExceeded)
    assert error.hint == f"--limit {limit}=N raises it"


def test_a_part_that_unpacks_too_far_is_refused() -> None:
    data = _sheet(b" " * (12 << 20))
    assert isinstance(refused(data), LimitExceeded)
    assert len(rows(data, limits=msgspec.structs.replace(DEFAULT, archive_ratio=100_000))) == 0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04",
        b"no zip at all",
        SMALL[: len(SMALL) // 2],
        rewritten(SMALL, {"xl/workbook.xml": None}),
        rewritten(SMALL, {"[Content_Types].xml": None}),
        rewritten(SMALL, {"xl/workbook.xml": b"<nothing/>"}),
        rewritten(SMALL, {"xl/styles.xml": b"<broken"}),
        rewritten(SHARED, {STRINGS: None}),
        rewritten(SMALL, {SHEET: part(SMALL, SHEET)[:-40]}),
        _sheet(b'<row r="x"><c><v>1</v></c></row>'),
        rewritten(SHARED, {STRINGS: part(SHARED, STRINGS).replace(b"<si>", b"<no>").replace(b"</si>", b"</no>")}),
        _sheet(b'<row r="1"><c r="!"><v>1</v></c></row>'),
        _sheet(b'<row r="1"><c><v>' + b"9" * 5000 + b"</v></c></row>"),
    ],
)
def test_what_is_damaged_is_one_error_of_ours(data: bytes) -> None:
    assert isinstance(refused(data), MalformedInput)


@given(st.data())
def test_any_byte_may_be_wrong(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(SMALL) - 1))
    broken = SMALL[:at] + bytes([data.draw(st.integers(0, 255))]) + SMALL[at + 1 :]
    try:
        rows(broken)
    except (InputError, StopIteration):
        return
