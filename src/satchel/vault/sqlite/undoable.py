"""The undo window of erasures: what goes is kept in one place, sealed, until the window ends, it is purged or taken back.

The erasure itself is carried out for real and at once: no read, search, export or import sees anything of it. While it runs,
triggers hand every row that it changes, as it was, to ``undoable_row``, encrypted under a key of that erasure's own, which lies
in ``undoable``. Purging deletes the key and the rows (their pages are overwritten). Undoing changes each row back, from the
last to the first, and refuses as a whole where one is no longer as the erasure left it: nothing is restored by half, nothing
that came later is overwritten. So the newest erasure alone can be undone, and what is purged takes the older ones along, for
their rows (a pack, a conversation) may hold what it erased.
"""

from __future__ import annotations

import hashlib
import itertools
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import apsw
import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from satchel.errors import UsageError, VaultDamaged
from satchel.model.erasure import HeldBack
from satchel.model.text import searchable
from satchel.model.times import from_microseconds
from satchel.vault.sqlite import audit
from satchel.vault.sqlite.blocks import Originals
from satchel.vault.sqlite.connection import one, rows
from satchel.vault.sqlite.rows import add_text, decode, index_row, meta

_SETTING = "undo_window_s"
#: What an erasure adds to, and an undo does not take from: the log, and what is told of the erasure itself.
_KEPT = frozenset({"audit", "erasure", "undoable", "undoable_row", "meta"})
#: Whose rows name the change that added them: nothing needs to be held.
_OF_CHANGE = ("fragment", "held", "came_from")
#: The text aside has an index over a table of its own; the other index is made of records.
_ASIDE = "aside_index_content"
#: Whose rows leave by themselves with a change of their record, also with the one that an undo makes: they come last.
_VECTORS = "vector"
_INDEXES = ("text_index", "aside_index")
#: Columns that name a record's row, and a file's.
_RECORDS = {
    "record": ("id", "part_of"),
    "version": ("record",),
    "witness": ("record",),
    "telling": ("record",),
    "link": ("record",),
    "tag": ("record",),
    _VECTORS: ("record",),
    _ASIDE: ("id",),
}
_BLOBS = {"blob": ("id",), "blob_chunk": ("blob",)}
_PAGE = 200


class _Table(msgspec.Struct, frozen=True):
    """A table as it was when its rows were held: its columns, and those of its key."""

    columns: tuple[str, ...]
    key: tuple[str, ...]


class _Held(msgspec.Struct, frozen=True, array_like=True):
    """One row that an erasure changed. ``op``: it was added (+), removed (-), changed (=). ``values``: as they were before; of
    one that was added, its key. ``after``: the hash of what it became."""

    table: str
    op: str
    values: list[Any]
    after: bytes


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Held)


def window(connection: apsw.Connection) -> int:
    """For how many seconds erasures can be undone; 0 where the owner asked for no window."""
    return int(meta(connection, _SETTING) or 0)


def set_window(connection: apsw.Connection, window_s: int, *, now: int) -> None:
    """Set it, inside the caller's transaction. It counts for later erasures."""
    connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (_SETTING, window_s))
    audit.append(connection, at=now, operation="undo-window", detail={"seconds": window_s})


def held(connection: apsw.Connection) -> list[HeldBack]:
    """What can be undone, oldest first."""
    sql = "SELECT batch, until, records, size FROM undoable ORDER BY batch"
    return [HeldBack(batch, from_microseconds(until), records, size) for batch, until, records, size in rows(connection, sql)]


