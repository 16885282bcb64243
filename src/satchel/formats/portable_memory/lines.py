"""The lines of a stream, hashed as they are read: one pass, in memory bounded by a window and the longest line.

Lines are parted at ``\\n`` alone (item 11): U+2028 and its like are text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import BinaryIO

from satchel.errors import LimitExceeded, Place
from satchel.limits import Limits

WINDOW_BYTES = 512 << 10


class HashedLines:
    """Iterates over (offset, line without its end); afterwards ``sha256``, ``size_bytes`` and ``ended`` tell of the whole."""

    def __init__(self, stream: BinaryIO, file: str, limits: Limits) -> None:
        self._stream = stream
        self._file = file
        self._limits = limits
        self._digest = hashlib.sha256()
        self.size_bytes = 0
        #: Whether the last line has its end; True for an empty file.
        self.ended = True

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        rest: list[bytes] = []
        held = 0
        offset = 0
        while chunk := self._stream.read(WINDOW_BYTES):
            self._digest.update(chunk)
            self.size_bytes += len(chunk)
            first, *lines = chunk.split(b"\n")
            rest.append(first)
            held += len(first)
            if held > self._limits.element_bytes:
                raise LimitExceeded(
                    f"a line is longer than {self._limits.element_bytes:,} bytes",
                    place=Place(file=self._file, offset=offset),
                    hint="--limit element_bytes=N raises it",
                )
            if lines:
                last = lines.pop()
                line = b"".join(rest)
                yield offset, line
                offset += len(line) + 1
                for line in lines:
                    yield offset, line
                    offset += len(line) + 1
                rest = [last]
                held = len(last)
        if held:
            self.ended = False
            yield offset, b"".join(rest)

    def drain(self) -> None:
        """Read what is left, for its hash alone."""
        while chunk := self._stream.read(WINDOW_BYTES):
            self._digest.update(chunk)
            self.size_bytes += len(chunk)
