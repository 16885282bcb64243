"""Tombstones in the vault: kept for good, carried out at once, and asked at the door ever after.

A tombstone's record leaves with all of its versions, its kept bytes, index entries, tags and links; so does what cannot be
without it, and what nothing else is evidence of (portable-memory.md 4.2): chunks of a resource, facts of an episode, links
between records that are gone, edges without other evidence, entities that only those edges named. Each of them gets a grave of
its own, so that a stale copy does not bring it back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import apsw

from satchel.model.record import Tombstone
from satchel.model.text import searchable
from satchel.vault.sqlite import states
from satchel.vault.sqlite.blocks import Originals, leave
from satchel.vault.sqlite.connection import one, rows
from satchel.vault.sqlite.rows import decode, remove_details

#: What cannot be without what it links to, as (kind, type of link). A relation that holds no text outlives a redaction.
_DEPENDENT = (
    ("chunk", "part_of"),
    ("memory", "derived_from"),
    ("foreign", "derived_from"),
    ("relation", "related_to"),
    ("relation", "derived_from"),
)


#: Kinds whose statement, once erased, is not taken from elsewhere either. The name of a person or a thing is none.
STATING = frozenset({"memory", "instruction", "profile", "document", "chunk"})
_GRAVE = "INSERT OR IGNORE INTO grave (target, tombstone, op) VALUES (?, ?, ?)"


def bury(connection: apsw.Connection, kept: Originals, tombstone: Tombstone, *, batch: int, now: int) -> dict[str, int] | None:
    """Keep the tombstone and carry it out; what left, by kind, or None when the vault has this tombstone already."""
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
    pending: list[tuple[bytes, str]] = [
        (bytes.fromhex(uid), tombstone.op if at == 0 else "delete") for at, uid in enumerate(tombstone.targets)
    ]
    met: set[bytes] = set()
    ends: set[bytes] = set()
    while pending or ends:
        if not pending:
            # All edges are gone that go: now it shows which entities they leave behind.
            pending = [(end, "orphan") for end in sorted(ends) if end not in met and _is_orphan(connection, end)]
            ends = set()
            continue
        uid, op = pending.pop()
        if uid in met:
            continue
        met.add(uid)
        # An edge that rests on nothing needs no grave: what it rested on has one. An orphan's is open to what joins it anew.
        if op != "unfounded":
            connection.execute(_GRAVE, (uid, id, op))
        pending.extend((other, "delete") for other in _dependent(connection, uid, op))
        if op != "redact":
            for edge, joined in _unfounded(connection, uid):
                pending.append((edge, "unfounded"))
                ends.update(joined)
        kind = "" if op == "redact" and _is_silent(connection, kept, uid) else _erase(connection, kept, uid)
        if kind:
            removed[kind] = removed.get(kind, 0) + 1
    return removed


def buried(connection: apsw.Connection, uid: bytes) -> str:
    """``delete``, ``redact`` or "": how a record of this uid is forbidden; ``orphan`` of an entity that only edges named which
    are gone, ``alike`` of a uid that stands for look-alikes."""
    ops = {op for (op,) in rows(connection, "SELECT op FROM grave WHERE target = ?", (uid,))}
    return next((op for op in ("delete", "redact", "orphan", "alike") if op in ops), "")


def said(connection: apsw.Connection, key: bytes | None) -> bool:
    """Whether a record that made this statement (its content key) was erased."""
    return key is not None and one(connection, "SELECT 1 FROM erased_text WHERE content_key = ?", (key,)) is not None


def any_buried(connection: apsw.Connection) -> bool:
    """Whether the vault has any tombstone at all."""
    return one(connection, "SELECT 1 FROM grave LIMIT 1") is not None


def kept_lines(connection: apsw.Connection, format: str) -> Iterator[bytes]:
    """The tombstones of a format, each as it came."""
    for (data,) in rows(connection, "SELECT data FROM tombstone WHERE format = ? ORDER BY data", (format,)):
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


def _is_silent(connection: apsw.Connection, kept: Originals, uid: bytes) -> bool:
    """Whether the record says nothing already: a skeleton stays when it is redacted again."""
    found = one(connection, "SELECT data, slot, original FROM record WHERE uid = ?", (uid,))
    return found is not None and not any(searchable(decode(kept.data(*found))))


def _is_orphan(connection: apsw.Connection, uid: bytes) -> bool:
    """Whether it is an entity that nothing links to."""
    entity = one(connection, "SELECT 1 FROM record WHERE uid = ? AND kind = 'entity'", (uid,))
    return entity is not None and one(connection, "SELECT 1 FROM link WHERE target = ?", (uid,)) is None


def _erase(connection: apsw.Connection, kept: Originals, uid: bytes) -> str:
    """Take a record out, with every state of it; its kind, or "" where there is none. Its kept bytes must be its alone."""
    found = one(connection, "SELECT id, kind, content_key, data, slot, original FROM record WHERE uid = ?", (uid,))
    kind = ""
    if found is not None:
        id, kind, key, *data = found
        if key is not None and kind in STATING:
            connection.execute("INSERT OR IGNORE INTO erased_text (content_key) VALUES (?)", (key,))
        remove_details(connection, id, decode(kept.data(*data)))
        for table in ("version", "witness"):
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
    return str(kind)


def _remove_original(connection: apsw.Connection, kept: Originals, id: int) -> None:
    """Take a kept original out, wherever its bytes lie."""
    for table in ("witness", "sighting"):
        connection.execute(f"DELETE FROM {table} WHERE original = ?", (id,))
    places = rows(connection, "SELECT pack, start, size, slot FROM original WHERE id = ?", (id,))
    connection.execute("DELETE FROM original WHERE id = ?", (id,))
    for pack, *place in places:
        if pack is not None:
            leave(connection, pack, [tuple(place)])
    kept.forget()
