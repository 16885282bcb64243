"""Words that left a text index, out of its separators too.

FTS5 with secure-delete takes a word out of the leaf page that held it. The table that says which page a word is on keeps, for
each page, the beginning of the word that was first on it when it was written, as short as tells it from the word before: all of
it, where the word before is its beginning. Where such a separator is of a word that left, it is put again as the beginning of a
word that is there.

A separator must lie behind the last word of the page before and not behind the first of its own. The old one did, and the new
one lies between it and the first word: its order does not change.
"""

from __future__ import annotations

from collections.abc import Iterable

import apsw

from satchel.vault.sqlite.connection import one, rows

_TOKENIZER = ("unicode61", ["remove_diacritics", "2", "categories", "L* N* Co So"])
#: What stands before a word of the index itself; prefix indexes, of which there are none, have other digits.
_MAIN = b"0"


def words_of(connection: apsw.Connection, texts: Iterable[bytes]) -> set[bytes]:
    """The words of texts, which are as an index is given them, as the index has them."""
    tokenizer = connection.fts5_tokenizer(*_TOKENIZER)
    words: set[bytes] = set()
    for text in texts:
        found = tokenizer(text, apsw.FTS5_TOKENIZE_DOCUMENT, None, include_offsets=False, include_colocated=False)
        words.update(_MAIN + str(word).encode() for word in found)
    return words


def sweep(connection: apsw.Connection, index: str, words: set[bytes]) -> int:
    """Put again the separators that are beginnings of these words, which left the index, and of no word that is in it.

    Returns:
        How many. All inside the caller's transaction.
    """
    if not words:
        return 0
    # What is pending goes to its pages: only there does it show what is left of them.
    connection.execute(f"INSERT INTO {index} ({index}) VALUES ('flush')")
    count = 0
    segments = [segment for (segment,) in rows(connection, f"SELECT DISTINCT segid FROM {index}_idx")]
    before = f"SELECT term, pgno FROM {index}_idx WHERE segid = ? AND term <= ? ORDER BY term DESC LIMIT 1"
    for segment in segments:
        for word in words:
            row = one(connection, before, (segment, word))
            if row is None or not row[0] or not word.startswith(bytes(row[0])):
                continue
            separator, page = bytes(row[0]), row[1]
            first = _first_word(connection, index, segment, page >> 1)
            if first is None:
                # The page is gone, or begins no word any more: who looks for one finds it by the page before.
                connection.execute(f"DELETE FROM {index}_idx WHERE segid = ? AND term = ?", (segment, separator))
                count += 1
                continue
            if first.startswith(separator):
                continue
            shared = next(at for at, (a, b) in enumerate(zip(separator, first, strict=False)) if a != b)
            connection.execute(
                f"UPDATE {index}_idx SET term = ? WHERE segid = ? AND term = ?", (first[: shared + 1], segment, separator)
            )
            count += 1
    return count


def _first_word(connection: apsw.Connection, index: str, segment: int, page: int) -> bytes | None:
    """The first word on a leaf page, which is written in full there; None where the page begins no word.

    A leaf is: two bytes, where its first row id is; two bytes, how long it is without its footer; the words; the footer, whose
    first number says where the first word is (FTS5's file format, "Segment leaf").
    """
    row = one(connection, f"SELECT block FROM {index}_data WHERE id = ?", ((segment << 37) + page,))
    if row is None or len(row[0]) < 4:
        return None
    block = bytes(row[0])
    size = int.from_bytes(block[2:4], "big")
    if size >= len(block):
        return None
    at, _ = _number(block, size)
    length, at = _number(block, at)
    return block[at : at + length]


def _number(block: bytes, at: int) -> tuple[int, int]:
    """A number of SQLite's variable length (seven bits a byte), and where it ends."""
    value = 0
    for count in range(8):
        byte = block[at + count]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + count + 1
    return value << 8 | block[at + 8], at + 9
