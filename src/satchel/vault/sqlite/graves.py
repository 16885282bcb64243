"""Tombstones in the vault: kept for good, carried out at once, and asked at the door ever after.

A tombstone's record leaves with all of its versions, its kept bytes, index entries, tags and links; so does what cannot be
without it, and what nothing else is evidence of (portable-memory.md 4.2): chunks of a resource, facts of an episode, links
between records that are gone, edges without other evidence, entities that only those edges named. Each of them gets a grave of
its own, so that a stale copy does not bring it back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import apsw

from satchel.model.packages import Reached
from satchel.model.record import Tombstone
from satchel.model.text import searchable
from satchel.vault.sqlite import asides, audit, erasing, fragments, packages, quotations, states, undoable
from satchel.vault.sqlite.barred import STATING
from satchel.vault.sqlite.blocks import Originals, leave
from satchel.vault.sqlite.connection import one, rows
from satchel.vault.sqlite.excision import Gone, load
from satchel.vault.sqlite.quotations import Quoting
from satchel.vault.sqlite.rows import decode, remove_details

#: What cannot be without what it links to, as (kind, type of link). A relation that holds no text outlives a redaction.
_DEPENDENT = (
    ("chunk", "part_of"),
    ("memory", "derived_from"),
    ("foreign", "derived_from"),
    ("relation", "related_to"),
    ("relation", "derived_from"),
)


#: Stands in a grave for the tombstone of what the owner forgot, which names the record by its uid and no row of a format.
OWN = -1
_GRAVE = "INSERT OR IGNORE INTO grave (target, tombstone, op) VALUES (?, ?, ?)"
#: The grave of what a package says was reached in the store that wrote it; see model.packages.Reached.
_REACHED = {"derived": "delete", "orphan": "orphan"}


class _Erased(NamedTuple):
    """A record that was taken out: our kind, the format's kind, its id there; all empty where there was none."""

    kind: str = ""
    format: str = ""
    source_kind: str = ""
    id: str = ""


class Burial(NamedTuple):
    """What a tombstone did: records that left, by kind, and those that quote one of them and were left as they are. ``words``
    of theirs are still to be swept (erasing.sweep_words)."""

    removed: dict[str, int]
    quoting: list[Quoting]
    words: set[bytes]


def bury(
    connection: apsw.Connection, kept: Originals, tombstone: Tombstone, *, batch: int, now: int, secret: bytes
) -> Burial | None:
    """Keep the tombstone and carry it out; None when the vault has this tombstone already. The audit log gets an entry for the
    target and one for each further record that left."""
    digest = hashlib.sha256(tombstone.native).digest()
    connection.execute(
        "INSERT OR IGNORE INTO tombstone (digest, format, batch, at, data) VALUES (?, ?, ?, ?, ?)",
        (digest, tombstone.format, batch, now, tombstone.native),
    )
    if not connection.changes():
        return None
    id = connection.last_insert_rowid()
    if tombstone.alike:
        connection.execute(_GRAVE, (bytes.fromhex(tombstone.alike), id, "alike"))
    removed: dict[str, int] = {}
    gone: list[Gone] = []
    reached: set[str] = set(tombstone.kinds)
    spared = tombstone.spared
    pending: list[tuple[bytes, str, str]] = [
        (bytes.fromhex(uid), tombstone.op if at == 0 else "delete", "listed" if at else "named")
        for at, uid in enumerate(tombstone.targets)
    ]
    met: set[bytes] = set()
    ends: set[bytes] = set()
    while pending or ends:
        if not pending:
            # All edges are gone that go: now it shows which entities they leave behind.
            left = sorted(end for end in ends - met if end.hex() not in spared)
            pending = [(end, "orphan", "orphan") for end in left if _is_orphan(connection, end)]
            ends = set()
            continue
        uid, op, how = pending.pop()
        if uid in met:
            continue
        met.add(uid)
        # An edge that rests on nothing needs no grave: what it rested on has one. An orphan's is open to what joins it anew.
        if op != "unfounded":
            connection.execute(_GRAVE, (uid, id, op))
        pending.extend((other, "delete", "derived") for other in _dependent(connection, uid, op) if other.hex() not in spared)
        if op != "redact":
            for edge, joined in _unfounded(connection, uid):
                if edge.hex() not in spared:
                    pending.append((edge, "unfounded", "unfounded"))
                    ends.update(joined)
        is_silent = op == "redact" and _is_silent(connection, kept, uid, tombstone)
        leaving = None if is_silent else load(connection, kept, uid)
        if leaving:
            gone.append(leaving)
            fragments.remember(connection, kept, [leaving], secret=secret, change=batch)
        erased = _Erased() if is_silent else _erase(connection, kept, uid)
        if erased.kind:
            removed[erased.kind] = removed.get(erased.kind, 0) + 1
            reached.add(erased.source_kind)
        if how == "named":
            erased = erased._replace(format=tombstone.format, source_kind=tombstone.kind, id=tombstone.id)
        elif not erased.kind:
            continue
        of = {"actor": tombstone.actor, "deleted": tombstone.at.isoformat() if tombstone.at else ""}
        _tell(connection, uid, erased, op if how == "named" else "delete", how, of, batch=batch, now=now)
    packages.concern(connection, tombstone.format, reached)
    if gone:
        # What is held of the owner's own erasures may hold it.
        undoable.purge(connection, now=now)
    quoting = _quoting(connection, kept, tombstone, gone, secret)
    return Burial(removed, quoting, erasing.words_of(connection, gone))


