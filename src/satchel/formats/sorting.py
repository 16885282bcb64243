"""Sorting more lines than memory holds: runs are sorted and put aside, then merged."""

from __future__ import annotations

import heapq
import itertools
import struct
from collections.abc import Callable, Iterator
from typing import IO

import msgspec

#: What one stream gathers before it puts a run aside.
RUN_BYTES = 16 << 20
#: What is put aside and fetched again in one piece.
_BLOCK_LINES = 256
_HEAD = struct.Struct("<Q")
_ENCODE = msgspec.msgpack.Encoder().encode
_DECODE = msgspec.msgpack.Decoder(list[tuple[bytes, bytes]]).decode


class SortedLines:
    """Lines by key, in byte order, equal keys in the order of adding; an empty key stands for the line itself.

    ``spool`` gives a nameless file to put runs into.
    """

    def __init__(self, spool: Callable[[], IO[bytes]], *, run_bytes: int = RUN_BYTES) -> None:
        self._spool = spool
        self._run_bytes = run_bytes
        self._lines: list[tuple[bytes, bytes]] = []
        self._held = 0
        self._runs: list[IO[bytes]] = []
        #: Whether all came in their order so far, as from a source that was sorted: then there is nothing to merge.
        self._in_order = True
        self._last = b""
        self.count = 0

    def add(self, key: bytes, line: bytes) -> None:
        """Take in a line without its end."""
        self._lines.append((key, line))
        mark = key or line
        self._in_order = self._in_order and mark >= self._last
        self._last = mark
        self._held += len(key) + len(line) + 128
        self.count += 1
        if self._held > self._run_bytes:
            self._put_aside()

    def __iter__(self) -> Iterator[bytes]:
        if not self._in_order:
            self._lines.sort(key=_order)
        if not self._runs:
            return (line for _, line in self._lines)
        # The runs are older than what is in memory, and each other's in their order: merging is stable.
        parts = [*map(_read, self._runs), iter(self._lines)]
        if self._in_order:
            return (line for _, line in itertools.chain.from_iterable(parts))
        return (line for _, line in heapq.merge(*parts, key=_order))

    def _put_aside(self) -> None:
        if not self._in_order:
            self._lines.sort(key=_order)
        run = self._spool()
        for start in range(0, len(self._lines), _BLOCK_LINES):
            block = _ENCODE(self._lines[start : start + _BLOCK_LINES])
            run.write(_HEAD.pack(len(block)))
            run.write(block)
        run.seek(0)
        self._runs.append(run)
        self._lines = []
        self._held = 0


def _order(pair: tuple[bytes, bytes]) -> bytes:
    return pair[0] or pair[1]


def _read(run: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    while head := run.read(_HEAD.size):
        yield from _DECODE(run.read(*_HEAD.unpack(head)))
