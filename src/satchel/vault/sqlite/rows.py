"""A record as rows: its data, its place in the text index, its tags and links. Written and removed together here alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import apsw
import msgspec

from satchel.model.record import Native, Record
from satchel.model.spacing import spaced
from satchel.model.text import searchable, statement
from satchel.model.times import from_microseconds, to_microseconds
from satchel.vault.sqlite.connection import one

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Record)
KEY_BYTES = 16


def encode(record: Record) -> bytes:
    """The record as it is stored: without what the vault itself knows (when recorded, where the native bytes are)."""
    return _ENCODER.encode(record)


def decode(data: bytes, recorded: int | None = None, digest: bytes | None = None) -> Record:
    """The inverse of ``encode``, with what the vault knows filled in."""
    record = _DECODER.decode(data)
    if recorded is None:
        return record
    times = msgspec.structs.replace(record.times, recorded=from_microseconds(recorded))
    native = record.native if digest is None else Native(digest=digest.hex(), pointer=record.native.pointer)
    return msgspec.structs.replace(record, times=times, native=native)


class _Origin(msgspec.Struct, frozen=True):
    space: str = ""


class _Provenance(msgspec.Struct, frozen=True):
    platform: str = ""
    account: str = ""


class _Whose(msgspec.Struct, frozen=True):
    origin: _Origin = _Origin()
    provenance: _Provenance = _Provenance()


_WHOSE = msgspec.json.Decoder(_Whose)


def whose(data: bytes) -> tuple[str, str, str]:
    """The space, platform and account that a record in its stored form names."""
    record = _WHOSE.decode(data)
    return record.origin.space, record.provenance.platform, record.provenance.account


def content_key(record: Record, title: str, text: str, secret: bytes) -> bytes | None:
    """What witnesses of the same statement share."""
    return keyed(statement(record, title, text), secret)


def keyed(said: bytes, secret: bytes) -> bytes | None:
    """A keyed hash of a statement, so that it tells nothing without the vault's key; None of nothing."""
    return hashlib.blake2b(said, key=secret, digest_size=KEY_BYTES).digest() if said else None


def sort_time(record: Record) -> int | None:
    """The time that search filters by, in microseconds."""
    moment: datetime | None = record.times.created or record.times.observed or record.times.updated
    return None if moment is None else to_microseconds(moment)


def index_row(id: int, title: str, text: str) -> tuple[int, bytes, bytes] | None:
    """The row in the text index of a record with this title and text (model.text.searchable); None without text."""
    if not title and not text:
        return None
    return id, spaced(title.encode("utf-8", "surrogatepass")), spaced(text.encode("utf-8", "surrogatepass"))


def indexed(record: Record) -> list[bytes]:
    """The texts of a record as the text index is given them."""
    row = index_row(0, *searchable(record))
    return [text for text in row[1:] if isinstance(text, bytes)] if row else []


def add_details(connection: apsw.Connection, records: Iterable[tuple[int, Record]]) -> None:
    """Write the tags and links of records, each with its row's id."""
    tags: list[tuple[str, int]] = []
    links: list[tuple[int, str, bytes]] = []
    for id, record in records:
        tags += [(tag, id) for tag in record.tags]
        if record.links:
            is_message = record.kind == "message"
            links += [
                (id, link.type, bytes.fromhex(link.to)) for link in record.links if not (is_message and link.type == "part_of")
            ]
    if tags:
        connection.executemany("INSERT OR IGNORE INTO tag (tag, record) VALUES (?, ?)", tags)
    if links:
        connection.executemany("INSERT OR IGNORE INTO link (record, type, target) VALUES (?, ?, ?)", links)


def add_text(connection: apsw.Connection, texts: list[tuple[int, bytes, bytes]]) -> None:
    """Put rows into the text index; ids must not be in it."""
    connection.executemany("INSERT INTO text_index (rowid, title, body) VALUES (?, ?, ?)", texts)


def remove_details(connection: apsw.Connection, id: int, record: Record, *, links: bool = True) -> bool:
    """Take the record out of the text index, tags and links; ``record`` is the version that is indexed. Whether it had an entry
    in the index."""
    row = index_row(id, *searchable(record))
    if row:
        connection.execute("INSERT INTO text_index (text_index, rowid, title, body) VALUES ('delete', ?, ?, ?)", row)
    connection.execute("DELETE FROM tag WHERE record = ?", (id,))
    if links:
        connection.execute("DELETE FROM link WHERE record = ?", (id,))
    return row is not None


def replace_current(
    connection: apsw.Connection,
    id: int,
    before: Record,
    after: Record,
    *,
    data: bytes,
    original: int,
    batch: int,
    version: int,
    secret: bytes,
) -> None:
    """Make ``after`` the current version of row ``id``, index and all."""
    remove_details(connection, id, before)
    title, text = searchable(after)
    connection.execute(
        "UPDATE record SET created = ?, position = ?, content_key = ?, original = ?, batch = ?, version = ?, slot = NULL,"
        " data = ?"
        " WHERE id = ?",
        (
            sort_time(after),
            getattr(after.body, "position", None),
            content_key(after, title, text, secret),
            original,
            batch,
            version,
            data,
            id,
        ),
    )
    add_details(connection, [(id, after)])
    row = index_row(id, title, text)
    if row:
        add_text(connection, [row])


def meta(connection: apsw.Connection, name: str) -> Any:
    """A value of the meta table, or None."""
    row = one(connection, "SELECT value FROM meta WHERE name = ?", (name,))
    return row[0] if row else None
