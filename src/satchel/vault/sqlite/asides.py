"""Text in the kept bytes of small objects that their records do not hold (a bundle row's metadata), in an index of its own.

Nobody searches it; by it the vault finds who quotes what is erased.
"""

from __future__ import annotations

from collections.abc import Iterable

import apsw
import msgspec

from satchel.model.quotations import aside
from satchel.model.spacing import spaced
from satchel.model.text import leaves, searchable
from satchel.vault.sqlite.blocks import Originals
from satchel.vault.sqlite.connection import one, rows
from satchel.vault.sqlite.rows import decode

#: Raise it when what is gathered changes, and vaults gather anew.
VERSION = 1
_PAGE = 500


def text_aside(strings: Iterable[str], title: str, text: str) -> str:
    """What of a source value's strings is not in its record's title and text."""
    return aside(strings, f"{title}\n{text}")


def add(connection: apsw.Connection, texts: list[tuple[int, str]]) -> None:
    """Put texts into the index, each with its record's row."""
    connection.executemany(
        "INSERT INTO aside_index (rowid, body) VALUES (?, ?)",
        [(id, spaced(text.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")) for id, text in texts],
    )


def renew(connection: apsw.Connection, kept: Originals, id: int) -> None:
    """Gather the text of a record anew, where its bytes are its alone and say more than it."""
    remove(connection, id)
    text = _text_of(connection, kept, id)
    if text:
        add(connection, [(id, text)])


def remove(connection: apsw.Connection, id: int) -> None:
    """Take a record out."""
    connection.execute("DELETE FROM aside_index WHERE rowid = ?", (id,))


def text_of(connection: apsw.Connection, id: int) -> str:
    """The text aside of a record; "" where it has none."""
    row = one(connection, "SELECT body FROM aside_index WHERE rowid = ?", (id,))
    return row[0] if row else ""


def rebuild(connection: apsw.Connection, kept: Originals) -> None:
    """Gather all of it anew."""
    connection.execute("DELETE FROM aside_index")
    last = 0
    while True:
        page = rows(connection, f"SELECT id FROM record WHERE id > ? AND kind <> 'message' ORDER BY id LIMIT {_PAGE}", (last,))
        for (id,) in page:
            renew(connection, kept, id)
        if len(page) < _PAGE:
            return
        last = page[-1][0]


def _text_of(connection: apsw.Connection, kept: Originals, id: int) -> str:
    row = one(
        connection,
        "SELECT r.data, r.slot, r.original, o.counts, o.uid = r.uid FROM record r JOIN original o ON o.id = r.original"
        " WHERE r.id = ?",
        (id,),
    )
    if row is None or not row[4] or sum(msgspec.json.decode(row[3]).values()) != 1:
        return ""
    native = kept.native(row[2])
    try:
        value = msgspec.json.decode(native or b"null")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return text_aside(leaves(value), *searchable(decode(kept.data(*row[:3]))))
