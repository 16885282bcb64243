"""Imports as batches: listed, compared, undone.

Undoing an import takes back what it alone did. What a later import met again stays, and is that import's from then on; what
was replaced comes back; what only this import brought leaves the vault, bytes, index and all.
"""

from __future__ import annotations

from typing import Any

import apsw
import msgspec

from satchel.errors import NotFound, UsageError
from satchel.model.times import from_microseconds
from satchel.vault.sqlite import asides, audit, blobs, packages, signers, undoable, vouchers
from satchel.vault.sqlite.blocks import Originals, leave
from satchel.vault.sqlite.connection import one, our_errors, rows
from satchel.vault.sqlite.rows import decode, remove_details, replace_current
from satchel.vault.values import Batch, Change, Summary

_UNTIL = "(SELECT until FROM undoable u WHERE u.batch = batch.id)"
_COLUMNS = f"id, kind, at, label, platforms, summary, undone_by, undoes, {_UNTIL}"


def _batch(row: tuple[Any, ...]) -> Batch:
    id, kind, at, label, platforms, summary, undone_by, undoes, until = row
    return Batch(
        id,
        kind,
        from_microseconds(at),
        label,
        tuple(msgspec.json.decode(platforms)),
        msgspec.json.decode(summary, type=Summary),
        undone_by,
        undoes,
        None if until is None else from_microseconds(until),
    )


def batches(connection: apsw.Connection) -> list[Batch]:
    """All changes, oldest first."""
    return [_batch(row) for row in rows(connection, f"SELECT {_COLUMNS} FROM batch ORDER BY id")]


def batch(connection: apsw.Connection, id: int) -> Batch:
    """One change. Raises NotFound."""
    found = rows(connection, f"SELECT {_COLUMNS} FROM batch WHERE id = ?", (id,))
    if not found:
        raise NotFound(f"there is no change {id}", hint="satchel log lists them")
    return _batch(found[0])


def compare(connection: apsw.Connection, originals: Originals, id: int, before: int | None) -> list[Change]:
    """The source objects of an import beside those of an earlier one: new, updated, unchanged, older, gone.

    Without ``before``: the last import before it, not undone, of the same platforms.
    """
    this = batch(connection, id)
    if this.kind != "import":
        raise UsageError(f"change {id} is no import")
    if before is None:
        candidates = [
            other
            for other in batches(connection)
            if other.id < id
            and other.kind == "import"
            and other.undone_by is None
            and set(other.platforms) & set(this.platforms)
        ]
        before = candidates[-1].id if candidates else 0
    else:
        batch(connection, before)
    sql = """
        WITH seen AS (
            SELECT o.uid, o.kind, s.batch, s.original, s.outcome
            FROM sighting s JOIN original o ON o.id = s.original WHERE s.batch IN (:this, :before)
        )
        SELECT now.uid, now.kind,
               CASE WHEN was.uid IS NULL THEN CASE WHEN :before = 0 THEN now.outcome ELSE 'new' END
                    WHEN now.original = was.original THEN 'unchanged'
                    WHEN now.outcome = 'older' THEN 'older' ELSE 'updated' END
        FROM seen now LEFT JOIN seen was ON was.uid = now.uid AND was.batch = :before
        WHERE now.batch = :this GROUP BY now.uid
        UNION ALL
        SELECT uid, kind, 'gone' FROM seen
        WHERE batch = :before AND uid NOT IN (SELECT uid FROM seen WHERE batch = :this) GROUP BY uid
    """
    changes = []
    with our_errors():
        for uid, kind, outcome in connection.execute(sql, {"this": id, "before": before}):
            changes.append(Change(uid.hex(), kind, _title(connection, originals, uid), outcome))
    return changes


def _title(connection: apsw.Connection, originals: Originals, uid: bytes) -> str:
    row = one(connection, "SELECT data, slot, original FROM record WHERE uid = ?", (uid,))
    if row is None:
        return ""
    body = decode(originals.data(*row)).body
    return getattr(body, "title", "") or getattr(body, "name", "")


def _undo_erasure(connection: apsw.Connection, originals: Originals, this: Batch, *, now: int) -> Summary:
    """Bring back what was forgotten while its undo window was open."""
    if this.undone_by is not None:
        raise UsageError(f"change {this.id} was undone before, by change {this.undone_by}")
    undoable.undo(connection, originals, this.id, now=now)
    # Meanwhile a key may have lost the trust that it had when these left.
    vouchers.settle(connection, originals, signers.vouching(connection))
    summary = Summary(restored=this.summary.removed)
    connection.execute(
        "INSERT INTO batch (kind, at, label, summary, undoes) VALUES ('undo', ?, '', ?, ?)",
        (now, msgspec.json.encode(summary), this.id),
    )
    by = connection.last_insert_rowid()
    connection.execute("UPDATE batch SET undone_by = ? WHERE id = ?", (by, this.id))
    audit.append(
        connection,
        at=now,
        operation="undo",
        batch=by,
        detail={"forgotten": this.id, "removed": {}, "restored": summary.restored},
    )
    return summary


