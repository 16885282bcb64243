"""What came with packages and is no record: carried files, other stores' audit entries, and which packages were taken.

Audit entries of others are append-only, as our own are; only what could be content in one goes when its target is erased. A
carried file is a blob that no document shares, under a random key.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

import apsw
import msgspec

from satchel.errors import MalformedInput, Place
from satchel.model.packages import Carried, CarriedFile, Edition, Heard
from satchel.model.times import from_microseconds, to_microseconds
from satchel.vault.sqlite import blobs
from satchel.vault.sqlite.connection import one, rows

_PAGE = 1000
_EDITION = "format, digest, signer, series, number, made"


def carry(connection: apsw.Connection, carried: Carried, *, batch: int) -> bool:
    """Keep a file as the newest of its name; False where a tombstone may concern it, for nobody can tell what is in it.

    Raises:
        MalformedInput: it is not the file that its package lists.
    """
    file = carried.file
    if _is_concerned(connection, file.format, file.concerns):
        return False
    newest = one(
        connection,
        "SELECT sha256, note FROM carried WHERE format = ? AND name = ? ORDER BY id DESC LIMIT 1",
        (file.format, file.name),
    )
    note = msgspec.json.encode(file.note, order="sorted")
    if newest == (bytes.fromhex(file.sha256), note):
        return True
    key = secrets.token_bytes(32)
    with carried.open() as stream:
        sha256, size = _store(connection, key, stream)
    if sha256 != file.sha256:
        raise MalformedInput("the file changed while it was read", place=Place(file=file.name), hint="try again")
    connection.execute(
        "INSERT INTO carried (format, name, concerns, sha256, note, size, blob, batch) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (file.format, file.name, file.concerns, bytes.fromhex(file.sha256), note, size, key, batch),
    )
    return True


def carried_files(connection: apsw.Connection, format: str) -> list[CarriedFile]:
    """The newest file of each name, those that came last first."""
    found = rows(
        connection,
        "SELECT name, concerns, sha256, note FROM carried WHERE id IN"
        " (SELECT max(id) FROM carried WHERE format = ? GROUP BY name) ORDER BY batch DESC, name",
        (format,),
    )
    return [
        CarriedFile(format=format, name=name, concerns=concerns, sha256=sha256.hex(), note=msgspec.json.decode(note))
        for name, concerns, sha256, note in found
    ]


def open_carried(connection: apsw.Connection, file: CarriedFile) -> BinaryIO:
    """The bytes of a carried file. Raises NotFound when it has left."""
    row = one(
        connection,
        "SELECT blob FROM carried WHERE format = ? AND name = ? AND sha256 = ? ORDER BY id DESC",
        (file.format, file.name, bytes.fromhex(file.sha256)),
    )
    return blobs.open_blob(connection, row[0].hex() if row else "")


def carried_count(connection: apsw.Connection) -> int:
    """How many files are carried, of earlier imports too."""
    row = one(connection, "SELECT count(*) FROM carried")
    return row[0] if row else 0


def concern(connection: apsw.Connection, format: str, kinds: set[str]) -> None:
    """Tombstones have reached rows of these kinds of a format: the files that may hold them leave, and no such file comes any
    more."""
    for kind in sorted(kinds):
        connection.execute("INSERT OR IGNORE INTO grave_kind (format, kind) VALUES (?, ?)", (format, kind))
    marks = ", ".join("?" * len(kinds))
    _remove(connection, f"format = ? AND (concerns = '' OR concerns IN ({marks}))", (format, *sorted(kinds)))


def take_back(connection: apsw.Connection, batch: int) -> None:
    """What an import that is undone carried in leaves; the file before it is the newest again."""
    _remove(connection, "batch = ?", (batch,))


def hear(connection: apsw.Connection, heard: Heard, *, batch: int) -> bool:
    """Keep another store's audit entry; whether it is new."""
    target = _target(heard.target)
    silent = one(connection, "SELECT 1 FROM hushed WHERE target = ?", (target,)) is not None
    connection.execute(
        "INSERT OR IGNORE INTO heard (identity, format, target, batch, data, bare) VALUES (?, ?, ?, ?, ?, ?)",
        (heard.identity, heard.format, target, batch, heard.bare if silent else heard.native, heard.bare),
    )
    return bool(connection.changes())


