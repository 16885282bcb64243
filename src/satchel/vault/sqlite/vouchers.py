"""Which key vouched for which source object's bytes, and what falls when it is trusted no more.

A record is ``verified`` by the keys that vouched for the bytes that it is the reading of, and stays so while one of them is
trusted. What was taken before the vault noted this by the object is known by its import: whose package it came in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import apsw
from msgspec.structs import replace

from satchel.vault.sqlite.blocks import Originals
from satchel.vault.sqlite.connection import one, rows
from satchel.vault.sqlite.rows import decode, encode

#: The originals that a record is the reading of: its own, and those of others that say the very same.
_READ_OF = "(SELECT r.original UNION ALL SELECT w.original FROM witness w WHERE w.record = r.id)"
_BY_KEY = "SELECT v.original FROM vouched v JOIN voucher k ON k.id = v.voucher WHERE k.key = ?"


def note(connection: apsw.Connection, vouched: Iterable[tuple[int, str]]) -> None:
    """Remember that a key (``PublicKey.text``) vouched for an original, each by its row."""
    ids: dict[str, int] = {}
    found: list[tuple[int, int]] = []
    for original, key in vouched:
        if key not in ids:
            connection.execute("INSERT OR IGNORE INTO voucher (key) VALUES (?)", (key,))
            row = one(connection, "SELECT id FROM voucher WHERE key = ?", (key,))
            assert row is not None
            ids[key] = row[0]
        found.append((original, ids[key]))
    if found:
        connection.executemany("INSERT OR IGNORE INTO vouched (original, voucher) VALUES (?, ?)", found)


def lower(connection: apsw.Connection, kept: Originals, key: str, trusted: Collection[str]) -> dict[str, int]:
    """Lower to ``imported`` what this key verified and none of the ``trusted`` ones did, each a new version; how many records
    of each kind. In the caller's transaction."""
    lowered: dict[str, int] = {}
    for id in _resting_on(connection, key, trusted):
        kind, (inline, slot, of, version, batch) = _current(connection, id)
        before = kept.data(inline, slot, of)
        was = decode(before)
        if was.trust != "verified":
            continue
        connection.execute(
            "INSERT INTO version (record, version, batch, original, data) VALUES (?, ?, ?, ?, ?)",
            (id, version, batch, of, before),
        )
        # What it says is the same: its words are in the index, and its vectors are of them.
        vectors = rows(connection, "SELECT model, record, data FROM vector WHERE record = ?", (id,))
        connection.execute(
            "UPDATE record SET slot = NULL, data = ?, version = ? WHERE id = ?",
            (encode(replace(was, trust="imported")), version + 1, id),
        )
        connection.executemany("INSERT OR REPLACE INTO vector (model, record, data) VALUES (?, ?, ?)", vectors)
        lowered[kind] = lowered.get(kind, 0) + 1
    return lowered


def settle(connection: apsw.Connection, kept: Originals, trusted: Collection[str]) -> None:
    """Lower what came back and rests on a key that was trusted once: after an undo."""
    for (key,) in rows(connection, "SELECT key FROM voucher"):
        if key not in trusted:
            lower(connection, kept, key, trusted)


def _current(connection: apsw.Connection, id: int) -> tuple[str, tuple[bytes | None, int | None, int, int, int]]:
    row = one(connection, "SELECT kind, data, slot, original, version, batch FROM record WHERE id = ?", (id,))
    assert row is not None
    return row[0], row[1:]


def _resting_on(connection: apsw.Connection, key: str, trusted: Collection[str]) -> list[int]:
    """The rows of the records that this key vouches for and no other that is trusted: verified or not."""
    others = sorted({*trusted} - {key})
    marks = ",".join("?" * len(others))
    held = f"SELECT 1 FROM vouched v JOIN voucher k ON k.id = v.voucher WHERE v.original IN {_READ_OF} AND k.key IN ({marks})"
    of_import = "SELECT batch FROM signed WHERE key = ?"
    return [
        id
        for (id,) in rows(
            connection,
            f"SELECT r.id FROM record r WHERE r.original IN ({_BY_KEY}) AND NOT EXISTS ({held})"
            f" UNION SELECT r.id FROM record r WHERE r.batch IN ({of_import})"
            " AND NOT EXISTS (SELECT 1 FROM vouched v WHERE v.original = r.original) ORDER BY 1",
            (key, *others, key),
        )
    ]
