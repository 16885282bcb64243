"""The HTML of "My Activity" cut into its entries: a window over the file, never the file (providers.md 3.3, HTML).

An entry is what stands from one ``div`` of the class ``outer-cell`` to the next. Text that looks like one is escaped in an
export, so that bytes alone tell where an entry begins; what is inside is for a real parser.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from satchel.codec.arrays import Element
from satchel.errors import LimitExceeded, Place
from satchel.limits import Limits

_CHUNK_BYTES = 512 << 10
_CLASS = b"outer-cell"
#: A start tag is no longer than this before the name of its class.
_TAG_BYTES = 400
_END = b"</body"


def iter_cells(stream: BinaryIO, *, file: str = "", limits: Limits) -> Iterator[Element]:
    """The exact bytes of each entry, in order. One over ``limits.element_bytes`` comes without its bytes, with its fault.

    Raises:
        LimitExceeded: more than ``limits.array_elements`` of them.
        InputError: as the stream.
    """
    window = b""
    #: Where in the file the window begins, and where in the window the entry at hand does (-1: before the first).
    base, begin, looked = 0, -1, 0
    index = 0
    is_over = False
    offset = 0
    while True:
        at = _next(window, looked)
        if at is not None:
            if begin >= 0:
                yield _element(index, offset, window[begin:at], file, limits, is_over)
                index += 1
            if index >= limits.array_elements:
                raise LimitExceeded(
                    f"more than {limits.array_elements:,} entries",
                    place=Place(file=file),
                    hint="--limit array_elements=N raises it",
                )
            begin, offset, is_over = at, base + at, False
            looked = window.index(_CLASS, at) + len(_CLASS)
            continue
        is_over = is_over or (begin >= 0 and len(window) - begin > limits.element_bytes)
        # A start tag may break off at the window's end.
        tail = max(0, len(window) - _TAG_BYTES - len(_CLASS))
        looked = max(looked, tail)
        keep = tail if begin < 0 or is_over else begin
        window, base, looked = window[keep:], base + keep, looked - min(keep, looked)
        begin = min(0, begin)
        # As much again as there is, so that a large entry is not copied for each small piece of it.
        chunk = stream.read(max(_CHUNK_BYTES, len(window)))
        if not chunk:
            break
        window += chunk
    if begin >= 0:
        end = window.rfind(_END)
        yield _element(index, offset, window if end < 0 else window[:end].rstrip(), file, limits, is_over)


def _next(window: bytes, start: int) -> int | None:
    """Where the next entry's start tag begins, at or behind ``start``."""
    at = window.find(_CLASS, start)
    while at >= 0:
        tag = window.rfind(b"<", max(0, at - _TAG_BYTES), at)
        head = window[tag:at] if tag >= 0 else b""
        if head[:4].lower() == b"<div" and head[4:5].isspace() and b">" not in head and b"class" in head.lower():
            return tag
        at = window.find(_CLASS, at + len(_CLASS))
    return None


def _element(index: int, offset: int, data: bytes, file: str, limits: Limits, is_over: bool) -> Element:
    if not is_over and len(data) <= limits.element_bytes:
        return Element(index, offset, data)
    fault = LimitExceeded(
        f"the entry is larger than {limits.element_bytes:,} bytes",
        place=Place(file=file, element=index, offset=offset),
        hint="--limit element_bytes=N raises it",
    )
    return Element(index, offset, b"", fault)
