"""Copilot's tables as rows: which layout a header tells, and the records below it with their exact bytes.

RFC 4180 as spreadsheets write it: quoted cells of many lines, other delimiters, a ``sep=`` line. The standard library's reader
gives no byte places, stops at 131,072 characters and loses a row with a lone carriage return; hence this one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from satchel.codec.arrays import Element
from satchel.errors import LimitExceeded, MalformedInput, Place
from satchel.limits import Limits

_BOM = b"\xef\xbb\xbf"
_DELIMITERS = ",;\t|"
_HEADER_BYTES = 64 << 10
_SEPARATOR = re.compile(r"sep=(.)\s*\Z", re.IGNORECASE)
_CLOSED = re.compile(rb'[^"]*+(?:""[^"]*+)*+"')
_QUOTED = re.compile(r'([^"]*+(?:""[^"]*+)*+)"')


class Layout(NamedTuple):
    """Which column says what; "" for what a layout has no column for (providers.md 3.8: A, B, C)."""

    version: str
    title: str
    time: str
    author: str
    text: str
    app: str = ""


LAYOUTS = (
    Layout("csv-activity", title="conversation", time="time", author="author", text="message"),
    Layout("csv-chat", title="chatname", time="createdat", author="author", text="messagecontent"),
    Layout("csv-windows-apps", title="", time="timestamp", author="", text="prompt", app="clientapp"),
)


class Row(NamedTuple):
    """One message's cells; None for a cell that the record does not have."""

    title: str | None
    time: str | None
    author: str | None
    text: str | None
    app: str | None


class Header(NamedTuple):
    layout: Layout
    delimiter: str
    columns: tuple[str, ...]

    def row(self, record: str) -> Row:
        """The cells of a record. The text is the one cell that holds anything: what is too much in a row belongs to it."""
        cells = split(record, self.delimiter)
        surplus = len(cells) - len(self.columns)
        while surplus > 0 and cells[-1] == "":
            cells.pop()
            surplus -= 1
        at = self.columns.index(self.layout.text)
        if surplus > 0:
            cells[at : at + surplus + 1] = [self.delimiter.join(cells[at : at + surplus + 1])]
        named = dict(zip(self.columns, cells, strict=False))
        _, title, time, author, text, app = self.layout
        return Row(*(named.get(name) if name else "" for name in (title, time, author, text, app)))


def header_of(line: str) -> Header | None:
    """The header that a table's first line is, in any order, case and delimiter; None when it is no table of Copilot's."""
    line = line.removeprefix("\ufeff").rstrip("\r\n")
    for delimiter in _DELIMITERS:
        if delimiter not in line:
            continue
        columns = tuple("".join(cell.split()).lower() for cell in split(line, delimiter))
        for layout in LAYOUTS:
            if {name for name in layout[1:] if name} <= set(columns):
                return Header(layout, delimiter, columns)
    return None


def header_in(text: str) -> Header | None:
    """The header at the start of a file, behind blank lines and the line by which spreadsheets name the delimiter."""
    for line in text[:_HEADER_BYTES].split("\n", 4)[:4]:
        bare = line.strip("\ufeff\r ")
        if bare and not _SEPARATOR.match(bare):
            return header_of(line)
    return None


def split(record: str, delimiter: str) -> list[str]:
    """The cells of one record, unquoted; a quote inside a cell that does not begin with one is a character."""
    cells = []
    at = 0
    while True:
        is_quoted = record[at : at + 1] == '"'
        found = _QUOTED.match(record, at + 1) if is_quoted else None
        if is_quoted and found is None:
            cells.append(record[at + 1 :].replace('""', '"'))
            return cells
        end = record.find(delimiter, found.end() if found else at)
        stop = len(record) if end < 0 else end
        if found:
            cells.append(found[1].replace('""', '"') + record[found.end() : stop])
        else:
            cells.append(record[at:stop])
        if end < 0:
            return cells
        at = end + 1


def read_header(stream: BinaryIO, place: Place) -> tuple[Header, bytes]:
    """The header and its bytes, the stream standing behind them.

    Raises:
        MalformedInput: the file does not begin with one.
    """
    before = b""
    while line := stream.readline(_HEADER_BYTES):
        before += line
        bare = line.removeprefix(_BOM).decode("utf-8", "replace")
        if bare.strip() and not _SEPARATOR.match(bare.strip()):
            header = header_of(bare)
            if header is None:
                break
            return header, before
        if len(before) > _HEADER_BYTES:
            break
    raise MalformedInput("the file does not begin with the header of a table", place=place)


def records(stream: BinaryIO, delimiter: str, start: int, file: str, limits: Limits) -> Iterator[Element]:
    """The records behind the header, each with its line end; one past ``limits.element_bytes`` comes without its bytes.

    A quote that is never closed makes the rest of the file one cell: that is where a broken-off download ends.

    Args:
        start: the offset at which the stream stands.
    """
    mark = delimiter.encode()
    index, offset = 0, start
    pieces: list[bytes] = []
    size = 0
    is_open = False
    while line := stream.readline(limits.element_bytes + 1):
        size += len(line)
        if size <= limits.element_bytes:
            pieces.append(line)
        is_open = _stays_open(line, is_open, mark)
        if size > limits.element_bytes:
            # Where such a record ends nobody can tell: the next line is taken for a new one.
            while line and not line.endswith(b"\n"):
                line = stream.readline(limits.element_bytes)
                size += len(line)
            pieces.clear()
            is_open = False
        elif is_open or not line.endswith(b"\n"):
            continue
        yield _record(index, offset, size, b"".join(pieces), file, limits)
        index += 1
        offset += size
        pieces, size = [], 0
    if size:
        yield _record(index, offset, size, b"".join(pieces), file, limits)


def _record(index: int, offset: int, size: int, data: bytes, file: str, limits: Limits) -> Element:
    if size <= limits.element_bytes:
        return Element(index, offset, data)
    fault = LimitExceeded(
        f"one row is larger than {limits.element_bytes:,} bytes",
        place=Place(file=file, element=index, offset=offset),
        hint="--limit element_bytes=N raises it",
    )
    return Element(index, offset, b"", fault)


def _stays_open(line: bytes, is_open: bool, delimiter: bytes) -> bool:
    """Whether a quoted cell goes on behind ``line``, when it begins inside one or not."""
    if b'"' not in line:
        return is_open
    at = 0
    while True:
        if not is_open:
            if line[at : at + 1] != b'"':
                at = line.find(delimiter, at) + 1
                if at == 0:
                    return False
                continue
            at += 1
        closed = _CLOSED.match(line, at)
        if closed is None:
            return True
        is_open = False
        at = line.find(delimiter, closed.end()) + 1
        if at == 0:
            return False


def stays_open(record: bytes, delimiter: str) -> bool:
    """Whether a quote in a whole record is never closed: the last one of a table that was cut off."""
    return _stays_open(record, False, delimiter.encode())