def _quoting(
    connection: apsw.Connection, kept: Originals, tombstone: Tombstone, gone: list[Gone], secret: bytes
) -> list[Quoting]:
    """Quotations leave the rows of which the format says so; the others that quote are the owner's to judge."""
    found = quotations.find(connection, kept, gone) if gone else []
    own = [each for each in found if each.platform == tombstone.format and each.source_kind in tombstone.scrubs]
    quotations.scrub(connection, kept, secret, own, gone)
    return [each for each in found if each not in own]


def reach(connection: apsw.Connection, kept: Originals, reached: Reached, *, batch: int, now: int) -> str:
    """Take out what the tombstones of a package reached elsewhere; its kind, "" where the vault does not hold it. An entity
    that an edge joins here is no orphan."""
    uid = bytes.fromhex(reached.uid)
    if reached.how == "orphan" and _is_joined(connection, uid):
        return ""
    if reached.how in _REACHED:
        connection.execute(_GRAVE, (uid, 0, _REACHED[reached.how]))
    erased = _erase(connection, kept, uid)
    if erased.kind:
        undoable.purge(connection, now=now)
        packages.concern(connection, erased.format, {erased.source_kind})
        _tell(connection, uid, erased, "delete", reached.how, {}, batch=batch, now=now)
    return erased.kind


def reached_after(connection: apsw.Connection, format: str, change: int) -> Iterator[tuple[str, str, str]]:
    """Kind, id and manner of what tombstones reached of a format, besides what they name, after a change: edges before the
    entities that they leave behind. What has no id is reached anew, by what it rests on."""
    order = ("derived", "unfounded", "orphan")
    found = [
        (detail["kind"], detail["id"], detail["how"])
        for detail in (entry.detail for entry in audit.entries(connection, change) if entry.operation == "delete")
        if detail.get("how") in order and detail.get("format") == format and detail.get("id")
    ]
    yield from sorted(dict.fromkeys(found), key=lambda each: (order.index(each[2]), each))


def _tell(
    connection: apsw.Connection,
    uid: bytes,
    erased: _Erased,
    operation: str,
    how: str,
    of: dict[str, str],
    *,
    batch: int,
    now: int,
) -> None:
    """The audit log's entry for one erased record: ids and the manner, no content."""
    if erased.id:
        packages.hush(connection, erased.id)
    detail = {"uid": uid.hex(), "how": how, "format": erased.format, "kind": erased.source_kind, "id": erased.id}
    said = {name: value for name, value in {**detail, **of}.items() if value}
    audit.append(connection, at=now, operation=operation, batch=batch, detail=said)


def forbid(connection: apsw.Connection, uid: bytes, op: str) -> None:
    """Forbid a uid by what the owner forgot."""
    connection.execute(_GRAVE, (uid, OWN, op))


def buried(connection: apsw.Connection, uid: bytes) -> str:
    """``delete``, ``redact`` or "": how a record of this uid is forbidden; ``orphan`` of an entity that only edges named which
    are gone, ``alike`` of a uid that stands for look-alikes."""
    found = rows(
        connection, "SELECT op FROM grave WHERE target = ?1 AND NOT EXISTS (SELECT 1 FROM allowed WHERE target = ?1)", (uid,)
    )
    ops = {op for (op,) in found}
    return next((op for op in ("delete", "redact", "orphan", "alike") if op in ops), "")


def is_allowed(connection: apsw.Connection, uid: bytes) -> bool:
    """Whether the owner let it in again."""
    return one(connection, "SELECT 1 FROM allowed WHERE target = ?", (uid,)) is not None


def buried_by_others(connection: apsw.Connection, uid: bytes) -> bool:
    """Whether somebody else's tombstone deletes this uid. The owner's own name rows that another record may have by now."""
    sql = (
        "SELECT 1 FROM grave g LEFT JOIN tombstone t ON t.id = g.tombstone WHERE g.target = ? AND g.op = 'delete'"
        f" AND g.tombstone <> {OWN} AND coalesce(t.own, 0) = 0"
    )
    return one(connection, sql, (uid,)) is not None


def said(connection: apsw.Connection, key: bytes | None) -> bool:
    """Whether a record that made this statement (its content key) was erased."""
    return key is not None and one(connection, "SELECT 1 FROM erased_text WHERE content_key = ?", (key,)) is not None


def any_buried(connection: apsw.Connection) -> bool:
    """Whether the vault has any tombstone at all."""
    return one(connection, "SELECT 1 FROM grave LIMIT 1") is not None


