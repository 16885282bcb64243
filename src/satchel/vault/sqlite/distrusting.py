"""Sources in quarantine, kept from every recall: their records, and what derives from these alone.

A hold names records by uid and touches nothing of them: exports still have them, searches find them, and lifting it is all that
it takes to have them back. What the source brings later is held as it comes, in the import's transaction. Each hold and each
lifting is one transaction with an entry in the audit log.
"""

from __future__ import annotations

import apsw
import msgspec

from satchel.errors import NotFound, UsageError
from satchel.model.erasure import Closure, Request
from satchel.model.times import from_microseconds
from satchel.trust.public_keys import read_typed_key
from satchel.vault.sqlite import audit, signers
from satchel.vault.sqlite.blocks import Originals
from satchel.vault.sqlite.closure import Reaching
from satchel.vault.sqlite.connection import one, rows
from satchel.vault.sqlite.picking import picked, request_of
from satchel.vault.values import Forgetting, Hold


def plan(connection: apsw.Connection, kept: Originals, asked: Forgetting) -> Closure:
    """What a quarantine of it comes to. Raises UsageError, NotFound."""
    reaching = Reaching(connection, kept, request_of(asked))
    # What quotes it stays: nobody knows who said it first.
    reaching.run(picked(connection, kept, asked), quoting=False)
    return reaching.closure()


def hold(connection: apsw.Connection, kept: Originals, asked: Forgetting, *, now: int, expected: Closure | None) -> Hold:
    """See Store.distrust; in the caller's transaction."""
    found = plan(connection, kept, asked)
    going = [record.uid for record in found.records if record.goes]
    if not going:
        raise UsageError("nothing in the vault is what was named", hint="satchel search shows what is there")
    if expected is not None and expected.records != found.records:
        raise UsageError("the vault changed meanwhile, and more or less would be quarantined", hint="look again")
    data = msgspec.json.encode(found.request)
    source = None if _standing(asked) is None else msgspec.json.encode(_standing(asked))
    connection.execute("INSERT INTO hold (at, request, records, source) VALUES (?, ?, ?, ?)", (now, data, len(going), source))
    id = connection.last_insert_rowid()
    connection.executemany("INSERT INTO held_back (record, hold) VALUES (?, ?)", [(bytes.fromhex(uid), id) for uid in going])
    untrusted = [key for key in asked.signers if _distrust(connection, kept, key, now)]
    detail = {"hold": id, "by": list(found.request.by), "records": len(going), "keys": len(untrusted)}
    audit.append(connection, at=now, operation="distrust", detail=detail)
    return _hold(id, now, data, len(going), None, source)


def hold_arrivals(connection: apsw.Connection, kept: Originals, batch: int, *, now: int) -> list[tuple[int, int]]:
    """Hold what an import brought of sources that are held, and what derives from held records alone: each hold, and how many
    records it has more. In the import's transaction, at its end."""
    found: list[tuple[int, int]] = []
    for id, request, source in rows(connection, "SELECT id, request, source FROM hold WHERE lifted IS NULL ORDER BY id"):
        named = [bytes.fromhex(uid) for uid in _linked_to(connection, id, batch)]
        if source is not None:
            asked = msgspec.structs.replace(msgspec.json.decode(source, type=Forgetting), batches=(batch,))
            named += picked(connection, kept, asked)
        if not named:
            continue
        reaching = Reaching(connection, kept, msgspec.json.decode(request, type=Request))
        reaching.run(named, quoting=False)
        before = connection.total_changes()
        connection.executemany(
            "INSERT OR IGNORE INTO held_back (record, hold) VALUES (?, ?)", [(uid, id) for uid in reaching.going]
        )
        more = connection.total_changes() - before
        if more:
            connection.execute("UPDATE hold SET records = records + ? WHERE id = ?", (more, id))
            audit.append(connection, at=now, operation="hold", batch=batch, detail={"hold": id, "records": more})
            found.append((id, more))
    return found


def _linked_to(connection: apsw.Connection, hold: int, batch: int) -> list[str]:
    """Held records that something of this import links to or is part of, and that is not held itself."""
    sql = (
        "SELECT hex(h.record) FROM record r JOIN link l ON l.record = r.id JOIN held_back h ON h.record = l.target"
        " WHERE r.batch = :batch AND h.hold = :hold AND {fresh}"
        " UNION SELECT hex(h.record) FROM record r JOIN record w ON w.id = r.part_of JOIN held_back h ON h.record = w.uid"
        " WHERE r.batch = :batch AND h.hold = :hold AND {fresh}"
    ).format(fresh="NOT EXISTS (SELECT 1 FROM held_back o WHERE o.record = r.uid AND o.hold = :hold)")
    return [uid for (uid,) in rows(connection, sql, {"batch": batch, "hold": hold})]


def _standing(asked: Forgetting) -> Forgetting | None:
    """How later records of the source are known; None where there can be none: of an import, of records by their ids."""
    if asked.batches or not (asked.platforms or asked.accounts or asked.files or asked.signers):
        return None
    return msgspec.structs.replace(asked, uids=())


def lift(connection: apsw.Connection, id: int, *, now: int) -> Hold:
    """See Store.lift; in the caller's transaction."""
    found = one(connection, "SELECT at, request, records, lifted, source FROM hold WHERE id = ?", (id,))
    if found is None:
        raise NotFound(f"there is no quarantine {id}", hint="satchel distrust --list shows them")
    at, data, records, lifted, source = found
    if lifted is not None:
        raise UsageError(f"quarantine {id} was lifted before")
    connection.execute("DELETE FROM held_back WHERE hold = ?", (id,))
    connection.execute("UPDATE hold SET lifted = ? WHERE id = ?", (now, id))
    audit.append(connection, at=now, operation="lift", detail={"hold": id, "records": records})
    return _hold(id, at, data, records, now, source)


def holds(connection: apsw.Connection) -> list[Hold]:
    """See Store.holds."""
    return [_hold(*row) for row in rows(connection, "SELECT id, at, request, records, lifted, source FROM hold ORDER BY id")]


def is_held(connection: apsw.Connection, uid: str) -> bool:
    """See Store.is_distrusted."""
    return bool(rows(connection, "SELECT 1 FROM held_back WHERE record = ? LIMIT 1", (bytes.fromhex(uid),)))


def _distrust(connection: apsw.Connection, kept: Originals, key: str, now: int) -> bool:
    # What it signs from now on vouches for nothing.
    public = read_typed_key(key)
    if not rows(connection, "SELECT 1 FROM trusted_key WHERE public = ?", (public.data,)):
        return False
    signers.distrust(connection, kept, public, now)
    return True


def _hold(id: int, at: int, request: bytes, records: int, lifted: int | None, source: bytes | None) -> Hold:
    return Hold(
        id=id,
        at=from_microseconds(at),
        request=msgspec.json.decode(request, type=Request),
        records=records,
        lifted=None if lifted is None else from_microseconds(lifted),
        standing=source is not None and lifted is None,
    )
