"""What the records that stay say themselves, for telling residue from what was said elsewhere too.

A record excuses the strings of all of its states, and those of its own member of its kept original. The rest of an original
that it shares excuses nothing: a conversation's bytes held what was erased from it. Nor do labels, reports and the index.

No content are the words of the vault (its schema, the names of kinds and platforms) and of formats (the names of members), and
ids: those that the log and the tombstones name, and those that records which stay came with. The name of a file that is still
there excuses single words alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apsw
import msgspec

from satchel.model.bodies import KINDS
from satchel.vault.sqlite import audit
from satchel.vault.sqlite.blocks import Originals
from satchel.vault.sqlite.connection import rows
from satchel.vault.sqlite.fragments import Values, strings, texts_of
from satchel.vault.sqlite.rows import decode

_PAGE = 500
_WITHOUT_RECORDS = (
    "SELECT o.id FROM original o WHERE o.counts = '{}' AND NOT EXISTS (SELECT 1 FROM grave g WHERE g.target = o.uid)"
    " AND NOT EXISTS (SELECT 1 FROM record r WHERE r.uid = o.uid)"
)
_OWN_WORDS = (
    "SELECT sql FROM sqlite_schema",
    "SELECT DISTINCT platform FROM record",
    "SELECT platform FROM came_from",
    "SELECT DISTINCT kind FROM original",
    "SELECT DISTINCT reader FROM original",
    "SELECT DISTINCT kind FROM batch",
    "SELECT DISTINCT operation FROM audit",
    "SELECT kind FROM grave_kind",
)
_BLOB = "SELECT 1 FROM original o JOIN record r ON r.uid = o.uid WHERE o.digest = ? AND o.data IS NULL AND o.pack IS NULL"
#: Members of an entry of the log, or of a tombstone, that name what was erased, and of which kind it was.
_NAMES = frozenset(
    {"uid", "id", "targetID", "targetKind", "chunkIDs", "edgeIDs", "entityIDs", "factIDs", "sentenceIDs", "embeddingCacheKeys"}
)


def said(connection: apsw.Connection, kept: Originals) -> Iterator[str]:
    """Every string that excuses itself, some of them more than once."""
    yield from _own_words(connection)
    values = Values(kept)
    last = whole = 0
    while True:
        page = rows(connection, f"SELECT id, data, slot, original FROM record WHERE id > ? ORDER BY id LIMIT {_PAGE}", (last,))
        for _, data, slot, original in page:
            record = decode(kept.data(data, slot, original))
            yield from texts_of(record)
            yield from (record.origin.id, record.provenance.account, record.provenance.conversation, record.provenance.message)
            if original != whole:
                whole = original
                yield from _member_names(values.member(original, ""))
            if record.kind != "conversation":
                yield from strings(values.member(original, record.native.pointer))
        if len(page) < _PAGE:
            break
        last = page[-1][0]
    # Objects of which no record was made, an empty memory: nobody erased them.
    for (original,) in rows(connection, _WITHOUT_RECORDS):
        yield from strings(values.member(original, ""))
    for (data,) in connection.execute("SELECT data FROM version"):
        yield from texts_of(decode(data))
    for entry in audit.entries(connection):
        yield from (str(value) for name, value in entry.detail.items() if name in _NAMES)
    for (line,) in connection.execute("SELECT data FROM tombstone"):
        yield from _named(line)


def _own_words(connection: apsw.Connection) -> Iterator[str]:
    """The words in which the vault itself speaks: its schema, kinds, platforms and readers."""
    yield from KINDS
    for sql in _OWN_WORDS:
        yield from (text for (text,) in rows(connection, sql) if text)


def _member_names(value: Any) -> set[str]:
    """The names of members in a JSON value: they are its format's words."""
    found: set[str] = set()
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            found.update(item)
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
    return found


def names(connection: apsw.Connection) -> Iterator[str]:
    """The names of files of which something is still there, as they stand in reports as well."""
    sql = "SELECT name FROM source s WHERE EXISTS (SELECT 1 FROM original o WHERE o.batch = s.batch AND o.source = s.id)"
    yield from (name for (name,) in rows(connection, sql))
    yield from (label for (label,) in rows(connection, "SELECT label FROM batch"))


def stays(connection: apsw.Connection, digest: bytes) -> bool:
    """Whether a file that is kept in the vault belongs to a record that stays."""
    return bool(rows(connection, f"{_BLOB} LIMIT 1", (digest,)))


def _named(line: bytes) -> Iterator[str]:
    try:
        tombstone = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    if isinstance(tombstone, dict):
        yield from _member_names(tombstone)
        derived = tombstone.get("derived")
        for part in (tombstone, derived if isinstance(derived, dict) else {}):
            for name, value in part.items():
                if name in _NAMES:
                    yield from strings(value)
