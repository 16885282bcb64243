"""Rows of one conversation that lie apart, brought together: tables, logs and pages have a row a message, by time.

A file is read once, for a pipe or a zip member can be read only so. Each row's bytes go to a copy (in memory while small, then
a temporary file without a name), and of each row 16 bytes stay in memory, so that a table of hundreds of megabytes takes tens.
"""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterator
from hashlib import blake2b
from types import TracebackType
from typing import Self

from satchel.codec.sources import Member
from satchel.errors import InputError, LimitExceeded, Place
from satchel.limits import MIB, Limits

_IN_MEMORY_BYTES = 8 * MIB


class Gathering:
    """Rows by group, in the order in which they were added. Use it as a context: the copy is gone when it closes."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        #: The first row of each file, and its name.
        self._files: list[tuple[int, str]] = []
        self._copy = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115
        self._ends = array("q")
        #: The row of the same group that comes next, -1 for its last.
        self._next = array("q")
        self._firsts = array("q")
        self._lasts = array("q")
        self._groups: dict[bytes, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._copy.close()

    def __len__(self) -> int:
        return len(self._ends)

    def begin(self, member: Member) -> None:
        """The rows that follow are of this file."""
        self._files.append((len(self._ends), member.name))

    def place(self, row: int) -> Place:
        """The file that a row is in."""
        return Place(file=next((name for first, name in reversed(self._files) if first <= row), ""))

    def add(self, data: bytes, *key: str) -> None:
        """Keep a row of the group named ``key``; without a key it is a group of its own.

        Raises:
            LimitExceeded: more rows than ``limits.array_elements``.
            InputError: there is no room for the copy.
        """
        row = len(self._ends)
        if row >= self._limits.array_elements:
            raise LimitExceeded(
                f"more than {self._limits.array_elements:,} rows",
                place=self.place(row),
                hint="--limit array_elements=N raises it",
            )
        try:
            self._copy.write(data)
        except OSError as error:
            raise InputError(f"no room for a copy of it: {error.strerror}", place=self.place(row)) from None
        self._ends.append((self._ends[-1] if row else 0) + len(data))
        self._next.append(-1)
        digest = blake2b("\0".join(key).encode("utf-8", "surrogatepass"), digest_size=16).digest() if key else b"%d" % row
        group = self._groups.setdefault(digest, len(self._firsts))
        if group == len(self._firsts):
            self._firsts.append(row)
            self._lasts.append(row)
        else:
            self._next[self._lasts[group]] = row
            self._lasts[group] = row

    def groups(self) -> Iterator[list[int]]:
        """Each group's rows, groups and rows in the order in which they came."""
        for first in self._firsts:
            rows = []
            row = first
            while row >= 0:
                rows.append(row)
                row = self._next[row]
            yield rows

    def size_bytes(self, row: int) -> int:
        """How long a row is."""
        return self._ends[row] - (self._ends[row - 1] if row else 0)

    def data(self, row: int) -> bytes:
        """A row's bytes.

        Raises:
            InputError: the copy cannot be read.
        """
        try:
            self._copy.seek(self._ends[row - 1] if row else 0)
            return self._copy.read(self.size_bytes(row))
        except OSError as error:
            raise InputError(f"its copy cannot be read: {error.strerror}", place=self.place(row)) from None

    def check_size(self, rows: list[int]) -> None:
        """Raise LimitExceeded when these rows together are larger than ``limits.element_bytes``."""
        if sum(self.size_bytes(row) for row in rows) > self._limits.element_bytes:
            raise LimitExceeded(
                f"one conversation is larger than {self._limits.element_bytes:,} bytes",
                place=self.place(rows[0]),
                hint="--limit element_bytes=N raises it",
            )
