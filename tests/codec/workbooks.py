"""Workbooks for tests: honest ones as openpyxl writes them, and the same with one part exchanged."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook

from satchel.codec.archives import CONTENT_TYPES
from satchel.codec.sources import BytesMember

SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"


def written(**sheets: Sequence[Sequence[Any]]) -> bytes:
    """A workbook of these sheets, each its rows."""
    book = Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def rewritten(data: bytes, parts: dict[str, bytes | None], more: Sequence[tuple[str, bytes]] = ()) -> bytes:
    """The same package with some parts' bytes others, None for none; ``more`` are members added behind."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = parts.get(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
        for name, content in more:
            new.writestr(name, content)
    return file.getvalue()


def part(data: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name)


def member(data: bytes, path: str = "x.xlsx") -> BytesMember:
    return BytesMember(path, data)


def sharing(data: bytes) -> bytes:
    """The same with its texts in a table of their own, as Excel writes them."""
    texts: list[bytes] = []

    def shared(inline: re.Match[bytes]) -> bytes:
        texts.append(inline[1])
        return b't="s"><v>%d</v>' % (len(texts) - 1)

    sheet = re.sub(rb't="inlineStr"><is>(.*?)</is>', shared, part(data, SHEET))
    override = b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    types = part(data, CONTENT_TYPES).replace(b"</Types>", override + b'spreadsheetml.sharedStrings+xml"/></Types>')
    table = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">%b</sst>'
    strings = table % b"".join(b"<si>" + text + b"</si>" for text in texts)
    return rewritten(data, {SHEET: sheet, CONTENT_TYPES: types}, [(STRINGS, strings)])
