"""What an input is made of: members with a name, a size and a stream of uncompressed bytes.

A member hides where its bytes lie: a file, a file in a folder, a zip member, a zip in a zip, a gzip or zstd file, a pipe. Its
``name`` is for people and findings; its ``path`` is the name inside its container, with forward slashes, checked to be safe,
and used only to tell files apart and to resolve references: never to write.
"""

from __future__ import annotations

import io
from typing import BinaryIO, Protocol

import msgspec


class Member(Protocol):
    """One file of an input."""

    @property
    def name(self) -> str:
        """The place as people see it: ``export.zip/conversations.json``."""
        ...

    @property
    def path(self) -> str:
        """The name inside the container: ``conversations.json``."""
        ...

    @property
    def size_bytes(self) -> int | None:
        """Uncompressed size, as declared; None where only reading tells."""
        ...

    def open(self) -> BinaryIO:
        """A new stream from the first byte. Raises InputError classes only, also while reading."""
        ...


class BytesMember(msgspec.Struct, frozen=True):
    """A member whose bytes are at hand: for tests, pasted text and small decoded parts."""

    path: str
    data: bytes
    name: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            msgspec.structs.force_setattr(self, "name", self.path)

    @property
    def size_bytes(self) -> int | None:
        return len(self.data)

    def open(self) -> BinaryIO:
        return io.BytesIO(self.data)
