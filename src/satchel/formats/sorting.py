"""Sorting more lines than memory holds: runs are sorted and put aside, then merged."""

from __future__ import annotations

import heapq
import itertools
import struct
from collections.abc import Callable, Iterator
from typing import IO

#: What one stream gathers before it puts a run aside.
RUN_BYTES = 16 << 20
_HEAD = struct.Struct("<II")
_WINDOW_BYTES = 1 << 18


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
        self._lines.sort(key=_order)
        if not self._runs:
            return (line for _, line in self._lines)
        # The runs are older than what is in memory, and each other's in their order: merging is stable.
        parts = [*map(_read, self._runs), iter(self._lines)]
        if self._in_order:
            return (line for _, line in itertools.chain.from_iterable(parts))
        return (line for _, line in heapq.merge(*parts, key=_order))

    def _put_aside(self) -> None:
        self._lines.sort(key=_order)
        run = self._spool()
        for key, line in self._lines:
            run.write(_HEAD.pack(len(key), len(line)))
            run.write(key)
            run.write(line)
        run.seek(0)
        self._runs.append(run)
        self._lines = []
        self._held = 0


def _order(pair: tuple[bytes, bytes]) -> bytes:
    return pair[0] or pair[1]


def _read(run: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    data = b""
    at = 0
    while True:
        while len(data) - at < _HEAD.size or len(data) - at < _HEAD.size + sum(_HEAD.unpack_from(data, at)):
            more = run.read(_WINDOW_BYTES)
            if not more:
                return
            data = data[at:] + more
            at = 0
        key_bytes, line_bytes = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        middle = at + key_bytes
        yield data[at:middle], data[middle : middle + line_bytes]
        at = middle + line_bytes
