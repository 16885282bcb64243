"""The keys of redaction stores: who destroys one destroys what its store holds, wherever copies of the file lie.

A destroyed key leaves its id and the times, so that nobody wonders what became of the store. Freed bytes are overwritten
(``secure_delete``) and the log is emptied.
"""

from __future__ import annotations

import apsw
import msgspec

from satchel.errors import NotFound
from satchel.model.times import from_microseconds
from satchel.trust.secrets import Secret
from satchel.vault.sqlite import audit
from satchel.vault.sqlite.connection import one, our_errors, rows
from satchel.vault.values import RedactionKey


def keep(connection: apsw.Connection, id: str, key: Secret | None, counts: dict[str, int], now: int) -> None:
    """Remember a redaction, with the key of its store; without one where nobody can recover it from here."""
    if key is not None:
        connection.execute(
            "INSERT INTO redaction_key (id, key, counts, at) VALUES (?, ?, ?, ?)",
            (id, key.reveal(), msgspec.json.encode(counts), now),
        )
    detail = {"store": id, "types": counts, "key": "vault" if key is not None else "elsewhere or nowhere"}
    audit.append(connection, at=now, operation="redacted-export", detail=detail)


def listed(connection: apsw.Connection) -> list[RedactionKey]:
    """All of them, oldest first, the destroyed ones too."""
    found = rows(connection, "SELECT id, counts, at, shredded FROM redaction_key ORDER BY at, id")
    return [
        RedactionKey(
            id,
            msgspec.json.decode(counts, type=dict[str, int]),
            from_microseconds(at),
            None if shredded is None else from_microseconds(shredded),
        )
        for id, counts, at, shredded in found
    ]


def key(connection: apsw.Connection, id: str) -> Secret:
    """The key of a store. Raises NotFound: there is none, or it was destroyed."""
    found = one(connection, "SELECT key, shredded FROM redaction_key WHERE id = ?", (id,))
    if found is None:
        raise NotFound(f"this vault has no key of the redaction store {id}", hint="satchel redactions list shows them")
    if found[0] is None:
        day = f"{from_microseconds(found[1]):%Y-%m-%d}"
        raise NotFound(f"the key of the redaction store {id} was destroyed on {day}: nothing opens it any more")
    return Secret(found[0])


def note_recovery(connection: apsw.Connection, id: str, token: str, now: int) -> None:
    """Note that a store was opened, and by whom."""
    audit.append(
        connection, at=now, operation="redaction-recovered", detail={"store": id, **({"token": token} if token else {})}
    )


def shred(connection: apsw.Connection, id: str, now: int) -> None:
    """Destroy the key of a store. Raises as ``key``."""
    key(connection, id)
    connection.execute("UPDATE redaction_key SET key = NULL, shredded = ? WHERE id = ?", (now, id))
    audit.append(connection, at=now, operation="redaction-key-destroyed", detail={"store": id})


def empty_log(connection: apsw.Connection) -> None:
    """Take what was overwritten out of the write-ahead log too, where no reader holds it."""
    with our_errors():
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
