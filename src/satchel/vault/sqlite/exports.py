"""What left the vault in the clear: one row an export, enough to say of any record whether it was in it.

No list of records is kept. The vault's changes are numbered, a record knows which changes brought its states, and an export
knows which changes it took in: a record was in it when one of its states came with those.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apsw

from satchel.model.times import from_microseconds
from satchel.vault.sqlite.connection import rows
from satchel.vault.values import Exported, HeldBy

_COLUMNS = "id, at, format, target, after, change, as_of, part, size, digest"
_STATES = (
    "SELECT batch FROM record WHERE uid = ?1"
    " UNION SELECT v.batch FROM version v JOIN record r ON r.id = v.record WHERE r.uid = ?1"
)


def begin(connection: apsw.Connection, export: Exported, at: int, as_of: int | None) -> int:
    """Note that something is about to leave; its number."""
    connection.execute(
        "INSERT INTO export (at, format, target, after, change, as_of, part) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (at, export.format, export.target, export.after, export.change, as_of, int(export.part)),
    )
    return int(connection.last_insert_rowid())


def finish(connection: apsw.Connection, id: int, size_bytes: int, digest: bytes) -> None:
    """It has left."""
    connection.execute("UPDATE export SET size = ?, digest = ? WHERE id = ?", (size_bytes, digest, id))


def cancel(connection: apsw.Connection, id: int) -> None:
    """Nothing of it left."""
    connection.execute("DELETE FROM export WHERE id = ?", (id,))


def listed(connection: apsw.Connection) -> list[Exported]:
    """All exports, oldest first."""
    return [_exported(row) for row in rows(connection, f"SELECT {_COLUMNS} FROM export ORDER BY id")]


def holding(connection: apsw.Connection, uids: Iterable[str]) -> list[HeldBy]:
    """The exports that may have held any of these records, which must still be in the vault: how many, and of how many that is
    certain. An increment holds older records too, where its format writes some kinds whole each time."""
    exports = listed(connection)
    counts = [[0, 0] for _ in exports]
    if exports:
        for batches in _brought(connection, uids):
            for export, count in zip(exports, counts, strict=True):
                before = [batch for batch in batches if batch <= export.change]
                count[0] += bool(before)
                count[1] += bool(before) and export.is_whole and max(before) > export.after
    return [HeldBy(export, *count) for export, count in zip(exports, counts, strict=True) if count[0]]


def remember(connection: apsw.Connection, change: int, uids: Sequence[str]) -> None:
    """Keep, for the receipt of a change, which exports held what it is about to erase, and where that came from."""
    for held in holding(connection, uids):
        connection.execute(
            "INSERT INTO held (change, export, records, certain) VALUES (?, ?, ?, ?)",
            (change, held.export.id, held.records, held.certain),
        )
    platforms: dict[str, int] = {}
    for uid in uids:
        for (platform,) in rows(connection, "SELECT platform FROM record WHERE uid = ?", (bytes.fromhex(uid),)):
            platforms[platform] = platforms.get(platform, 0) + 1
    connection.executemany(
        "INSERT INTO came_from (change, platform, records) VALUES (?, ?, ?)",
        [(change, platform, count) for platform, count in platforms.items()],
    )


def held_before(connection: apsw.Connection, change: int) -> list[HeldBy]:
    """The exports that held what a change erased."""
    found = rows(connection, "SELECT export, records, certain FROM held WHERE change = ? ORDER BY export", (change,))
    by_id = {export.id: export for export in listed(connection)} if found else {}
    return [HeldBy(by_id[export], records, certain) for export, records, certain in found if export in by_id]


def came_from(connection: apsw.Connection, change: int) -> dict[str, int]:
    """How many of the records that a change erased came from each platform."""
    return dict(rows(connection, "SELECT platform, records FROM came_from WHERE change = ? ORDER BY platform", (change,)))


def _brought(connection: apsw.Connection, uids: Iterable[str]) -> Iterator[list[int]]:
    """Of each record, the changes that brought its states."""
    for uid in uids:
        yield [batch for (batch,) in rows(connection, _STATES, (bytes.fromhex(uid),))]


def _exported(row: tuple[Any, ...]) -> Exported:
    id, at, format, target, after, change, as_of, part, size, digest = row
    return Exported(
        id=id,
        at=from_microseconds(at),
        format=format,
        target=target,
        after=after,
        change=change,
        as_of=None if as_of is None else from_microseconds(as_of),
        part=bool(part),
        size_bytes=size,
        digest=digest.hex() if digest else "",
    )
