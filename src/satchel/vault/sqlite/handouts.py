"""Which records were given to whom, in a context: no text, only uids and keyed hashes of what was shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import apsw

from satchel.model.times import from_microseconds, to_microseconds
from satchel.vault.sqlite import audit
from satchel.vault.sqlite.connection import rows, writing
from satchel.vault.sqlite.rows import keyed
from satchel.vault.values import Handed, Handout

#: Uids that one query names.
_PAGE = 10_000


def note(
    connection: apsw.Connection, secret: bytes, handed: Sequence[Handed], *, reader: str, token: str, at: datetime, cost: int
) -> int:
    """See Store.hand_out."""
    with writing(connection):
        moment = to_microseconds(at)
        connection.execute("INSERT INTO handout (at, reader, token, cost) VALUES (?, ?, ?, ?)", (moment, reader, token, cost))
        id = connection.last_insert_rowid()
        connection.executemany(
            "INSERT OR IGNORE INTO handed (record, handout, form, digest) VALUES (?, ?, ?, ?)",
            [(bytes.fromhex(item.uid), id, item.form, keyed(bytes.fromhex(item.digest), secret)) for item in handed],
        )
        detail = {"handout": id, "reader": reader, "token": token, "records": len(handed)}
        audit.append(connection, at=moment, operation="recall", detail=detail)
    return id


def of(connection: apsw.Connection, uids: Sequence[str]) -> list[Handout]:
    """See Store.handouts."""
    met: dict[int, tuple[int, str, str, list[str]]] = {}
    for start in range(0, len(uids), _PAGE):
        page = uids[start : start + _PAGE]
        marks = ", ".join("?" * len(page))
        found = rows(
            connection,
            "SELECT h.id, h.at, h.reader, h.token, lower(hex(d.record)) FROM handed d JOIN handout h ON h.id = d.handout"
            f" WHERE d.record IN ({marks})",
            [bytes.fromhex(uid) for uid in page],
        )
        for id, at, reader, token, uid in found:
            met.setdefault(id, (at, reader, token, []))[3].append(uid)
    return [
        Handout(id, from_microseconds(at), reader, token, tuple(sorted(set(records))))
        for id, (at, reader, token, records) in sorted(met.items())
    ]
