"""Workbooks (Office Open XML, ECMA-376) that may be hostile: their sheets as rows of plain values, read by openpyxl.

openpyxl holds nothing back, so that is done before it sees a byte: the directory tells no two members of one name, sizes and
ratios are within limits, no part declares a document type (OPC forbids it, and entities need it), and no part has more
elements than a workbook of its kind can. Behind it every row is counted, those that a sheet leaves out among them.
"""

from __future__ import annotations

import contextlib
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO, NamedTuple
from xml.parsers import expat

from satchel.codec.archives import CONTENT_TYPES, printable
from satchel.codec.sources import Member
from satchel.codec.streams import spool
from satchel.errors import InputError, LimitExceeded, MalformedInput, Place, UnsafeArchive
from satchel.limits import Limits

#: What one cell holds at most (ECMA-376 leaves it open, Excel and openpyxl cut there).
CELL_CHARACTERS = 32_767
_BOOK = "xl/workbook.xml"
_BOOK_BYTES = 1 << 20
_CHUNK_BYTES = 256 << 10
#: Elements of cells and their text, of which a workbook has many.
_CELLS = frozenset({"row", "c", "v", "f", "is", "t", "si", "r", "rPh", "phoneticPr"})
#: How a text looks, run by run.
_LOOKS = frozenset({"rPr", "b", "i", "u", "sz", "color", "rFont", "family", "scheme", "charset", "vertAlign", "strike"})
_MANY = _CELLS | _LOOKS
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class Row(NamedTuple):
    """``number`` as the sheet counts, from 1. ``formulas`` are the cells of it that are one."""

    number: int
    cells: tuple[Any, ...]
    formulas: int = 0


