"""The states of records over time: those before the current one, and which of them held at a moment (model.validity)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import apsw

from satchel.model.record import Record
from satchel.model.text import searchable
from satchel.model.validity import state_at
from satchel.vault.sqlite.blocks import Originals
from satchel.vault.sqlite.connection import rows
from satchel.vault.sqlite.rows import decode, index_row

_PAGE = 500
_STATES = (
    "SELECT v.version, v.data, NULL, v.original, v.original FROM version v WHERE v.record = ?1"
    " UNION ALL SELECT version, data, slot, original, original FROM record WHERE id = ?1 ORDER BY 1"
)


class State(NamedTuple):
    """A state of a record, and the row of the original that it was read from."""

    record: Record
    original: int


def states(connection: apsw.Connection, kept: Originals, id: int) -> list[State]:
    """All states of the record in this row, oldest first; the last is the current one."""
    return [State(decode(kept.data(*data)), original) for _, *data, original in rows(connection, _STATES, (id,))]


def held_at(connection: apsw.Connection, kept: Originals, id: int, moment: datetime) -> State | None:
    """The state of the record in this row that held at ``moment``."""
    found = states(connection, kept, id)
    place = state_at([state.record for state in found], moment)
    return None if place is None else found[place]


def changed(connection: apsw.Connection, platform: str = "", after: int = 0) -> Iterator[int]:
    """The rows of records that have earlier states; of one platform, or of all; only those of which a later change than
    ``after`` brought a state."""
    last = 0
    while True:
        page = rows(
            connection,
            "SELECT DISTINCT v.record FROM version v JOIN record r ON r.id = v.record"
            " WHERE v.record > ?1 AND (?2 = '' OR r.platform = ?2) AND (v.batch > ?3 OR r.batch > ?3)"
            f" ORDER BY v.record LIMIT {_PAGE}",
            (last, platform, after),
        )
        yield from (id for (id,) in page)
        if len(page) < _PAGE:
            return
        last = page[-1][0]


def index_past(connection: apsw.Connection, kept: Originals, moment: datetime, name: str = "past") -> dict[int, bool]:
    """Make ``temp.<name>``, a text index in memory of the earlier states that held at ``moment``, by their records' rows; of
    each record that has earlier states, whether it was the current one that held."""
    (schema,) = rows(connection, "SELECT sql FROM sqlite_schema WHERE name = 'text_index'")[0]
    connection.execute(f"DROP TABLE IF EXISTS temp.{name}")
    connection.execute(schema.replace("text_index", f"temp.{name}", 1))
    is_current: dict[int, bool] = {}
    for id in changed(connection):
        found = states(connection, kept, id)
        place = state_at([state.record for state in found], moment)
        is_current[id] = place == len(found) - 1
        if place is not None and place < len(found) - 1:
            row = index_row(id, *searchable(found[place].record))
            if row:
                connection.execute(f"INSERT INTO temp.{name} (rowid, title, body) VALUES (?, ?, ?)", row)
    return is_current


def forget_those_of(connection: apsw.Connection, uid: bytes) -> list[tuple[int, int]]:
    """Remove the earlier states, of whatever record, that rested on the record ``uid``; (record's row, original's row) of each.
    Their originals are the caller's to remove."""
    mark = b'"to":"' + uid.hex().encode() + b'"'
    found = rows(
        connection,
        "SELECT v.record, v.version, v.original FROM version v JOIN record r ON r.id = v.record"
        " WHERE r.kind IN ('memory', 'chunk', 'foreign') AND instr(v.data, ?)",
        (mark,),
    )
    for record, version, _ in found:
        connection.execute("DELETE FROM version WHERE record = ? AND version = ?", (record, version))
    return [(record, original) for record, _, original in found]
