"""Bytes put aside on the disk until they are wanted: what is held of them is where they stand."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import NamedTuple, Self

from satchel.errors import OutputError

#: Bytes that wait until they are written together.
_WAITING = 256 << 10
_CHUNK = 1 << 20
#: Of what is put aside, none has 4 GiB.
_SIZE_BITS = 32


class Where(NamedTuple):
    """A place in a spool."""

    offset: int
    size_bytes: int

    def packed(self) -> int:
        """The same in one number, a third of its memory."""
        return self.offset << _SIZE_BITS | self.size_bytes


def where_of(number: int) -> Where:
    """The place that was packed into a number."""
    return Where(number >> _SIZE_BITS, number & (1 << _SIZE_BITS) - 1)


class Spool:
    """A nameless file that is gone when its context is left. Putting raises OutputError where the disk is full."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by __exit__
        #: Bytes behind the end of the file, which is at ``_written``.
        self._waiting = bytearray()
        self._written = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    @property
    def size_bytes(self) -> int:
        """How much was put there."""
        return self._written + len(self._waiting)

    def put(self, data: bytes) -> Where:
        """Put ``data`` behind what is there."""
        where = Where(self.size_bytes, len(data))
        self._waiting += data
        if len(self._waiting) > _WAITING:
            self._flush()
        return where

    def put_all(self, pieces: Iterable[bytes]) -> Where:
        """Put what is in ``pieces`` behind what is there, as one; nothing else is put there meanwhile."""
        start = self.size_bytes
        size = sum(self.put(piece).size_bytes for piece in pieces)
        return Where(start, size)

    def get(self, where: Where) -> bytes:
        """What was put there."""
        if where.offset >= self._written:
            start = where.offset - self._written
            return bytes(self._waiting[start : start + where.size_bytes])
        self._flush_within(where)
        found = os.pread(self._file.fileno(), where.size_bytes, where.offset)
        while len(found) < where.size_bytes:
            found += os.pread(self._file.fileno(), where.size_bytes - len(found), where.offset + len(found))
        return found

    def chunks(self, where: Where) -> Iterator[bytes]:
        """What was put there, in pieces of bounded size."""
        end = where.offset + where.size_bytes
        for at in range(where.offset, end, _CHUNK):
            yield self.get(Where(at, min(_CHUNK, end - at)))

    def _flush_within(self, where: Where) -> None:
        if where.offset + where.size_bytes > self._written:
            self._flush()

    def _flush(self) -> None:
        done = 0
        try:
            with memoryview(self._waiting) as view:
                while done < len(view):
                    done += os.pwrite(self._file.fileno(), view[done:], self._written + done)
        except OSError as error:
            hint = "free some space, or name another folder in TMPDIR"
            raise OutputError(f"no room for a temporary file: {error.strerror}", hint=hint) from None
        self._written += done
        self._waiting.clear()
