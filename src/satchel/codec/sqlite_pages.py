"""A SQLite file as pages, whoever wrote it and whatever is free in it: no page is skipped for being free, no table is asked.

What a cell holds beyond its page is put together from its overflow pages (SQLite's file format, sections 1.5 and 1.6), so that
a compressed value is whole again. A page that is no part of a tree any more is read like the others.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

HEADER = b"SQLite format 3\x00"
_TABLE_LEAF, _INDEX_LEAF, _INDEX_INTERIOR = 13, 10, 2
_WAL_HEADER_BYTES, _FRAME_HEADER_BYTES = 32, 24
WAL_MAGIC = (0x377F0682, 0x377F0683)

#: Gives the page of a number without its reserved bytes, None where there is none or it cannot be read.
GetPage = Callable[[int], bytes | None]


class Shape(NamedTuple):
    """How large a page is, and how much of it SQLite uses."""

    page_bytes: int
    reserved_bytes: int

    @property
    def usable_bytes(self) -> int:
        return self.page_bytes - self.reserved_bytes


def shape_of(head: bytes) -> Shape | None:
    """The shape that the first 24 bytes of a file tell, the 16 of its magic aside; None when they tell none."""
    if len(head) < 24:
        return None
    (size,) = struct.unpack(">H", head[16:18])
    size = 65536 if size == 1 else size
    # Bytes 21 to 23 are fixed.
    if size < 512 or size & (size - 1) or head[21:24] != b"\x40\x20\x20" or size - head[20] < 480:
        return None
    return Shape(size, head[20])


class Overflowing(NamedTuple):
    """A cell that goes on in other pages: its place in its own page, and how to read all of it."""

    start: int
    end: int
    chunks: Iterator[bytes]


def overflowing(page: bytes, number: int, shape: Shape, get: GetPage, pages: int) -> Iterator[Overflowing]:
    """The cells of a page that have overflow pages. Nothing where it is no page with cells.

    Args:
        pages: how many pages there are.
    """
    head = 100 if number == 1 else 0
    kind = page[head] if len(page) > head + 12 else 0
    if kind not in (_TABLE_LEAF, _INDEX_LEAF, _INDEX_INTERIOR):
        return
    (count,) = struct.unpack_from(">H", page, head + 3)
    first = head + (12 if kind == _INDEX_INTERIOR else 8)
    if first + 2 * count > len(page):
        return
    usable = shape.usable_bytes
    most = usable - 35 if kind == _TABLE_LEAF else (usable - 12) * 64 // 255 - 23
    least = (usable - 12) * 32 // 255 - 23
    for start in struct.unpack_from(f">{count}H", page, first):
        at = start + (4 if kind == _INDEX_INTERIOR else 0)
        payload, at = _varint(page, at)
        if kind == _TABLE_LEAF:
            _, at = _varint(page, at)
        if payload <= most or payload > pages * usable:
            continue
        local = least + (payload - least) % (usable - 4)
        local = local if local <= most else least
        if at + local + 4 <= len(page):
            (following,) = struct.unpack_from(">I", page, at + local)
            yield Overflowing(at, at + local, _chunks(page[at : at + local], following, payload - local, usable, get, pages))


def _chunks(local: bytes, following: int, left: int, usable: int, get: GetPage, pages: int) -> Iterator[bytes]:
    yield local
    while left > 0 and 0 < following <= pages:
        page = get(following)
        if page is None:
            return
        yield page[4 : 4 + min(left, usable - 4)]
        left -= usable - 4
        (following,) = struct.unpack_from(">I", page, 0)


def _varint(page: bytes, at: int) -> tuple[int, int]:
    value = 0
    for position in range(at, min(at + 9, len(page))):
        byte = page[position]
        if position == at + 8:
            return value << 8 | byte, position + 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, position + 1
    return 0, len(page)


class Frame(NamedTuple):
    """A page in a write-ahead log: its number, where its bytes begin in the file, and whether it ends a transaction."""

    number: int
    at: int
    commits: bool


def frames(read_at: Callable[[int, int], bytes], size_bytes: int) -> tuple[Shape, list[Frame]] | None:
    """Every frame in a write-ahead log, those that no longer count as well; the shape's reserved bytes are those of the
    database. None when it is no log."""
    head = read_at(0, _WAL_HEADER_BYTES)
    if len(head) < _WAL_HEADER_BYTES or int.from_bytes(head[:4]) not in WAL_MAGIC:
        return None
    page_bytes = int.from_bytes(head[8:12])
    if page_bytes < 512 or page_bytes & (page_bytes - 1) or page_bytes > 65536:
        return None
    found = []
    step = _FRAME_HEADER_BYTES + page_bytes
    for at in range(_WAL_HEADER_BYTES, size_bytes - step + 1, step):
        told = read_at(at, 8)
        found.append(Frame(int.from_bytes(told[:4]), at + _FRAME_HEADER_BYTES, any(told[4:])))
    return Shape(page_bytes, 0), found
