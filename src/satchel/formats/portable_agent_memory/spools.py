"""Bytes put aside on the disk until they are wanted: what is held of them is where they stand."""

from __future__ import annotations

import tempfile
from types import TracebackType
from typing import NamedTuple, Self


class Where(NamedTuple):
    """A place in a spool."""

    offset: int
    size_bytes: int


class Spool:
    """A nameless file that is gone when its context is left."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def put(self, data: bytes) -> Where:
        """Put ``data`` behind what is there."""
        self._file.seek(self._end)
        self._file.write(data)
        where = Where(self._end, len(data))
        self._end += len(data)
        return where

    def get(self, where: Where) -> bytes:
        """What was put there."""
        self._file.seek(where.offset)
        return self._file.read(where.size_bytes)