def hush(connection: apsw.Connection, target: str) -> int:
    """What could be content in the entries that speak of an erased id goes, and comes no more; how many there were."""
    connection.execute("INSERT OR IGNORE INTO hushed (target) VALUES (?)", (_target(target),))
    connection.execute("UPDATE heard SET data = bare WHERE target = ? AND data <> bare", (_target(target),))
    return connection.changes()


def heard_entries(connection: apsw.Connection, format: str, after: int) -> Iterator[bytes]:
    """The entries of a format that came with a later change than ``after``, in the order of coming."""
    last = 0
    while True:
        page = rows(
            connection,
            f"SELECT id, data FROM heard WHERE format = ? AND batch > ? AND id > ? ORDER BY id LIMIT {_PAGE}",
            (format, after, last),
        )
        for _, data in page:
            yield data
        if len(page) < _PAGE:
            return
        last = page[-1][0]


def mark(connection: apsw.Connection, edition: Edition, *, batch: int) -> None:
    """Remember a package."""
    connection.execute(
        f"INSERT OR IGNORE INTO edition ({_EDITION}, batch) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            edition.format,
            bytes.fromhex(edition.digest),
            edition.signer,
            edition.series,
            edition.number,
            None if edition.made is None else to_microseconds(edition.made),
            batch,
        ),
    )


def editions(connection: apsw.Connection) -> list[Edition]:
    """All packages that were taken, in the order of coming; also those of imports that were undone: it was seen."""
    return [_edition(row) for row in rows(connection, f"SELECT {_EDITION} FROM edition ORDER BY rowid")]


def newest_edition(connection: apsw.Connection, format: str, signer: str, series: str) -> Edition | None:
    """The newest one of that signer and series: by number, then by when it was made."""
    row = one(
        connection,
        f"SELECT {_EDITION} FROM edition WHERE format = ? AND signer = ? AND series = ?"
        " ORDER BY number DESC, made DESC LIMIT 1",
        (format, signer, series),
    )
    return _edition(row) if row else None


def was_taken(connection: apsw.Connection, digest: str) -> bool:
    """Whether the package with this digest was taken by an import that stands."""
    sql = (
        "SELECT 1 FROM edition e JOIN batch b ON b.id = e.batch"
        " WHERE e.digest = ? AND b.undone_by IS NULL AND b.kind = 'import'"
    )
    return one(connection, sql, (bytes.fromhex(digest),)) is not None


def _edition(row: tuple[str, bytes, str, str, int, int | None]) -> Edition:
    format, digest, signer, series, number, made = row
    moment: datetime | None = None if made is None else from_microseconds(made)
    return Edition(format=format, digest=digest.hex(), signer=signer, series=series, number=number, made=moment)


def _target(id: str) -> bytes:
    return hashlib.sha256(id.encode("utf-8", "surrogatepass")).digest()


def _is_concerned(connection: apsw.Connection, format: str, kind: str) -> bool:
    """Whether any tombstone reached rows that a file of this kind may hold."""
    if not kind:
        return one(connection, "SELECT 1 FROM grave_kind WHERE format = ? LIMIT 1", (format,)) is not None
    sql = "SELECT 1 FROM grave_kind WHERE format = ? AND kind IN (?, '')"
    return one(connection, sql, (format, kind)) is not None


def _store(connection: apsw.Connection, key: bytes, stream: BinaryIO) -> tuple[str, int]:
    connection.execute("INSERT INTO blob (digest, size) VALUES (?, 0)", (key,))
    blob = connection.last_insert_rowid()
    digest = hashlib.sha256()
    size = position = 0
    while chunk := stream.read(blobs.CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
        connection.execute("INSERT INTO blob_chunk (blob, position, data) VALUES (?, ?, ?)", (blob, position, chunk))
        position += 1
    connection.execute("UPDATE blob SET size = ? WHERE id = ?", (size, blob))
    return digest.hexdigest(), size


def _remove(connection: apsw.Connection, where: str, values: tuple[object, ...]) -> None:
    found = rows(connection, f"SELECT c.id, b.id FROM carried c JOIN blob b ON b.digest = c.blob WHERE {where}", values)
    for id, blob in found:
        connection.execute("DELETE FROM carried WHERE id = ?", (id,))
        blobs.remove(connection, blob)