class Workbook:
    """An opened workbook; made by ``open_workbook``."""

    def __init__(self, file: BinaryIO, place: Place, limits: Limits, formulas: bool) -> None:
        self._place = place
        self._limits = limits
        self._values = self._load(file, data_only=True)
        self._formulas = self._load(file, data_only=False) if formulas else None
        #: The names of its sheets of cells, in their order.
        self.sheets: tuple[str, ...] = tuple(sheet.title for sheet in self._values.worksheets)

    def _load(self, file: BinaryIO, *, data_only: bool) -> Any:
        from openpyxl import load_workbook

        with self._foreign(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return load_workbook(file, read_only=True, data_only=data_only, keep_links=False)

    @contextlib.contextmanager
    def _foreign(self, what: str = "the workbook") -> Iterator[None]:
        """openpyxl says what is wrong with a file by whatever its objects raise on it."""
        try:
            yield
        except (MemoryError, RecursionError, LimitExceeded):
            raise
        except Exception as error:
            text = f"{what} cannot be read: {type(error).__name__}"
            raise MalformedInput(text, place=self._place, hint="open it in a spreadsheet program and save it anew") from None

    def rows(self, sheet: str) -> Iterator[Row]:
        """The rows of a sheet that have a cell with something in it.

        A value is a text, a number, a truth value, None, or for a date or a time its ISO 8601 text, which has no zone. A
        formula is its stored result; where none is stored, its text.

        Raises:
            LimitExceeded: more rows than ``limits.workbook_rows``, empty ones among them.
            MalformedInput: the sheet cannot be read any further.
        """
        values = self._cells(self._values, sheet, values_only=True)
        formulas = self._cells(self._formulas, sheet, values_only=False) if self._formulas else None
        number = 0
        while True:
            with self._foreign(f"the sheet '{printable(sheet)}' behind row {number}"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                cells = next(values, None)
                behind = next(formulas, ()) if formulas else ()
            if cells is None:
                return
            number += 1
            if number > self._limits.workbook_rows:
                raise LimitExceeded(
                    f"the sheet '{printable(sheet)}' has more than {self._limits.workbook_rows:,} rows",
                    place=self._place,
                    hint="--limit workbook_rows=N raises it",
                )
            found = [_plain(value) for value in cells]
            count = 0
            for at, cell in enumerate(behind):
                if getattr(cell, "data_type", "") == "f":
                    count += 1
                    if found[at] is None:
                        found[at] = _plain(getattr(cell.value, "text", cell.value))
            if any(value is not None for value in found):
                yield Row(number, tuple(found), count)

    def _cells(self, book: Any, sheet: str, *, values_only: bool) -> Iterator[Any]:
        with self._foreign():
            table = next(table for table in book.worksheets if table.title == sheet)
            # What a sheet says of its own size may be wrong.
            table.reset_dimensions()
            return iter(table.iter_rows(values_only=values_only))

    def close(self) -> None:
        for book in filter(None, (self._values, self._formulas)):
            book.close()


@contextlib.contextmanager
def open_workbook(member: Member, limits: Limits) -> Iterator[Workbook]:
    """The workbook that a member is.

    Raises:
        MalformedInput: it is none, or it is damaged.
        UnsafeArchive: two parts of one name, an encrypted one, or one with a document type.
        LimitExceeded: it unpacks to more than the limits named ``workbook_…`` and ``archive_…`` say.
        InputError: as the member's stream.
    """
    place = Place(file=member.name)
    with contextlib.ExitStack() as stack:
        file = _copied(member, stack, limits)
        formulas = _inspected(file, place, limits)
        file.seek(0)
        book = Workbook(file, place, limits, formulas)
        stack.callback(book.close)
        yield book


def sheet_names(member: Member, limits: Limits) -> tuple[str, ...]:
    """The names of a workbook's sheets, and nothing else of it looked at; none of what is no workbook.

    Raises:
        LimitExceeded, InputError: as ``open_workbook``.
    """
    with contextlib.ExitStack() as stack:
        file = _copied(member, stack, limits)
        names: list[str] = []
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = _refuse_doctype

        def element(name: str, attributes: dict[str, str]) -> None:
            if name.rpartition(":")[2] == "sheet" and "name" in attributes:
                names.append(attributes["name"])

        parser.StartElementHandler = element
        try:
            with zipfile.ZipFile(file) as archive, archive.open(_BOOK) as stream:
                parser.Parse(stream.read(_BOOK_BYTES), True)
        except Exception:
            # A copy that is at hand: whatever is wrong with it, it names no sheets.
            return ()
        return tuple(names)


def _refuse_doctype(*_: Any) -> None:
    raise UnsafeArchive("a part of the workbook declares a document type, as no workbook may")


def _copied(member: Member, stack: contextlib.ExitStack, limits: Limits) -> BinaryIO:
    """The member's bytes as a file that seeks, in memory: what is encrypted does not come to lie on the disk in the clear."""
    place = Place(file=member.name)
    try:
        with member.open() as stream:
            return spool(stream, stack, limits.workbook_bytes, io.BytesIO)
    except OSError as error:
        raise InputError(f"no room for a copy of it: {error.strerror}", place=place) from None
    except LimitExceeded:
        text = f"the workbook is larger than {limits.workbook_bytes:,} bytes"
        raise LimitExceeded(text, place=place, hint="--limit workbook_bytes=N raises it") from None


def _inspected(file: BinaryIO, place: Place, limits: Limits) -> bool:
    """Whether there are formulas in the workbook; see ``open_workbook`` for what is refused."""
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
            _check_directory(parts, place, limits)
            inspection = _Inspection(place, limits)
            for part in parts:
                with archive.open(part) as stream:
                    inspection.part(stream)
            return inspection.formulas > 0
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, OverflowError, EOFError, RuntimeError) as error:
        raise MalformedInput(f"the workbook is damaged: {type(error).__name__}", place=place) from None
    except Exception as error:
        # The decompressors' own, whose classes are several.
        if type(error).__module__.partition(".")[0] in ("zlib", "lzma", "_lzma", "bz2", "compression"):
            raise MalformedInput("the workbook is damaged: a part does not unpack", place=place) from None
        raise


def _check_directory(parts: list[zipfile.ZipInfo], place: Place, limits: Limits) -> None:
    names = [part.filename for part in parts]
    if len(parts) > limits.archive_members:
        raise LimitExceeded("the workbook has too many parts", place=place, hint="--limit archive_members=N raises it")
    if CONTENT_TYPES not in names or _BOOK not in names:
        raise MalformedInput("this is no workbook", place=place)
    if len({name.casefold() for name in names}) != len(names):
        raise UnsafeArchive("two parts of the workbook have one name", place=place)
    if any(part.flag_bits & 1 for part in parts):
        raise UnsafeArchive("the workbook is encrypted", place=place, hint="save it without a password")
    total = 0
    for part in parts:
        total += part.file_size
        is_dense = part.file_size > max(part.compress_size, 1) * limits.archive_ratio
        if part.file_size > limits.ratio_free_bytes and is_dense:
            text = f"a part of the workbook unpacks to more than {limits.archive_ratio} times its size"
            raise LimitExceeded(text, place=place, hint="--limit archive_ratio=N raises it")
    if total > limits.workbook_bytes:
        text = f"the workbook unpacks to more than {limits.workbook_bytes:,} bytes"
        raise LimitExceeded(text, place=place, hint="--limit workbook_bytes=N raises it")


class _Inspection:
    """Looks at every part as XML, by the parser that openpyxl reads sheets with; what is no XML ends at its first byte."""

    def __init__(self, place: Place, limits: Limits) -> None:
        self.formulas = 0
        self._place = place
        self._limits = limits
        self._cells = 0
        self._others = 0

    def part(self, stream: Any) -> None:
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._element
        try:
            while chunk := stream.read(_CHUNK_BYTES):
                parser.Parse(chunk, False)
            parser.Parse(b"", True)
        except expat.ExpatError:
            # Where openpyxl needs the part, it stops at the same byte.
            return

    def _doctype(self, *_: Any) -> None:
        raise UnsafeArchive("a part of the workbook declares a document type, as no workbook may", place=self._place)

    def _element(self, name: str, _: Any) -> None:
        name = name.rpartition(":")[2]
        if name not in _MANY:
            self._others += 1
            if self._others > self._limits.workbook_parts:
                self._refuse("workbook_parts", self._limits.workbook_parts, "elements that are no cells")
            return
        self._cells += 1
        if name == "f":
            self.formulas += 1
        if self._cells > self._limits.workbook_elements:
            self._refuse("workbook_elements", self._limits.workbook_elements, "elements of cells and text")

    def _refuse(self, name: str, limit: int, what: str) -> None:
        text = f"the workbook has more than {limit:,} {what}"
        raise LimitExceeded(text, place=self._place, hint=f"--limit {name}=N raises it")


def _plain(value: Any) -> Any:
    if type(value) is str:
        return _ESCAPED.sub(_character, value) if "_x" in value else value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return value if value is None or type(value) in (bool, int, float) else str(value)


def _character(escape: re.Match[str]) -> str:
    """The character that an escape stands for (ECMA-376 part 1, 22.9.2.19); half a surrogate pair is none."""
    code = int(escape[1], 16)
    return escape[0] if 0xD800 <= code <= 0xDFFF else chr(code)
