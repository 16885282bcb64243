"""Forgetting as one change: the closure is found, erased, barred from coming again, and told of.

Whatever is asked, the order is: find what goes while it is still there; scrub quotations; bar the words; erase; write
tombstones with proof of the reach; note the change. All of it in one transaction of the caller's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

import apsw
import msgspec

from satchel.errors import UsageError
from satchel.model.erasure import Closure, Erased, Request
from satchel.model.record import Record, Tombstone
from satchel.model.times import from_microseconds
from satchel.vault.sqlite import audit, barred, erasing, exports, fragments, graves, quotations, undoable
from satchel.vault.sqlite.blocks import Originals
from satchel.vault.sqlite.closure import Reaching
from satchel.vault.sqlite.connection import one, rows
from satchel.vault.sqlite.picking import picked, request_of
from satchel.vault.sqlite.rows import decode
from satchel.vault.values import Deceased, Forgetting, Summary, TombMaker

_GRAVE = "INSERT OR IGNORE INTO grave (target, tombstone, op) VALUES (?, ?, ?)"


class Plan(NamedTuple):
    """A request and what it comes to."""

    request: Request
    reaching: Reaching
    closure: Closure


def plan(
    connection: apsw.Connection, kept: Originals, asked: Forgetting, progress: Callable[[int], None] = lambda _count: None
) -> Plan:
    """What a request comes to; nothing is changed. ``progress`` is told of each record that would go.

    Raises:
        UsageError: nothing was named.
        NotFound: an id that the vault does not hold.
    """
    request = request_of(asked)
    reaching = Reaching(connection, kept, request, asked.scrubs, progress)
    reaching.run(picked(connection, kept, asked))
    return Plan(request, reaching, reaching.closure())


def forget(
    connection: apsw.Connection,
    kept: Originals,
    asked: Forgetting,
    *,
    now: int,
    secret: bytes,
    tombs: TombMaker,
    expected: Closure | None = None,
    at_once: bool = False,
    progress: Callable[[int], None] = lambda _count: None,
) -> Erased:
    """Carry it out. See Store.forget."""
    found = plan(connection, kept, asked, progress)
    if not found.reaching.going:
        raise UsageError("nothing in the vault is what was named", hint="satchel search shows what is there")
    if expected is not None and expected.records != found.closure.records:
        raise UsageError("the vault changed meanwhile, and more or less would go", hint="look again")
    connection.execute("INSERT INTO batch (kind, at, label) VALUES ('forget', ?, '')", (now,))
    batch = connection.last_insert_rowid()
    carry_out = partial(
        _carry_out, connection, kept, found, batch=batch, now=now, secret=secret, tombs=tombs, progress=progress
    )
    window_s = 0 if at_once else undoable.window(connection)
    if not window_s:
        # What is held of earlier ones may hold what is to be gone now.
        undoable.purge(connection, now=now)
        erased = carry_out()
    else:
        with undoable.holding(connection, batch):
            erased = carry_out()
        until = now + window_s * 1_000_000
        undoable.keep(connection, batch, until=until, records=len(erased.uids))
        erased = msgspec.structs.replace(erased, undo_until=from_microseconds(until))
    _note(connection, erased, found, batch=batch, now=now)
    return erased


def _carry_out(
    connection: apsw.Connection,
    kept: Originals,
    found: Plan,
    *,
    batch: int,
    now: int,
    secret: bytes,
    tombs: TombMaker,
    progress: Callable[[int], None],
) -> Erased:
    gone = found.reaching.gone
    quoting = [each for each in found.reaching.quoting if found.reaching.is_scrubbed(each)]
    left = [each for each in found.reaching.quoting if each not in quoting and not each.says_the_same]
    scrubbed = quotations.scrub(connection, kept, secret, quoting, gone)
    for record in gone:
        for state in record.states:
            barred.bar(connection, state, secret)
    fragments.remember(connection, kept, gone, secret=secret, change=batch, progress=progress)
    exports.remember(connection, batch, [reached.uid for reached in found.reaching.going.values()])
    make = tombs(batch, from_microseconds(now), _deceased(connection, kept, found))
    witnesses = sum(found.closure.staying.get("witness", {}).values())
    wholes, called = quotations.untitle(connection, kept, secret, gone)
    stores = erasing.erase(connection, kept, gone, called, progress)
    stores = msgspec.structs.replace(
        stores,
        witnesses=stores.witnesses + witnesses,
        quotations_scrubbed=scrubbed + len(wholes),
        quotations_flagged=sum(each.uid not in wholes for each in left),
    )
    made = make(stores)
    names = _bury(connection, found, made.tombstones, batch=batch, now=now)
    counts = found.closure.counts()
    return Erased(
        change=batch,
        at=from_microseconds(now),
        mode=found.request.mode,
        request=found.request,
        counts=counts,
        stores=stores,
        uids=tuple(reached.uid for reached in found.reaching.going.values()),
        tombstones=names,
        signed_by=made.signed_by,
    )


def _deceased(connection: apsw.Connection, kept: Originals, found: Plan) -> Iterator[Deceased]:
    """What goes, one after the other, while it is there."""
    sql = "SELECT data, slot, original FROM record WHERE uid = ?"
    last: tuple[str, Record | None] = ("", None)
    for gone in found.reaching.gone:
        reached = found.reaching.going[gone.uid]
        record = gone.states[-1]
        uid = record.linked("part_of")
        if uid != last[0]:
            row = one(connection, sql, (bytes.fromhex(uid),)) if uid and bytes.fromhex(uid) in found.reaching.going else None
            last = uid, decode(kept.data(*row)) if row else None
        yield Deceased(
            uid=reached.uid,
            kind=reached.kind,
            how=reached.how,
            through=reached.through,
            op="redact" if gone.stays else "delete",
            format=record.origin.format,
            source_kind=record.origin.kind,
            id=record.origin.id,
            record=record,
            whole=last[1],
        )


def _bury(
    connection: apsw.Connection,
    found: Plan,
    tombstones: Iterable[tuple[str, Tombstone]],
    *,
    batch: int,
    now: int,
) -> tuple[str, ...]:
    """Keep the tombstones, and forbid what they name; and every uid that went, named there or not. The tombstones' own ids."""
    names: list[str] = []
    for of, tombstone in tombstones:
        names.append(tombstone.name)
        connection.execute(
            "INSERT OR IGNORE INTO tombstone (digest, format, batch, at, data, own) VALUES (?, ?, ?, ?, ?, 1)",
            (hashlib.sha256(tombstone.native).digest(), tombstone.format, batch, now, tombstone.native),
        )
        id = connection.last_insert_rowid()
        for at, uid in enumerate(tombstone.targets):
            connection.execute(_GRAVE, (bytes.fromhex(uid), id, tombstone.op if at == 0 else "delete"))
        if tombstone.alike:
            connection.execute(_GRAVE, (bytes.fromhex(tombstone.alike), id, "alike"))
        # So that it is known which tombstone is taken back with the record.
        connection.execute(_GRAVE, (bytes.fromhex(of), id, tombstone.op))
    for target, reached in found.reaching.going.items():
        op = "redact" if target in found.reaching.skeletons else "delete"
        # An entity that only relations joined may be joined anew.
        graves.forbid(connection, target, "orphan" if reached.how == "orphan" and reached.kind == "entity" else op)
    return tuple(names)


def _note(connection: apsw.Connection, erased: Erased, found: Plan, *, batch: int, now: int) -> None:
    summary = Summary(removed=erased.counts)
    connection.execute("UPDATE batch SET summary = ? WHERE id = ?", (msgspec.json.encode(summary), batch))
    connection.execute("INSERT INTO erasure (batch, data) VALUES (?, ?)", (batch, msgspec.json.encode(erased)))
    for uid, reached in found.reaching.going.items():
        detail = {"uid": reached.uid, "how": reached.how, "kind": reached.kind}
        operation = "redact" if uid in found.reaching.skeletons else "delete"
        audit.append(connection, at=now, operation=operation, batch=batch, detail=detail)
    detail_of_all: dict[str, Any] = {"by": erased.request.by, "removed": erased.counts, "signed": erased.signed_by}
    if erased.undo_until is not None:
        detail_of_all["undo_until"] = erased.undo_until.isoformat()
    audit.append(connection, at=now, operation="forget", batch=batch, detail=detail_of_all)


def erasures(connection: apsw.Connection) -> list[Erased]:
    """What was ever forgotten, oldest first."""
    return [msgspec.json.decode(data, type=Erased) for (data,) in rows(connection, "SELECT data FROM erasure ORDER BY batch")]