def kept_lines(connection: apsw.Connection, format: str) -> Iterator[bytes]:
    """The tombstones of a format, each as it came."""
    # One of the owner's that was taken back leaves no more; one that can be, not yet: what it deletes elsewhere stays deleted.
    sql = (
        "SELECT data FROM tombstone t WHERE format = ? AND NOT (own AND EXISTS"
        " (SELECT 1 FROM grave g JOIN allowed a ON a.target = g.target WHERE g.tombstone = t.id))"
        " AND batch NOT IN (SELECT batch FROM undoable) ORDER BY data"
    )
    for (data,) in rows(connection, sql, (format,)):
        yield data


def _dependent(connection: apsw.Connection, uid: bytes, op: str) -> list[bytes]:
    """The records that cannot be without this one."""
    sql = "SELECT r.uid FROM link l JOIN record r ON r.id = l.record WHERE l.target = ? AND l.type = ? AND r.kind = ?"
    return [
        other
        for kind, type in _DEPENDENT
        if op != "redact" or kind != "relation"
        for (other,) in rows(connection, sql, (uid, type, kind))
    ]


def _unfounded(connection: apsw.Connection, uid: bytes) -> list[tuple[bytes, list[bytes]]]:
    """The edges of which all evidence is deleted, this record last, each with the entities that it joins. Evidence that has not
    come yet is no evidence that is gone."""
    edges = rows(
        connection,
        "SELECT r.id, r.uid FROM link l JOIN record r ON r.id = l.record"
        " WHERE l.target = ?1 AND l.type = 'evidence' AND NOT EXISTS (SELECT 1 FROM link o"
        " WHERE o.record = r.id AND o.type = 'evidence' AND NOT EXISTS"
        " (SELECT 1 FROM grave g WHERE g.target = o.target AND g.op = 'delete'))",
        (uid,),
    )
    joined = "SELECT target FROM link WHERE record = ? AND type = 'related_to'"
    return [(edge, [end for (end,) in rows(connection, joined, (id,))]) for id, edge in edges]


def _is_silent(connection: apsw.Connection, kept: Originals, uid: bytes, tombstone: Tombstone) -> bool:
    """Whether the record says nothing already, in what we read of it and in its bytes: a skeleton stays when it is redacted
    again."""
    found = one(connection, "SELECT data, slot, original FROM record WHERE uid = ?", (uid,))
    if found is None or any(searchable(decode(kept.data(*found)))):
        return False
    native = kept.native(found[2])
    return native is not None and tombstone.is_silent is not None and tombstone.is_silent(native)


def _is_joined(connection: apsw.Connection, uid: bytes) -> bool:
    """Whether an edge joins it."""
    sql = "SELECT 1 FROM link l JOIN record r ON r.id = l.record WHERE l.target = ? AND r.kind = 'relation'"
    return one(connection, sql, (uid,)) is not None


def _is_orphan(connection: apsw.Connection, uid: bytes) -> bool:
    """Whether it is an entity that nothing links to."""
    entity = one(connection, "SELECT 1 FROM record WHERE uid = ? AND kind = 'entity'", (uid,))
    return entity is not None and one(connection, "SELECT 1 FROM link WHERE target = ?", (uid,)) is None


def _erase(connection: apsw.Connection, kept: Originals, uid: bytes) -> _Erased:
    """Take a record out, with every state of it, and say what it was. Its kept bytes must be its alone."""
    found = one(connection, "SELECT id, kind, content_key, data, slot, original FROM record WHERE uid = ?", (uid,))
    erased = _Erased()
    if found is not None:
        id, kind, key, *data = found
        if key is not None and kind in STATING:
            connection.execute("INSERT OR IGNORE INTO erased_text (content_key) VALUES (?)", (key,))
        said = decode(kept.data(*data))
        erased = _Erased(kind, said.origin.format, said.origin.kind or kind, said.origin.id)
        remove_details(connection, id, said)
        asides.remove(connection, id)
        for table in ("version", "witness", "telling"):
            connection.execute(f"DELETE FROM {table} WHERE record = ?", (id,))
        connection.execute("DELETE FROM record WHERE id = ?", (id,))
        connection.execute("UPDATE record SET part_of = NULL WHERE part_of = ?", (id,))
    for (original,) in rows(connection, "SELECT id FROM original WHERE uid = ?", (uid,)):
        _remove_original(connection, kept, original)
    for record, original in states.forget_those_of(connection, uid):
        told = " UNION ALL ".join(
            f"SELECT 1 FROM {table} WHERE {column} = ?1 AND original = ?2"
            for table, column in (("record", "id"), ("version", "record"))
        )
        if one(connection, told, (record, original)) is None:
            _remove_original(connection, kept, original)
    return erased


def _remove_original(connection: apsw.Connection, kept: Originals, id: int) -> None:
    """Take a kept original out, wherever its bytes lie."""
    for table in ("witness", "sighting", "telling"):
        connection.execute(f"DELETE FROM {table} WHERE original = ?", (id,))
    places = rows(connection, "SELECT pack, start, size, slot FROM original WHERE id = ?", (id,))
    connection.execute("DELETE FROM original WHERE id = ?", (id,))
    for pack, *place in places:
        if pack is not None:
            leave(connection, pack, [tuple(place)])
    kept.forget()