@contextmanager
def holding(connection: apsw.Connection, batch: int) -> Iterator[None]:
    """Seal every row that is changed meanwhile, by the erasure of this number, in the transaction that is under way."""
    cipher = _Cipher(key := secrets.token_bytes(32), batch)
    tables = dict(_tables(connection))
    connection.execute("INSERT INTO undoable (batch, until, key) VALUES (?, 0, ?)", (batch, key))
    head = cipher.seal(_ENCODER.encode(tables))
    connection.execute("INSERT INTO undoable_row (id, data) VALUES (?, ?)", (batch << 32, head))

    def hold(*given: Any) -> bytes:
        table, op, *values = given
        width = len(tables[table].columns)
        match op:
            case "-":
                found = _Held(table, op, values, b"")
            case "=":
                found = _Held(table, op, values[:width], _hash(values[width:]))
            case _:
                key = [values[tables[table].columns.index(name)] for name in tables[table].key]
                found = _Held(table, op, key, _hash(values))
        return cipher.seal(_ENCODER.encode(found))

    connection.create_scalar_function("satchel_hold", hold)
    names = list(_triggers(connection, tables, batch))
    try:
        yield
    finally:
        for name in names:
            connection.execute(f"DROP TRIGGER temp.{name}")
        connection.create_scalar_function("satchel_hold", None)


def keep(connection: apsw.Connection, batch: int, *, until: int, records: int) -> None:
    """Note what was sealed, and how long it is kept."""
    row = one(connection, f"SELECT coalesce(sum(length(data)), 0) FROM undoable_row WHERE {_range(batch)}")
    size = row[0] if row else 0
    sql = "UPDATE undoable SET until = ?, records = ?, size = ? WHERE batch = ?"
    connection.execute(sql, (until, records, size, batch))


def purge(connection: apsw.Connection, *, now: int, up_to: int | None = None) -> list[int]:
    """Destroy what is held of these erasures, inside the caller's transaction: the keys and the bytes; which they were.

    Args:
        up_to: of this one and all before it; None for all.
    """
    found = [each.change for each in held(connection) if up_to is None or each.change <= up_to]
    for batch in found:
        connection.execute("DELETE FROM undoable WHERE batch = ?", (batch,))
        connection.execute(f"DELETE FROM undoable_row WHERE {_range(batch)}")
    if found:
        audit.append(connection, at=now, operation="purge", detail={"changes": found})
    return found


def due(connection: apsw.Connection, now: int) -> int | None:
    """The newest erasure whose window has ended; None where there is none."""
    row = one(connection, "SELECT max(batch) FROM undoable WHERE until <= ?", (now,))
    return row[0] if row else None


def undo(connection: apsw.Connection, kept: Originals, batch: int, *, now: int) -> None:
    """Change every row back that an erasure changed, inside the caller's transaction.

    Raises:
        UsageError: it is not held (any longer), is not the newest, or the vault changed since in what it changed.
        VaultDamaged: what was held cannot be read.
    """
    row = one(connection, "SELECT key, until FROM undoable WHERE batch = ?", (batch,))
    if row is None or row[1] <= now:
        raise UsageError(
            f"change {batch} was for good", hint="satchel forget --undo-window 7d offers to undo what is forgotten later"
        )
    # Of an undone one nothing is left.
    newest = one(connection, "SELECT max(batch) FROM erasure")
    if newest and newest[0] > batch:
        raise UsageError(f"change {newest[0]} erased since then", hint=f"satchel undo {newest[0]} first")
    _Undoing(connection, kept, batch, row[0]).run()
    connection.execute("DELETE FROM undoable WHERE batch = ?", (batch,))
    connection.execute(f"DELETE FROM undoable_row WHERE {_range(batch)}")
    connection.execute("DELETE FROM erasure WHERE batch = ?", (batch,))
    for table in _OF_CHANGE:
        connection.execute(f"DELETE FROM {table} WHERE change = ?", (batch,))


class _Places(NamedTuple):
    """New numbers of rows whose old ones were given to others meanwhile."""

    records: dict[int, int]
    blobs: dict[int, int]


