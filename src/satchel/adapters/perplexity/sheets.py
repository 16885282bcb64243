"""The workbook of Perplexity's answer to a data request: which of its sheets holds what, and their rows (providers.md 3.7).

Nobody published the columns. These are the ones that public converters of such workbooks read, and beside them the names that
the service uses for the same; a column is known by its name, wherever it stands, and however it is spelt in capitals.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import msgspec

from satchel.codec.archives import printable
from satchel.codec.sources import Member
from satchel.codec.workbooks import Workbook, open_workbook, sheet_names
from satchel.errors import Place, SatchelError
from satchel.limits import DEFAULT
from satchel.model.findings import Finding

Holds = Literal["conversations", "memories"]
#: Zips that may be a workbook: a hundred formats are zips, and looking into one costs reading it.
_NAMES = (".xlsx", ".xlsm")
_SHEETS = frozenset({"conversations", "memory", "memories"})

THREAD = ("context_uuid", "thread_uuid", "thread_id", "frontend_context_uuid")
ENTRY = ("uuid", "backend_uuid", "entry_uuid", "id")
TITLE = ("title", "thread_title", "context_title")
QUESTION = ("query_str", "query", "question")
ANSWER = ("answer", "answer_text")
OUTPUT = "output_str"
CREATED = ("created", "created_at", "created_datetime", "entry_created_datetime", "timestamp")
UPDATED = ("updated", "updated_at", "updated_datetime", "entry_updated_datetime")
STATE = ("status", "query_status")
MODEL = ("display_model", "model", "user_selected_model")
SPACE = ("collection_uuid", "collection_id")
SPACE_NAME = ("collection_title", "collection_name", "collection")
_CONVERSATION = frozenset({*THREAD, *ENTRY, *TITLE, *QUESTION, *ANSWER, OUTPUT, *CREATED, *UPDATED, *SPACE})

KEY = "memory_key"
VALUE = "memory_value"
FIRST = ("first_created_at", "created_at", "created")
LAST = ("last_updated_at", "updated_at", "updated")
DELETED = "is_deleted"
FORGOTTEN = "is_forgotten"
INVISIBLE = "is_invisible"
CONFIDENCE = "confidence"
MEMORY_ID = ("memory_id", "memory_uuid", "uuid", "id")

#: What a sheet must have for its rows to say all that they are known to say: one name of each of these.
_WANTED: dict[Holds, tuple[tuple[str, ...], ...]] = {
    "conversations": ((*THREAD, *ENTRY), (*TITLE, *QUESTION), (OUTPUT, *ANSWER), CREATED),
    "memories": ((KEY,), (VALUE,), FIRST, (DELETED,), (FORGOTTEN,), (INVISIBLE,)),
}


class Line(NamedTuple):
    """A row below a sheet's header: its cells by column, empty ones left out, as the JSON that is kept of it."""

    holds: Holds
    cells: dict[str, Any]
    data: bytes


def named(name: str) -> str:
    """A column's name as the tables above have it."""
    return "_".join(name.lower().split())


def by_name(cells: dict[str, Any]) -> dict[str, Any]:
    """A row's cells by the names of the tables above; of two columns of one name the first."""
    found: dict[str, Any] = {}
    for column, value in cells.items():
        found.setdefault(named(column), value)
    return found


def is_account_book(member: Member) -> bool:
    """Whether a member is such a workbook. One with sheets of those names that cannot be read is: reading it says why."""
    name = member.path.lower()
    if not name.endswith(_NAMES) and "." in name:
        return False
    try:
        if _SHEETS.isdisjoint(named(sheet) for sheet in sheet_names(member, DEFAULT)):
            return False
    except SatchelError:
        return False
    try:
        with open_workbook(member, DEFAULT) as book:
            return any(_holds(sheet, _columns(book, sheet)) for sheet in book.sheets)
    except SatchelError:
        return True


def lines(member: Member, book: Workbook) -> Iterator[Line | Finding]:
    """The rows of every sheet that is known, and what there is to tell of the sheets.

    Raises:
        MalformedInput, LimitExceeded: a sheet cannot be read any further.
    """
    place = Place(file=member.name)
    for sheet in book.sheets:
        rows = book.rows(sheet)
        header = next(rows, None)
        columns = _titles(header.cells) if header else ()
        holds = _holds(sheet, columns)
        if holds is None:
            if header:
                text = f"the sheet '{printable(sheet)}' has columns that nobody knows, and is not read"
                yield Finding("unread-sheet", "warning", text, place, "skipped")
            continue
        known = {named(column) for column in columns}
        missing = [names[-1 if holds == "conversations" else 0] for names in _WANTED[holds] if known.isdisjoint(names)]
        if missing:
            text = f"the sheet '{printable(sheet)}' has no column for {', '.join(name.upper() for name in missing)}"
            yield Finding("missing-column", "warning", text, place)
        formulas = beyond = 0
        for row in rows:
            formulas += row.formulas
            beyond += any(cell is not None for cell in row.cells[len(columns) :])
            cells = {column: cell for column, cell in zip(columns, row.cells, strict=False) if column and cell is not None}
            if cells:
                yield Line(holds, cells, msgspec.json.encode(cells))
        if formulas:
            text = f"cells of the sheet '{printable(sheet)}' are formulas: their stored results are read, else their text"
            yield Finding("formula", "info", text, place, "changed", formulas)
        if beyond:
            text = f"rows of the sheet '{printable(sheet)}' have cells beyond its last column, which are not read"
            yield Finding("unnamed-cells", "warning", text, place, "skipped", beyond)


def _columns(book: Workbook, sheet: str) -> tuple[str, ...]:
    header = next(book.rows(sheet), None)
    return _titles(header.cells) if header else ()


def _titles(cells: tuple[Any, ...]) -> tuple[str, ...]:
    """The names of the columns; one without a name, or with that of another, has one by its place."""
    found: list[str] = []
    for at, cell in enumerate(cells):
        title = str(cell).strip() if cell is not None else ""
        found.append(title if title and title not in found else f"{title or 'column'} {at + 1}")
    return tuple(found)


def _holds(sheet: str, columns: tuple[str, ...]) -> Holds | None:
    known = {named(column) for column in columns}
    if VALUE in known or (KEY in known and named(sheet).startswith("memor")):
        return "memories"
    told = _CONVERSATION & known
    if OUTPUT in known and len(told) >= 2:
        return "conversations"
    return "conversations" if named(sheet) == "conversations" and len(told) >= 3 else None
