"""The audit log: one entry for each change, chained by hash, with counts and ids but no content.

An entry's hash is SHA-256 over the hash before it and the canonical JSON of the entry, so that none can be altered, dropped
from the middle or put in between unnoticed. Whoever has the key could rewrite the whole chain, or cut its end: compare a
noted head (``satchel log --audit``) to find that out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import apsw
import msgspec
import orjson

from satchel.model.findings import Finding
from satchel.model.times import from_microseconds
from satchel.vault.sqlite.connection import one, our_errors
from satchel.vault.values import AuditEntry

_START = bytes(32)


def _hash(before: bytes, id: int, at: int, operation: str, batch: int | None, detail: str) -> bytes:
    entry = orjson.dumps([id, at, operation, batch, detail])
    return hashlib.sha256(before + entry).digest()


def append(connection: apsw.Connection, *, at: int, operation: str, batch: int | None = None, detail: dict[str, Any]) -> None:
    """Add an entry, inside the transaction of the change that it tells of."""
    last = one(connection, "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1")
    id, before = (last[0] + 1, last[1]) if last else (1, _START)
    text = orjson.dumps(detail, option=orjson.OPT_SORT_KEYS).decode()
    connection.execute(
        "INSERT INTO audit (id, at, operation, batch, detail, hash) VALUES (?, ?, ?, ?, ?, ?)",
        (id, at, operation, batch, text, _hash(before, id, at, operation, batch, text)),
    )


def entries(connection: apsw.Connection, after: int = 0) -> Iterator[AuditEntry]:
    """All entries, oldest first; those behind the last one of change ``after``."""
    with our_errors():
        for id, at, operation, batch, detail, hash in connection.execute(
            # The making of a vault was once noted as change 0; it is the first.
            "SELECT id, at, operation, batch, detail, hash FROM audit"
            " WHERE id > (SELECT coalesce(max(id), 0) FROM audit WHERE max(batch, 1) <= ?) ORDER BY id",
            (after,),
        ):
            yield AuditEntry(id, from_microseconds(at), operation, batch, msgspec.json.decode(detail), hash.hex())


def check(connection: apsw.Connection) -> list[Finding]:
    """A finding for the first entry whose hash does not follow from the ones before."""
    before, expected = _START, 1
    with our_errors():
        for id, at, operation, batch, detail, hash in connection.execute(
            "SELECT id, at, operation, batch, detail, hash FROM audit ORDER BY id"
        ):
            if id != expected or hash != _hash(before, id, at, operation, batch, detail):
                return [Finding("audit-chain", "error", f"the audit log was altered at or before entry {id}")]
            before, expected = hash, id + 1
    return []