class _Undoing:
    """An undo under way."""

    def __init__(self, connection: apsw.Connection, kept: Originals, batch: int, key: bytes) -> None:
        self._connection = connection
        self._kept = kept
        self._batch = batch
        self._cipher = _Cipher(key, batch)
        head = one(connection, "SELECT data FROM undoable_row WHERE id = ?", (batch << 32,))
        opened = self._cipher.open(head[0] if head else b"")
        self._tables = msgspec.msgpack.decode(opened, type=dict[str, _Table])
        self._places = _Places({}, {})
        #: Rows of records whose words leave the index as they are now, and of those whose words come back.
        self._out: set[int] = set()
        self._in: set[int] = set()

    def run(self) -> None:
        self._make_room()
        for id in self._out:
            self._index(id, remove=True)
        for held in self._held():
            if held.table != _VECTORS:
                self._change_back(held)
        for held in self._held():
            if held.table == _VECTORS:
                self._change_back(held)
        self._kept.forget()
        for id in self._in:
            self._index(id, remove=False)

    def _make_room(self) -> None:
        """Find which rows there are, and give those a new number whose own is taken by now."""
        leaving: dict[str, set[int]] = {"record": set(), "blob": set()}
        for held in self._held():
            if held.table == "record" and held.op != "+":
                self._in.add(held.values[0])
            if held.op == "-" and held.table in leaving:
                leaving[held.table].add(held.values[0])
        for (table, ids), numbers in zip(leaving.items(), self._places, strict=True):
            taken = sorted(id for id in ids if one(self._connection, f"SELECT 1 FROM {table} WHERE id = ?", (id,)))
            highest = one(self._connection, f"SELECT max(id) FROM {table}") or (0,)
            numbers |= zip(taken, itertools.count(1 + max(highest[0] or 0, *ids, 0)))
        # A number that is taken is another record's, whose words stay.
        self._out = self._in - self._places.records.keys()
        self._in = self._out | set(self._places.records.values())

    def _held(self) -> Iterator[_Held]:
        """The rows, from the last that was changed to the first."""
        last = (self._batch + 1) << 32
        while True:
            sql = f"SELECT id, data FROM undoable_row WHERE id > ? AND id < ? ORDER BY id DESC LIMIT {_PAGE}"
            page = rows(self._connection, sql, (self._batch << 32, last))
            for _, data in page:
                yield _DECODER.decode(self._cipher.open(data))
            if len(page) < _PAGE:
                return
            last = page[-1][0]

    def _change_back(self, held: _Held) -> None:
        table = self._tables[held.table]
        values = dict(zip(table.key if held.op == "+" else table.columns, held.values, strict=True))
        for columns, numbers in ((_RECORDS, self._places.records), (_BLOBS, self._places.blobs)):
            for name in columns.get(held.table, ()):
                if name in values:
                    values[name] = numbers.get(values[name], values[name])
        if held.table == _ASIDE:
            self._change_aside(held, values)
            return
        where = " AND ".join(f'"{name}" IS ?' for name in table.key)
        key = tuple(values[name] for name in table.key)
        listed = ", ".join(f'"{name}"' for name in table.columns)
        now = one(self._connection, f'SELECT {listed} FROM "{held.table}" WHERE {where}', key)
        if held.op == "+":
            if now is not None:
                self._expect(now, held)
                self._connection.execute(f'DELETE FROM "{held.table}" WHERE {where}', key)
            return
        if held.op == "-":
            if now is not None:
                raise self._changed(held.table)
            model = values.get("model") if held.table == _VECTORS else None
            if model is not None and one(self._connection, "SELECT 1 FROM vector_model WHERE id = ?", (model,)) is None:
                # Nothing asks that model any more.
                return
            marks = ", ".join("?" * len(table.columns))
            sql = f'INSERT INTO "{held.table}" ({listed}) VALUES ({marks})'
        else:
            if now is None:
                raise self._changed(held.table)
            self._expect(now, held)
        given = tuple(values[name] for name in table.columns)
        if held.op == "=":
            # What did not change is left alone, for triggers ask what is set.
            changed = [name for name, was in zip(table.columns, now or (), strict=True) if was != values[name]]
            if not changed:
                return
            sql = f'UPDATE "{held.table}" SET ' + ", ".join(f'"{name}" = ?' for name in changed) + f" WHERE {where}"
            given = (*(values[name] for name in changed), *key)
        try:
            self._connection.execute(sql, given)
        except apsw.ConstraintError:
            # Its uid came again, for one.
            raise self._changed(held.table) from None

    def _change_aside(self, held: _Held, values: dict[str, Any]) -> None:
        """The index writes its own table."""
        if held.op == "+":
            self._connection.execute("DELETE FROM aside_index WHERE rowid = ?", (values["id"],))
        else:
            body = next(value for name, value in values.items() if name != "id")
            self._connection.execute("INSERT INTO aside_index (rowid, body) VALUES (?, ?)", (values["id"], body))

    def _expect(self, now: tuple[Any, ...], held: _Held) -> None:
        if _hash(now) != held.after:
            raise self._changed(held.table)

    def _changed(self, table: str) -> UsageError:
        sql = "SELECT max(id) FROM batch WHERE id > ? AND kind = 'import' AND undone_by IS NULL"
        later = one(self._connection, sql, (self._batch,))
        hint = f"take back what came since, the newest first: satchel undo {later[0]}" if later and later[0] else "satchel log"
        return UsageError(f"change {self._batch} cannot be undone: what it changed was changed again ({table})", hint=hint)

    def _index(self, id: int, *, remove: bool) -> None:
        """Take the words of a record, as it is now, out of the text index, or put them in."""
        found = one(self._connection, "SELECT data, slot, original FROM record WHERE id = ?", (id,))
        row = index_row(id, *searchable(decode(self._kept.data(*found)))) if found else None
        if row and remove:
            sql = "INSERT INTO text_index (text_index, rowid, title, body) VALUES ('delete', ?, ?, ?)"
            self._connection.execute(sql, row)
        elif row:
            add_text(self._connection, [row])


