"""Small source objects, a record each, that the vault has not met: added by the hundred, in one pack."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import apsw
import msgspec

from satchel.model.record import Original, Record
from satchel.model.text import searchable
from satchel.model.times import to_microseconds
from satchel.vault.sqlite.blocks import Packer
from satchel.vault.sqlite.connection import one, rows
from satchel.vault.sqlite.rows import add_details, content_key, sort_time
from satchel.vault.sqlite.texts import PendingTexts

#: Measured: smaller packs compress less; of larger ones, a reader of one record opens too much.
PACKED = 128
PACKED_BYTES = 256 << 10

_INSERT_ORIGINAL = (
    "INSERT INTO original (id, uid, digest, batch, source, kind, reader, element, updated, size, counts, pack, start, slot)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_INSERT_RECORD = (
    "INSERT INTO record (id, uid, kind, platform, created, part_of, position, content_key, original, batch, recorded, slot)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class Small(NamedTuple):
    """An object that the vault does not know, its record and the record's stored form; ``source`` is the row of its file."""

    original: Original
    record: Record
    data: bytes
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
) -> None:
    """Add objects, whose uids are all different and not known, with their records."""
    row = one(connection, "SELECT seq FROM sqlite_sequence WHERE name = 'original'")
    first_original = 1 + (row[0] if row else 0)
    row = one(connection, "SELECT max(id) FROM record")
    first = 1 + ((row[0] or 0) if row else 0)
    natives = [small.original.native for small in smalls]
    whole = b"".join((*natives, b"[", b",".join([small.data for small in smalls]), b"]"))
    connection.execute("INSERT INTO pack (size, data) VALUES (?, ?)", (sum(map(len, natives)), packer.compress(whole)))
    pack = connection.last_insert_rowid()
    wholes: dict[str, int] = {}
    originals: list[tuple[object, ...]] = []
    records: list[tuple[object, ...]] = []
    start = 0
    for slot, (original, record, _, source) in enumerate(smalls):
        uid, kind = bytes.fromhex(record.uid), record.kind
        id, original_id = first + slot, first_original + slot
        native = original.native
        originals.append(
            (
                original_id,
                uid,
                hashlib.sha256(native).digest(),
                batch,
                source,
                original.kind,
                original.reader,
                original.place.element,
                None if original.updated is None else to_microseconds(original.updated),
                len(native),
                counts_of(kind),
                pack,
                start,
                slot,
            )
        )
        start += len(native)
        title, text = searchable(record)
        texts.add(id, title, text)
        wholes[record.uid] = id
        part_of = record.linked("part_of")
        if part_of and part_of not in wholes:
            row = one(connection, "SELECT id FROM record WHERE uid = ?", (bytes.fromhex(part_of),))
            if row:
                wholes[part_of] = row[0]
        records.append(
            (
                id,
                uid,
                kind,
                record.provenance.platform,
                sort_time(record),
                wholes.get(part_of),
                getattr(record.body, "position", None),
                content_key(record, title, text, secret),
                original_id,
                batch,
                now,
                slot,
            )
        )
    connection.executemany(_INSERT_ORIGINAL, originals)
    connection.executemany(_INSERT_RECORD, records)
    connection.executemany(
        "INSERT INTO sighting (batch, original, outcome) VALUES (?, ?, 'new')",
        [(batch, first_original + slot) for slot in range(len(smalls))],
    )
    for slot, small in enumerate(smalls):
        if small.record.tags or small.record.links:
            add_details(connection, first + slot, small.record)


def counts_of(kind: str) -> str:
    """The counts of an original that is one record of this kind."""
    return msgspec.json.encode({kind: 1}).decode()
