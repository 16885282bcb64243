"""Small source objects, a record each, that the vault has not met: added by the hundred, in one pack, or each by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import apsw

from satchel.model.record import Original, Record
from satchel.model.text import searchable
from satchel.model.times import to_microseconds
from satchel.vault.sqlite import asides, vouchers
from satchel.vault.sqlite.blocks import Packer
from satchel.vault.sqlite.connection import one, rows
from satchel.vault.sqlite.rows import add_details, content_key, sort_time
from satchel.vault.sqlite.texts import PendingTexts

#: Measured: smaller packs compress less; of larger ones, a reader of one record opens too much.
PACKED = 128
PACKED_BYTES = 256 << 10

_INSERT_ORIGINAL = (
    "INSERT INTO original (id, uid, digest, batch, source, kind, reader, element, updated, size, counts, data, pack, start,"
    " slot, dialect) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_INSERT_RECORD = (
    "INSERT OR IGNORE INTO record (id, uid, kind, platform, created, part_of, position, content_key, original, batch,"
    " recorded, slot, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class Small(NamedTuple):
    """An object that the vault does not know, its record, the record's stored form and kind; ``source`` is the row of its
    file."""

    original: Original
    record: Record
    data: bytes
    kind: str
    source: int


def known(connection: apsw.Connection, uids: Sequence[bytes]) -> set[bytes]:
    """Which of these uids the vault has an original or a record of."""
    marks = ",".join("?" * len(uids))
    sql = f"SELECT uid FROM original WHERE uid IN ({marks}) UNION ALL SELECT uid FROM record WHERE uid IN ({marks})"
    return {uid for (uid,) in rows(connection, sql, (*uids, *uids))}


def add(
    connection: apsw.Connection,
    packer: Packer,
    smalls: Sequence[Small],
    *,
    batch: int,
    now: int,
    secret: bytes,
    texts: PendingTexts,
) -> bool:
    """Add objects, whose uids are all different, with their records; False, and nothing is added, where the vault has one of
    them."""
    row = one(connection, "SELECT seq FROM sqlite_sequence WHERE name = 'original'")
    first_original = 1 + (row[0] if row else 0)
    row = one(connection, "SELECT max(id) FROM record")
    first = 1 + ((row[0] or 0) if row else 0)
    wholes: dict[str, int] = {}
    records: list[tuple[object, ...]] = []
    said: list[tuple[int, str, str]] = []
    aside: list[tuple[int, str]] = []
    for slot, (original, record, _, kind, _) in enumerate(smalls):
        id = first + slot
        title, text = searchable(record)
        said.append((id, title, text))
        more = asides.text_aside(original.strings(), title, text) if original.strings else ""
        if more:
            aside.append((id, more))
        wholes[record.uid] = id
        part_of = record.linked("part_of") if record.links else ""
        if part_of and part_of not in wholes:
            row = one(connection, "SELECT id FROM record WHERE uid = ?", (bytes.fromhex(part_of),))
            if row:
                wholes[part_of] = row[0]
        records.append(
            (
                id,
                bytes.fromhex(record.uid),
                kind,
                record.provenance.platform,
                sort_time(record),
                wholes.get(part_of),
                getattr(record.body, "position", None),
                content_key(record, title, text, secret),
                first_original + slot,
                batch,
                now,
                *((slot, None) if packer.shares else (None, smalls[slot].data)),
            )
        )
    before = connection.total_changes()
    connection.executemany(_INSERT_RECORD, records)
    if connection.total_changes() - before < len(records):
        connection.execute("DELETE FROM record WHERE id >= ?", (first,))
        return False
    _keep(connection, packer, smalls, first_original, batch)
    for id, title, text in said:
        texts.add(id, title, text)
    if aside:
        asides.add(connection, aside)
    add_details(connection, [(first + slot, small.record) for slot, small in enumerate(smalls)])
    return True


def _keep(connection: apsw.Connection, packer: Packer, smalls: Sequence[Small], first: int, batch: int) -> None:
    """Put the objects' bytes into frames, and their records' stored forms with them where they share one; ``first`` is the row
    of the first of them."""
    natives = [small.original.native for small in smalls]
    frames: Iterable[_Kept] = (
        _shared(connection, packer, natives, [small.data for small in smalls])
        if packer.shares
        else (_Kept(packer.alone(native)) for native in natives)
    )
    originals: list[tuple[object, ...]] = []
    for id, ((original, _, _, kind, source), kept) in enumerate(zip(smalls, frames, strict=True), first):
        native = original.native
        originals.append(
            (
                id,
                bytes.fromhex(original.uid),
                hashlib.sha256(native).digest(),
                batch,
                source,
                original.kind,
                original.reader,
                original.place.element,
                None if original.updated is None else to_microseconds(original.updated),
                len(native),
                f'{{"{kind}":1}}',
                *kept,
                original.dialect,
            )
        )
    connection.executemany(_INSERT_ORIGINAL, originals)
    sightings = [(batch, first + slot) for slot in range(len(smalls))]
    vouchers.note(connection, [(first + slot, of.vouched) for slot, (of, *_) in enumerate(smalls) if of.vouched])
    connection.executemany("INSERT INTO sighting (batch, original, outcome) VALUES (?, ?, 'new')", sightings)


class _Kept(NamedTuple):
    """An object's columns: its own frame, or its place in a pack."""

    data: bytes | None = None
    pack: int | None = None
    start: int | None = None
    slot: int | None = None


def _shared(connection: apsw.Connection, packer: Packer, natives: list[bytes], records: list[bytes]) -> Iterator[_Kept]:
    frame = packer.pack(b"".join(natives), records)
    connection.execute("INSERT INTO pack (size, data) VALUES (?, ?)", (sum(map(len, natives)), frame))
    pack = connection.last_insert_rowid()
    start = 0
    for slot, native in enumerate(natives):
        yield _Kept(None, pack, start, slot)
        start += len(native)
