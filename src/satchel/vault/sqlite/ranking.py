"""What recall asks of the text index: for each word the rows that hold it, with that word's part of their BM25 score, and where
each row stands. BM25 adds up over words, so whoever asks can weigh them, and the talk around them, as they like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import apsw

from satchel.vault.sqlite.connection import one, rows
from satchel.vault.values import Posting, Resting, Talks


def postings(connection: apsw.Connection, phrase: Sequence[str], *, prefix: bool) -> list[Posting]:
    """See Store.postings."""
    return _postings(connection, "text_index", phrase, prefix)


def postings_at(connection: apsw.Connection, phrase: Sequence[str], *, prefix: bool, held: Mapping[int, bool]) -> list[Posting]:
    """As ``postings``, of the states that held at a moment. ``temp.held`` has the earlier ones (states.index_past); ``held``
    tells, of each record that has earlier states, whether the current one held."""
    current = [each for each in postings(connection, phrase, prefix=prefix) if held.get(each.row, True)]
    return current + _postings(connection, "held", phrase, prefix)


def _postings(connection: apsw.Connection, index: str, phrase: Sequence[str], prefix: bool) -> list[Posting]:
    match = '"' + " ".join(phrase).replace('"', '""') + '"' + (" *" if prefix else "")
    found = rows(
        connection,
        f"SELECT r.id, -bm25({index}, 4.0, 1.0), r.part_of, r.position"
        f" FROM {index} JOIN record r ON r.id = {index}.rowid WHERE {index} MATCH ?",
        (match,),
    )
    return [Posting(*row) for row in found]


def frequency(connection: apsw.Connection, word: str, *, prefix: bool) -> int:
    """See Store.frequency. The vocabulary tells it without a look at the rows."""
    rows(connection, "CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab('main', 'text_index', 'row')")
    where = "term >= ?1 AND term < ?1 || char(1114111)" if prefix else "term = ?1"
    row = one(connection, f"SELECT sum(doc) FROM temp.vocabulary WHERE {where}", (word,))
    return int(row[0] or 0) if row else 0


def talks(connection: apsw.Connection) -> Talks:
    """See Store.talks."""
    row = one(connection, "SELECT count(DISTINCT part_of), count(*) FROM record WHERE part_of IS NOT NULL")
    return Talks(*(row or (0, 0)))


def talk_sizes(connection: apsw.Connection, wholes: Sequence[int]) -> dict[int, int]:
    """See Store.talk_sizes."""
    marks = ", ".join("?" * len(wholes))
    return dict(rows(connection, f"SELECT part_of, count(*) FROM record WHERE part_of IN ({marks}) GROUP BY 1", wholes))


def around(connection: apsw.Connection, whole: int, first: int, last: int) -> list[tuple[int, int]]:
    """See Store.around."""
    return rows(
        connection,
        "SELECT position, id FROM record WHERE part_of = ? AND position BETWEEN ? AND ? ORDER BY position, id",
        (whole, first, last),
    )


def resting(connection: apsw.Connection, ids: Sequence[int]) -> list[Resting]:
    """See Store.resting."""
    marks = ", ".join("?" * len(ids))
    columns = "o.id, o.part_of, o.position FROM"
    below = f"SELECT l.record, {columns} link l JOIN record o ON o.uid = l.target WHERE l.record"
    above = f"SELECT r.id, {columns} record r JOIN link l ON l.target = r.uid JOIN record o ON o.id = l.record WHERE r.id"
    both = (f"{below} IN ({marks})", f"{above} IN ({marks})")
    found = [row for sql in both for row in rows(connection, f"{sql} AND l.type IN ('derived_from', 'evidence')", ids)]
    return [Resting(*row) for row in dict.fromkeys(found)]
