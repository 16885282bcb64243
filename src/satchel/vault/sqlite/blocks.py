"""The data of records: of most in their row, of messages in one compressed block for each original they were read of."""

from __future__ import annotations

from collections.abc import Sequence

import apsw
import msgspec

from satchel.errors import VaultDamaged
from satchel.vault.sqlite.compression import compress, decompress
from satchel.vault.sqlite.connection import one

#: Blocks kept open: neighbouring messages are asked for one after another.
KEPT = 4

_BLOCK = msgspec.json.Decoder(list[msgspec.Raw])


def make_block(datas: Sequence[bytes]) -> bytes:
    """A block of encoded records; a record's slot is its place in ``datas``."""
    return compress(b"[" + b",".join(datas) + b"]")


class Blocks:
    """Reads records' data; holds the last few blocks."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._open: dict[int, list[msgspec.Raw]] = {}

    def data(self, data: bytes | None, slot: int | None, original: int) -> bytes:
        """The data of a record with these columns.

        Raises:
            VaultDamaged: its block is gone.
        """
        if data is not None:
            return data
        block = self._open.get(original)
        if block is None:
            row = one(self._connection, "SELECT messages FROM original WHERE id = ?", (original,))
            if row is None or row[0] is None:
                raise VaultDamaged("a record's data is missing", hint="restore the vault from a backup")
            block = _BLOCK.decode(decompress(row[0]))
            while len(self._open) >= KEPT:
                del self._open[next(iter(self._open))]
            self._open[original] = block
        assert slot is not None
        return bytes(block[slot])
