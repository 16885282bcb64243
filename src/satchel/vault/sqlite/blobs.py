"""Files of any size, cut into rows of 1 MiB, each stored once under the SHA-256 of the whole."""

from __future__ import annotations

import hashlib
import io
from typing import BinaryIO

import apsw

from satchel.errors import NotFound
from satchel.vault.sqlite.connection import one, our_errors

CHUNK_BYTES = 1 << 20


def store(connection: apsw.Connection, stream: BinaryIO) -> tuple[bytes, int, bool]:
    """Read ``stream`` to its end into the vault: digest, size, and whether it is new. Inside the caller's transaction."""
    connection.execute("INSERT INTO blob (digest, size) VALUES (randomblob(32), 0)")
    blob = connection.last_insert_rowid()
    digest = hashlib.sha256()
    size = position = 0
    while chunk := stream.read(CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
        connection.execute("INSERT INTO blob_chunk (blob, position, data) VALUES (?, ?, ?)", (blob, position, chunk))
        position += 1
    known = one(connection, "SELECT id FROM blob WHERE digest = ?", (digest.digest(),))
    if known:
        remove(connection, blob)
    else:
        connection.execute("UPDATE blob SET digest = ?, size = ? WHERE id = ?", (digest.digest(), size, blob))
    return digest.digest(), size, known is None


def remove(connection: apsw.Connection, blob: int) -> None:
    """Take a blob out, bytes and all."""
    connection.execute("DELETE FROM blob_chunk WHERE blob = ?", (blob,))
    connection.execute("DELETE FROM blob WHERE id = ?", (blob,))


class BlobReader(io.RawIOBase):
    """A blob's bytes, chunk by chunk."""

    def __init__(self, connection: apsw.Connection, digest: str) -> None:
        with our_errors():
            found = one(connection, "SELECT id FROM blob WHERE digest = ?", (bytes.fromhex(digest),))
        if found is None:
            raise NotFound("the vault does not hold that file's bytes")
        self._connection = connection
        self._blob = found[0]
        self._position = 0
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if not self._rest:
            with our_errors():
                row = one(
                    self._connection,
                    "SELECT data FROM blob_chunk WHERE blob = ? AND position = ?",
                    (self._blob, self._position),
                )
            if row is None:
                return 0
            self._rest = memoryview(row[0])
            self._position += 1
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def open_blob(connection: apsw.Connection, digest: str) -> BinaryIO:
    """A stream of the blob with this SHA-256. Raises NotFound."""
    return io.BufferedReader(BlobReader(connection, digest), CHUNK_BYTES)
