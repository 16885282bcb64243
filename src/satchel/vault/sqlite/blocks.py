"""Kept originals as they are stored: the source object's exact bytes and, behind them, the records of its messages.

Both say the same text, so one zstd frame holds them in two thirds of the space that two would take. The data of all other
records lies in their own rows.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import apsw
import msgspec

from satchel.errors import VaultDamaged
from satchel.vault.sqlite.connection import one

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

#: Measured: level 3 takes 4 % less space for 40 % more time.
LEVEL = 1
#: Originals kept open: neighbouring messages are asked for one after another.
KEPT = 4

_BLOCK = msgspec.json.Decoder(list[msgspec.Raw])


class Packer:
    """Makes the frames of one import; one compressor for all of them, for to set one up takes as long as a small frame."""

    def __init__(self) -> None:
        self._compressor = zstd.ZstdCompressor(level=LEVEL)

    def pack(self, native: bytes, messages: Sequence[bytes]) -> bytes:
        """One frame of an original and its encoded messages; a message's slot is its place in ``messages``."""
        whole = b"".join((native, b"[", b",".join(messages), b"]"))
        return self._compressor.compress(whole, zstd.ZstdCompressor.FLUSH_FRAME)


def unpack_native(data: bytes, size: int) -> bytes:
    """The exact bytes of an original from its frame."""
    return zstd.decompress(data)[:size]


class Originals:
    """Reads kept originals and the data of records; holds the last few."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._open: dict[int, tuple[bytes, list[msgspec.Raw]]] = {}

    def native(self, original: int) -> bytes | None:
        """The exact bytes of a source object; None where the original is a blob.

        Raises:
            VaultDamaged: it is gone.
        """
        found = self._load(original)
        return found[0] if found else None

    def data(self, data: bytes | None, slot: int | None, original: int) -> bytes:
        """The data of a record with these columns.

        Raises:
            VaultDamaged: its original is gone.
        """
        if data is not None:
            return data
        found = self._load(original)
        if found is None or slot is None:
            raise VaultDamaged("a record's data is missing", hint="restore the vault from a backup")
        return bytes(found[1][slot])

    def forget(self, original: int) -> None:
        """Hold this one no longer: it has left the vault."""
        self._open.pop(original, None)

    def _load(self, original: int) -> tuple[bytes, list[msgspec.Raw]] | None:
        found = self._open.get(original)
        if found is None:
            row = one(self._connection, "SELECT size, data FROM original WHERE id = ?", (original,))
            if row is None:
                raise VaultDamaged("a kept original is missing", hint="restore the vault from a backup")
            if row[1] is None:
                return None
            whole = zstd.decompress(row[1])
            found = (whole[: row[0]], _BLOCK.decode(memoryview(whole)[row[0] :]))
            while len(self._open) >= KEPT:
                del self._open[next(iter(self._open))]
            self._open[original] = found
        return found