def undo(connection: apsw.Connection, originals: Originals, id: int, *, now: int, secret: bytes) -> Summary:
    """Take back an import, inside the caller's transaction. See the module docstring.

    Raises:
        NotFound, UsageError: no such change; it is no import, or was undone before.
    """
    this = batch(connection, id)
    if this.kind == "forget":
        return _undo_erasure(connection, originals, this, now=now)
    if this.kind != "import":
        raise UsageError(f"change {id} is no import", hint="only imports can be undone")
    if this.undone_by is not None:
        raise UsageError(f"import {id} was undone before, by change {this.undone_by}")
    connection.execute(
        "INSERT INTO batch (kind, at, label, platforms, undoes) VALUES ('undo', ?, ?, ?, ?)",
        (now, this.label, msgspec.json.encode(this.platforms).decode(), id),
    )
    by = connection.last_insert_rowid()
    _adopt(connection, originals, id)
    restored, removed = _take_back_records(connection, originals, id, secret)
    connection.execute("DELETE FROM version WHERE batch = ?", (id,))
    _remove_originals(connection, id)
    packages.take_back(connection, id)
    vouchers.settle(connection, originals, signers.vouching(connection))
    summary = Summary(removed=removed, restored=restored)
    connection.execute("UPDATE batch SET undone_by = ? WHERE id = ?", (by, id))
    connection.execute("UPDATE batch SET summary = ? WHERE id = ?", (msgspec.json.encode(summary), by))
    audit.append(
        connection,
        at=now,
        operation="undo",
        batch=by,
        detail={"undoes": id, "removed": removed, "restored": restored},
    )
    return summary


def _adopt(connection: apsw.Connection, originals: Originals, id: int) -> None:
    """What a later import met again, unchanged, becomes that import's."""
    heirs = (
        "(SELECT o.id AS original, min(s.batch) AS batch FROM original o JOIN sighting s ON s.original = o.id AND s.batch > :id"
        " JOIN batch b ON b.id = s.batch AND b.undone_by IS NULL WHERE o.batch = :id GROUP BY o.id) AS heir"
    )
    for table in ("record", "version"):
        connection.execute(
            f"UPDATE {table} SET batch = heir.batch FROM {heirs}"
            f" WHERE {table}.batch = :id AND {table}.original = heir.original",
            {"id": id},
        )
    # The originals last: by them it is told who inherits.
    connection.execute(f"UPDATE original SET batch = heir.batch FROM {heirs} WHERE original.id = heir.original", {"id": id})
    # A record that another original, which stays, says in the same words.
    said_elsewhere = rows(
        connection,
        "SELECT r.id, w.original, o.batch, r.data, r.slot, r.original FROM record r JOIN witness w ON w.record = r.id"
        " JOIN original o ON o.id = w.original AND o.batch <> :id WHERE r.batch = :id GROUP BY r.id",
        {"id": id},
    )
    for record, original, heir, *data in said_elsewhere:
        connection.execute(
            "UPDATE record SET original = ?, batch = ?, slot = NULL, data = ? WHERE id = ?",
            (original, heir, originals.data(*data), record),
        )


def _take_back_records(
    connection: apsw.Connection, originals: Originals, id: int, secret: bytes
) -> tuple[dict[str, int], dict[str, int]]:
    restored: dict[str, int] = {}
    removed: dict[str, int] = {}
    last = 0
    while True:
        page = rows(
            connection,
            "SELECT id, data, slot, original FROM record WHERE batch = ? AND id > ? ORDER BY id LIMIT 1000",
            (id, last),
        )
        if not page:
            return restored, removed
        for row, *data in page:
            record = decode(originals.data(*data))
            earlier = one(
                connection,
                "SELECT version, batch, original, data FROM version WHERE record = ? AND batch <> ?"
                " ORDER BY version DESC LIMIT 1",
                (row, id),
            )
            if earlier:
                version, batch, original, before = earlier
                connection.execute("DELETE FROM version WHERE record = ? AND version = ?", (row, version))
                replace_current(
                    connection,
                    row,
                    record,
                    decode(before),
                    data=before,
                    original=original,
                    batch=batch,
                    version=version,
                    secret=secret,
                )
                asides.renew(connection, originals, row)
                restored[record.kind] = restored.get(record.kind, 0) + 1
            else:
                remove_details(connection, row, record)
                connection.execute("DELETE FROM version WHERE record = ?", (row,))
                asides.remove(connection, row)
                for table in ("witness", "telling"):
                    connection.execute(f"DELETE FROM {table} WHERE record = ?", (row,))
                connection.execute("DELETE FROM record WHERE id = ?", (row,))
                connection.execute("UPDATE record SET part_of = NULL WHERE part_of = ?", (row,))
                removed[record.kind] = removed.get(record.kind, 0) + 1
        last = page[-1][0]


def _remove_originals(connection: apsw.Connection, id: int) -> None:
    blob = "data IS NULL AND pack IS NULL"
    digests = rows(connection, f"SELECT digest FROM original WHERE batch = ? AND {blob}", (id,))
    packs = rows(connection, "SELECT DISTINCT pack FROM original WHERE batch = ? AND pack IS NOT NULL", (id,))
    for table in ("witness", "telling"):
        connection.execute(f"DELETE FROM {table} WHERE original IN (SELECT id FROM original WHERE batch = ?)", (id,))
    connection.execute("DELETE FROM sighting WHERE batch = ?1 OR original IN (SELECT id FROM original WHERE batch = ?1)", (id,))
    for (pack,) in packs:
        leaving = rows(connection, "SELECT start, size, slot FROM original WHERE pack = ? AND batch = ?", (pack, id))
        connection.execute("DELETE FROM original WHERE pack = ? AND batch = ?", (pack, id))
        leave(connection, pack, leaving)
    connection.execute("DELETE FROM original WHERE batch = ?", (id,))
    for (digest,) in digests:
        if not one(connection, f"SELECT 1 FROM original WHERE digest = ? AND {blob}", (digest,)):
            row = one(connection, "SELECT id FROM blob WHERE digest = ?", (digest,))
            if row:
                blobs.remove(connection, row[0])
