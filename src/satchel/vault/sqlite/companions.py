"""What else was read from a kept original: whoever may not see all of it cannot be handed the original's bytes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import apsw

from satchel.vault.sqlite import states
from satchel.vault.sqlite.blocks import Originals
from satchel.vault.sqlite.connection import rows
from satchel.vault.sqlite.rows import decode
from satchel.vault.values import Companion, Companions

_READ = (
    "SELECT data, slot, original FROM record WHERE original = ?1"
    " UNION ALL SELECT data, NULL, original FROM version WHERE original = ?1"
)
#: Records that another original says in the same words: where in this one, nobody noted.
_SAID = (
    "SELECT r.data, r.slot, r.original FROM witness w JOIN record r ON r.id = w.record WHERE w.original = ? AND r.original <> ?"
)


def companions(connection: apsw.Connection, kept: Originals, uid: str, as_of: datetime | None) -> Companions | None:
    """See Store.companions."""
    found = rows(connection, "SELECT id, original FROM record WHERE uid = ?", (bytes.fromhex(uid),))
    if not found:
        return None
    id, original = found[0]
    if as_of is not None:
        state = states.held_at(connection, kept, id, as_of)
        if state is None:
            return None
        original = state.original
    return Companions(original, _members(connection, kept, original))


def _members(connection: apsw.Connection, kept: Originals, original: int) -> Iterator[Companion]:
    for data in rows(connection, _READ, (original,)):
        record = decode(kept.data(*data))
        yield Companion(record, record.native.pointer)
    for data in rows(connection, _SAID, (original, original)):
        yield Companion(decode(kept.data(*data)), None)