class _Cipher:
    """Seals rows under a key of their own, each with the next number, which stands before it."""

    def __init__(self, key: bytes, batch: int) -> None:
        self._cipher = ChaCha20Poly1305(key)
        self._about = b"satchel-undoable-%d" % batch
        self._next = 0

    def seal(self, data: bytes) -> bytes:
        number, self._next = self._next.to_bytes(12), self._next + 1
        return number + self._cipher.encrypt(number, data, self._about)

    def open(self, data: bytes) -> bytes:
        try:
            return self._cipher.decrypt(data[:12], data[12:], self._about)
        except (InvalidTag, ValueError):
            raise VaultDamaged("what was sealed to be undone is damaged") from None


def _tables(connection: apsw.Connection) -> Iterator[tuple[str, _Table]]:
    """The tables whose rows are held: all but the indexes' own and those that an undo leaves."""
    sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY name"
    for (name,) in rows(connection, sql):
        if name in _KEPT or name in _OF_CHANGE or (name != _ASIDE and name.startswith(_INDEXES)):
            continue
        found = rows(connection, f'SELECT name, pk FROM pragma_table_info("{name}") ORDER BY cid')
        key = tuple(column for column, pk in sorted(found, key=lambda each: each[1]) if pk)
        yield name, _Table(tuple(column for column, _ in found), key)


def _triggers(connection: apsw.Connection, tables: dict[str, _Table], batch: int) -> Iterator[str]:
    """Make the triggers that seal rows, for this connection alone; their names."""
    for name, table in tables.items():
        old, new = (", ".join(f'{side}."{column}"' for column in table.columns) for side in ("OLD", "NEW"))
        # The change itself stays in the log.
        when = f"WHEN NEW.id <> {batch}" if name == "batch" else ""
        for op, event, condition, values in (
            ("-", "DELETE", "", old),
            ("=", "UPDATE", when, f"{old}, {new}"),
            ("+", "INSERT", when, new),
        ):
            made = f"hold_{event.lower()}_{name}"
            connection.execute(
                f'CREATE TEMP TRIGGER {made} AFTER {event} ON main."{name}" {condition}'
                f" BEGIN INSERT INTO undoable_row (data) VALUES (satchel_hold('{name}', '{op}', {values})); END"
            )
            yield made


def _range(batch: int) -> str:
    return f"id >= {batch << 32} AND id < {(batch + 1) << 32}"


def _hash(values: Any) -> bytes:
    return hashlib.blake2b(_ENCODER.encode(list(values)), digest_size=16).digest()
